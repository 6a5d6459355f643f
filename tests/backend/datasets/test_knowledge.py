"""Retrieval: the nearest passages of the asked datasets, and never one of another workspace."""

import asyncio
import random
import uuid
from collections.abc import Callable, Sequence

import pytest

from agents.types import Source
from backend.accounts.models import Role, Workspace
from backend.datasets.adapters import CHUNK_TABLE, chunk_store
from backend.datasets.knowledge import DatasetKnowledge, QueryVectors
from backend.datasets.models import Chunk, Dataset, Document
from backend.datasets.ports import EMBEDDERS
from backend.files.models import StoredFile
from inference.errors import UpstreamUnreachableError
from rag.stores.memory import MemoryStore
from rag.types import ChunkText, Query
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes
from tests.backend.datasets.embedding import WordEmbedder

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = "When are invoices paid?"


def search(person: Person, datasets: Sequence[str], question: str = QUESTION, top_k: int = 4) -> tuple[Source, ...]:
    """Search as a run of this person's workspace does."""
    knowledge = DatasetKnowledge(str(person.workspace.id), QueryVectors())
    return asyncio.run(knowledge.search(question, datasets, top_k=top_k, mode="semantic", score_threshold=None))


def test_a_question_finds_the_page_that_answers_it(library: Library) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    response = library.person.request("POST", f"{library.path}/retrieve", {"query": QUESTION, "top_k": 2})

    assert response.status_code == 200
    first, second = response.json()["results"]
    assert (first["document_name"], first["page"], first["text"]) == ("Terms.pdf", 2, PAGES[1])
    assert first["document_id"] == document["id"]
    assert 0.0 <= second["score"] < first["score"] <= 1.0
    trace = response.json()["trace"]
    assert [stage["name"] for stage in trace] == ["embed", "search"]
    assert trace[1]["hits"] == 2
    assert trace[1]["detail"]["chunk_ids"] == [first["chunk_id"], second["chunk_id"]]


def test_a_threshold_leaves_out_what_is_far(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    ask = {"query": QUESTION, "score_threshold": 0.35}
    response = library.person.request("POST", f"{library.path}/retrieve", ask)
    assert [hit["page"] for hit in response.json()["results"]] == [2]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "a", "mode": "full_text"}, 422, "not_yet"),
        ({"query": "a", "mode": "hybrid"}, 422, "not_yet"),
        ({"query": "a", "filter": {"author": "x"}}, 422, "not_yet"),
        ({"query": "a", "mode": "psychic"}, 400, "invalid"),
        ({"query": ""}, 400, "invalid"),
        ({"query": "a", "top_k": 0}, 400, "invalid"),
        ({"query": "a", "top_k": 10**9}, 400, "invalid"),
        ({"query": "a" * 2**20}, 422, "invalid_query"),
        ({}, 400, "invalid"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    library: Library, body: dict[str, object], status: int, code: str
) -> None:
    response = library.person.request("POST", f"{library.path}/retrieve", body)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_model_server_that_is_down_is_said_to_be(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))

    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise UpstreamUnreachableError("the model server does not answer; start it")

    EMBEDDERS.fill(lambda workspace_id, model: Down(model))
    response = library.person.request("POST", f"{library.path}/retrieve", {"query": QUESTION})
    assert (response.status_code, response.json()["code"]) == (502, "upstream_unreachable")


def test_a_viewer_may_ask_and_a_stranger_not(
    library: Library, member: Callable[[Role], Person], stranger: Person
) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    body = {"query": QUESTION}
    assert member(Role.VIEWER).request("POST", f"{library.path}/retrieve", body).status_code == 200
    assert stranger.request("POST", f"{library.path}/retrieve", body).status_code == 404


def test_several_datasets_of_different_models_are_searched_together(
    library: Library, owner: Person, make_library: Callable[..., Library]
) -> None:
    other = make_library(owner, "Small vectors", embedding_model="words-64")
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    other.add("billing.txt", b"When invoices are paid late, interest is due.")

    sources = search(owner, [library.id, other.id], top_k=4)
    assert [source.position for source in sources] == [1, 2, 3, 4]
    assert {source.document_name for source in sources} == {"Terms.pdf", "billing.txt"}
    assert {source.dataset_name for source in sources} == {"Handbook", "Small vectors"}
    assert [source.score for source in sources] == sorted((source.score for source in sources), reverse=True)


def test_foreign_deleted_and_malformed_datasets_yield_nothing(
    library: Library, stranger: Person, make_library: Callable[..., Library]
) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    foreign = make_library(stranger, "Secrets")
    foreign.add("secret.txt", b"When are invoices paid? Never.")
    nobodys = [foreign.id, str(uuid.uuid4()), "no-id", ""]

    assert search(library.person, nobodys) == ()
    assert {s.dataset_id for s in search(library.person, [*nobodys, library.id])} == {library.id}


def test_sources_are_packed_under_their_numbers_and_citations_are_found(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    sources = search(library.person, [library.id], top_k=2)
    knowledge = DatasetKnowledge(str(library.person.workspace.id))

    assert knowledge.pack(sources).splitlines()[0] == f"[1] {PAGES[1]}"
    assert knowledge.cited("Within thirty days [1]. See also [7].", sources) == {1}
    assert knowledge.cited("No idea.", ()) == frozenset()


def test_a_query_is_embedded_once_and_not_for_another_workspace(library: Library, stranger: Person) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    asked: list[str] = []

    class Counting(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            asked.extend(texts)
            return await super().embed(texts)

    EMBEDDERS.fill(lambda workspace_id, model: Counting(model))
    vectors = QueryVectors()
    knowledge = DatasetKnowledge(str(library.person.workspace.id), vectors)
    first, again = (
        asyncio.run(knowledge.search(QUESTION, [library.id], top_k=3, mode="semantic", score_threshold=None))
        for _ in range(2)
    )
    assert first == again
    assert asked == [QUESTION]
    assert vectors.get((str(stranger.workspace.id), "all-minilm-l6-v2", QUESTION)) is None


def test_remembered_vectors_are_few_and_grow_old() -> None:
    vectors = QueryVectors(size=2)
    for number in range(3):
        vectors.put(("w", "m", str(number)), [float(number)])
    assert vectors.get(("w", "m", "0")) is None
    assert vectors.get(("w", "m", "2")) == [2.0]
    old = QueryVectors(ttl_s=-1.0)
    old.put(("w", "m", "0"), [0.0])
    assert old.get(("w", "m", "0")) is None


def test_r16_with_many_tenants_each_gets_all_of_its_own_and_nothing_else() -> None:
    tenants, passages = 100, 15
    chance = random.Random(7)
    embedder, store, reference = WordEmbedder(), chunk_store(), MemoryStore()
    words = [f"word{n}" for n in range(60)]
    datasets: list[Dataset] = []
    for tenant in range(tenants):
        workspace = Workspace.objects.create(name=f"tenant {tenant}")
        dataset = Dataset.objects.create(workspace=workspace, name="d", embedding_model=embedder.model)
        document = document_of(dataset)
        texts = [" ".join(chance.choices(words, k=8)) for _ in range(passages)]
        chunks = [ChunkText(text, None, position, 8) for position, text in enumerate(texts)]
        for target in (store, reference):
            target.replace(
                scope=str(workspace.id),
                dataset_id=str(dataset.id),
                document_id=str(document.id),
                chunks=chunks,
                vectors=[embedder.vector(text) for text in texts],
            )
        datasets.append(dataset)

    for dataset in chance.sample(datasets, 10):
        question = " ".join(chance.choices(words, k=4))
        every_id = tuple(str(each.id) for each in datasets)
        query = Query(question, str(dataset.workspace_id), every_id, top_k=10)
        expected = reference.nearest(query=query, vector=embedder.vector(question))
        knowledge = DatasetKnowledge(str(dataset.workspace_id), QueryVectors())
        found = asyncio.run(knowledge.find(question, every_id, top_k=10, mode="semantic", score_threshold=None))

        assert len(found.hits) == 10
        owners = Chunk.unscoped.filter(id__in=[hit.chunk_id for hit in found.hits])
        assert set(owners.values_list("workspace_id", flat=True)) == {dataset.workspace_id}
        assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in expected], abs=1e-5)


def document_of(dataset: Dataset) -> Document:
    """Create a ready document."""
    values = {"name": "d.txt", "size_bytes": 1, "mime_type": "text/plain", "sha256": "0" * 64}
    file = StoredFile.objects.create(workspace=dataset.workspace, key=uuid.uuid4().hex, kind="document", **values)
    return Document.objects.create(
        workspace=dataset.workspace, dataset=dataset, file=file, format="text", status="ready", **values
    )


def test_the_store_and_the_model_agree_on_table_and_columns() -> None:
    assert CHUNK_TABLE.table == Chunk._meta.db_table
    names = {name: getattr(CHUNK_TABLE, name) for name in CHUNK_TABLE.__slots__ if name != "table"}
    assert set(names.values()) == {field.column for field in Chunk._meta.concrete_fields}
