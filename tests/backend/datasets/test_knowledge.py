"""Retrieval: the nearest passages of the asked datasets, and never one of another workspace."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from agents.errors import InvalidInput
from agents.ports import MetadataCondition, SearchChoice
from agents.types import Source, Turn
from backend.accounts.models import Role, Workspace
from backend.datasets.adapters import CHUNK_TABLES, chunk_store, document_ref
from backend.datasets.knowledge import DatasetKnowledge, QueryVectors
from backend.datasets.models import (
    Chunk,
    Dataset,
    Document,
    LexicalStatistics,
    Passage,
    PassageVector,
    Posting,
    Term,
    VectorIndex,
)
from backend.datasets.ports import EMBEDDERS, RERANKERS, WRITERS
from backend.files.models import StoredFile
from inference.errors import UpstreamUnreachableError
from rag.retrieve.pipeline import RetrievalSettings
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
    return asyncio.run(knowledge.search(question, SearchChoice(tuple(datasets), top_k, "semantic")))


def test_a_question_finds_the_page_that_answers_it(library: Library) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    response = library.person.request(
        "POST", f"{library.path}/retrieve", {"query": QUESTION, "top_k": 2, "mode": "semantic"}
    )

    assert response.status_code == 200
    first, second = response.json()["results"]
    assert (first["document_name"], first["page"], first["text"]) == ("Terms.pdf", 2, PAGES[1])
    assert first["document_id"] == document["id"]
    assert 0.0 <= second["score"] < first["score"] <= 1.0
    trace = response.json()["trace"]
    [semantic] = [stage for stage in trace if stage["name"] == "semantic"]
    assert semantic["detail"]["ids"][:2] == [first["chunk_id"], second["chunk_id"]]


def test_a_threshold_leaves_out_what_is_far(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    ask = {"query": QUESTION, "score_threshold": 0.35, "mode": "semantic"}
    response = library.person.request("POST", f"{library.path}/retrieve", ask)
    assert [hit["page"] for hit in response.json()["results"]] == [2]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"query": "a", "fusion": "magic"}, 400, "invalid"),
        ({"query": "a", "filter": {"author": "x"}}, 400, "invalid"),
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
    ask = {"query": QUESTION, "mode": "semantic"}
    response = library.person.request("POST", f"{library.path}/retrieve", ask)
    assert (response.status_code, response.json()["code"]) == (502, "upstream_unreachable")

    response = library.person.request("POST", f"{library.path}/retrieve", {**ask, "mode": "hybrid"})
    assert response.json()["results"][0]["page"] == 2, "the words alone find it"
    assert "does not answer" in str(response.json()["trace"])


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
        asyncio.run(knowledge.search(QUESTION, SearchChoice((library.id,), 3, "semantic"))) for _ in range(2)
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
        VectorIndex.objects.create(dataset=dataset, model=embedder.model, state="active")
        for target in (store, reference):
            vectors = [embedder.vector(text) for text in texts]
            target.replace(document_ref(document), chunks=chunks, vectors=vectors)
        datasets.append(dataset)

    for dataset in chance.sample(datasets, 10):
        question = " ".join(chance.choices(words, k=4))
        every_id = tuple(str(each.id) for each in datasets)
        query = Query(question, str(dataset.workspace_id), every_id, top_k=10)
        expected = reference.nearest(query=query, vector=embedder.vector(question))
        knowledge = DatasetKnowledge(str(dataset.workspace_id), QueryVectors())
        settings = RetrievalSettings(mode="semantic", top_k=10)
        found = asyncio.run(knowledge.retrieve(question, every_id, settings))

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


def test_the_store_and_the_models_agree_on_tables_and_columns() -> None:
    models = {
        "document": Document,
        "chunk": Chunk,
        "passage": Passage,
        "vector": PassageVector,
        "index": VectorIndex,
        "term": Term,
        "posting": Posting,
        "statistics": LexicalStatistics,
    }
    assert {noun: getattr(CHUNK_TABLES, noun) for noun in models} == {
        noun: model._meta.db_table for noun, model in models.items()
    }


def test_what_is_found_is_counted_and_what_is_measured_is_not(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    knowledge = DatasetKnowledge(str(library.person.workspace.id), QueryVectors())
    settings = RetrievalSettings(mode="semantic", top_k=1)

    def counts() -> list[int]:
        return sorted(Chunk.unscoped.values_list("hit_count", flat=True))

    asyncio.run(knowledge.retrieve(QUESTION, [library.id], settings, count_hits=False))
    for expected in (1, 2):
        asyncio.run(knowledge.retrieve(QUESTION, [library.id], settings))
        while counts() != [0, 0, expected]:
            time.sleep(0.02)


class Backwards:
    """A reranker that likes long texts."""

    model = "backwards"

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        return [len(text) / 1000 for text in texts]


def test_a_reranker_is_asked_where_the_workspace_has_one(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    ask = {"query": QUESTION, "mode": "semantic", "rerank": True}
    RERANKERS.fill(lambda workspace_id: None)
    without = library.person.request("POST", f"{library.path}/retrieve", ask).json()
    assert without["results"][0]["page"] == 2
    [stage] = [stage for stage in without["trace"] if stage["name"] == "rerank"]
    assert stage["detail"], "it says why nothing was reranked"

    RERANKERS.fill(lambda workspace_id: Backwards())
    ranked = library.person.request("POST", f"{library.path}/retrieve", ask).json()["results"]
    assert [len(hit["text"]) for hit in ranked] == sorted((len(text) for text in PAGES), reverse=True)


def test_a_run_reaches_every_way_of_searching(library: Library) -> None:
    for name in ("Terms.pdf", "Other.pdf"):
        library.add(name, pdf_bytes(*PAGES))
    RERANKERS.fill(lambda workspace_id: Backwards())
    knowledge = DatasetKnowledge(str(library.person.workspace.id), QueryVectors())

    def found(**choice: object) -> tuple[Source, ...]:
        return asyncio.run(knowledge.search(QUESTION, replace(SearchChoice((library.id,), 6), **choice)))  # type: ignore[arg-type]  # names are checked by replace

    assert {source.document_name for source in found(mode="hybrid")} == {"Terms.pdf", "Other.pdf"}
    assert found(mode="full_text")[0].page == 2
    weighted = found(semantic_weight=0.0)
    assert [source.chunk_id for source in weighted][:2] == [source.chunk_id for source in found(mode="full_text")][:2]
    longest = max(PAGES, key=len)
    assert found(mode="semantic")[0].text != longest
    assert found(mode="semantic", rerank=True)[0].text == longest

    only = MetadataCondition("document_name", "start with", "Oth")
    assert {source.document_name for source in found(conditions=(only,))} == {"Other.pdf"}
    either = (only, MetadataCondition("document_name", "is", "Terms.pdf"))
    assert found(conditions=either) == ()
    assert len({source.document_name for source in found(conditions=either, logic="or")}) == 2
    since = MetadataCondition("upload_date", "after", "2000")
    assert found(conditions=(since,)), "a number that was written as text is one"
    with pytest.raises(InvalidInput, match="no metadata field 'nope'"):
        found(conditions=(MetadataCondition("nope", "is", "x"),))
    with pytest.raises(InvalidInput, match="mode is 'psychic'"):
        found(mode="psychic")


def test_a_run_has_a_model_write_the_filter(library: Library) -> None:
    for name in ("Terms.pdf", "Other.pdf"):
        library.add(name, pdf_bytes(*PAGES))
    asked: list[str] = []

    async def write(prompt: str, max_tokens: int) -> str:
        asked.append(prompt)
        return '{"logic": "and", "conditions": [{"field": "document_name", "operator": "is", "value": "Other.pdf"}]}'

    WRITERS.fill(lambda workspace_id, model: write)
    knowledge = DatasetKnowledge(str(library.person.workspace.id), QueryVectors())
    choice = SearchChoice((library.id,), 6, "semantic", model_filter=True, model="some-model")
    assert {source.document_name for source in asyncio.run(knowledge.search(QUESTION, choice))} == {"Other.pdf"}
    assert QUESTION in asked[0]


def test_a_run_has_a_model_make_the_question_stand_alone(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    asked: list[str] = []

    async def write(prompt: str, max_tokens: int) -> str:
        asked.append(prompt)
        return QUESTION

    WRITERS.fill(lambda workspace_id, model: write)
    knowledge = DatasetKnowledge(str(library.person.workspace.id), QueryVectors())
    history = (Turn("user", "Let us talk of invoices."), Turn("assistant", "Gladly."))
    choice = SearchChoice((library.id,), 1, "semantic", rewrite=True, model="some-model", history=history)
    assert asyncio.run(knowledge.search("And when?", choice))[0].page == 2
    assert "Let us talk of invoices." in asked[0] and "And when?" in asked[0]
    asyncio.run(knowledge.search(QUESTION, replace(choice, history=())))
    assert len(asked) == 1, "there is nothing to make it stand alone from"


def test_datasets_are_told_apart_by_name_and_only_those_of_the_workspace(library: Library, stranger: Person) -> None:
    [info] = asyncio.run(DatasetKnowledge(str(library.person.workspace.id)).datasets([library.id, str(uuid.uuid4())]))
    assert (info.id, bool(info.name)) == (library.id, True)
    assert asyncio.run(DatasetKnowledge(str(stranger.workspace.id)).datasets([library.id])) == ()


def test_each_dataset_is_searched_by_its_own_settings_in_runs(
    library: Library, owner: Person, make_library: Callable[..., Library]
) -> None:
    other = make_library(owner, "Neighbours", retrieval={"neighbours": 1})
    for each in (library, other):
        each.add("Terms.pdf", pdf_bytes(*PAGES))
    plain, widened = (search(owner, [each.id], top_k=1)[0].text for each in (library, other))
    assert plain == PAGES[1]
    assert plain in widened
    assert len(widened) > len(plain)
