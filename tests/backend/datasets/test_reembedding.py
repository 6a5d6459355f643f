"""Embedding a dataset with another model: searched all the while, resumed after a death, undone when it fails."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.common.redis import redis_sync
from backend.datasets import reembedding
from backend.datasets.ann import ann_settle
from backend.datasets.indexing import document_index
from backend.datasets.lease import LEASE_S, MAX_ATTEMPTS
from backend.datasets.models import Dataset, Document, PassageVector, VectorIndex
from backend.datasets.ports import EMBEDDERS
from backend.datasets.reembedding import index_fill
from backend.datasets.tasks import sweep
from inference.errors import UpstreamUnreachableError
from rag.errors import RagError
from rag.ports import Embedder
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes
from tests.backend.datasets.embedding import MODELS, WordEmbedder, word_embedder
from tests.backend.datasets.interrupts import LONG_TEXT, EmbedInterrupt

pytestmark = pytest.mark.django_db(transaction=True)
SMALL = "words-64"


@pytest.fixture
def filled(library: Library) -> Library:
    """A dataset with two ready documents."""
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.add("journey.txt", LONG_TEXT.encode())
    return library


def reembed(library: Library, model: str = SMALL) -> Any:
    """Ask for another model and return the response."""
    return library.person.request("POST", f"{library.path}/reembed", {"model": model})


def building(library: Library) -> VectorIndex:
    return VectorIndex.objects.get(dataset_id=library.id, state="building")


def dataset(library: Library) -> dict[str, Any]:
    return dict(library.person.request("GET", library.path).json())


def interrupted(at_batch: int, interrupt: Any) -> None:
    """Let something happen before the n-th batch of the new model."""
    small = EmbedInterrupt(at_batch, interrupt, SMALL)

    def embedder(workspace_id: str, model: str) -> Embedder:
        return small if model == SMALL else word_embedder(workspace_id, model)

    EMBEDDERS.fill(embedder)


def raising(error: Exception) -> Any:
    def interrupt() -> None:
        raise error

    return interrupt


def test_a_dataset_is_searched_while_it_is_embedded_anew_and_by_the_new_model_afterwards(filled: Library) -> None:
    passages = PassageVector.objects.count()
    assert reembed(filled).status_code == 202
    seen: list[tuple[list[str], str]] = []
    interrupted(2, lambda: seen.append((filled.found("invoices"), dataset(filled)["reembedding"]["model"])))
    index_fill(building(filled).id)

    assert seen[0][0][0] == "Terms.pdf"
    assert seen[0][1] == SMALL
    after = dataset(filled)
    assert (after["embedding_model"], after["reembedding"]) == (SMALL, None)
    assert filled.found("invoices")[0] == "Terms.pdf"
    index = VectorIndex.objects.get(dataset_id=filled.id)
    assert (index.state, index.dimensions, index.model) == ("active", MODELS[SMALL], SMALL)
    assert PassageVector.objects.count() == passages
    filled.add("new.txt", b"Zebras are indexed by the new model.")
    assert filled.found("zebras indexed")[0] == "new.txt"


def test_what_is_added_changed_or_deleted_meanwhile_is_in_the_new_index(filled: Library) -> None:
    chunks = f"{filled.path}/documents/{Document.unscoped.get(name='Terms.pdf').id}/chunks"
    first = filled.person.request("GET", chunks).json()["results"][0]["id"]

    def write() -> None:
        filled.add("new.txt", b"Zebras came meanwhile.")
        assert (
            filled.person.request("PATCH", f"{chunks}/{first}", {"text": "Giraffes came as well."}).status_code == 200
        )
        journey = Document.unscoped.get(name="journey.txt").id
        assert filled.person.request("DELETE", f"{filled.path}/documents/{journey}").status_code == 200

    reembed(filled)
    interrupted(3, write)
    index_fill(building(filled).id)
    EMBEDDERS.fill(word_embedder)
    assert dataset(filled)["embedding_model"] == SMALL
    assert filled.found("zebras")[0] == "new.txt"
    assert set(filled.found("giraffes")) == {"Terms.pdf", "new.txt"}
    assert PassageVector.objects.count() == 4


def test_a_document_that_is_indexed_across_the_exchange_ends_in_the_new_index(filled: Library) -> None:
    reembed(filled)
    index_id = building(filled).id
    document_id = filled.upload("long.txt", LONG_TEXT.replace("journey", "voyage").encode()).json()["id"]
    before = EmbedInterrupt(3, lambda: index_fill(index_id))

    def embedder(workspace_id: str, model: str) -> Embedder:
        return before if model != SMALL else WordEmbedder(SMALL)

    EMBEDDERS.fill(embedder)
    document_index(uuid.UUID(document_id))
    assert dataset(filled)["embedding_model"] == SMALL
    document = filled.document(document_id)
    assert document["status"] == "ready"
    vectors = PassageVector.objects.filter(document_id=document_id)
    assert set(vectors.values_list("index_id", flat=True)) == {index_id}
    assert vectors.filter(is_live=True).count() == document["chunk_count"]


def test_a_failure_leaves_the_former_index_and_says_why(filled: Library) -> None:
    reembed(filled)
    interrupted(3, raising(RagError("the model is broken; choose another")))
    index_fill(building(filled).id)
    state = dataset(filled)
    assert state["embedding_model"] != SMALL
    assert state["reembedding"]["reason"] == "the model is broken; choose another"
    assert filled.found("invoices")[0] == "Terms.pdf"

    EMBEDDERS.fill(word_embedder)
    done = building(filled).done
    assert done > 0
    assert reembed(filled).status_code == 202, "what is embedded already is kept"
    index_fill(building(filled).id)
    assert dataset(filled)["embedding_model"] == SMALL


def test_a_model_that_is_away_is_waited_for(filled: Library) -> None:
    reembed(filled)
    error = UpstreamUnreachableError("the model server does not answer; start it")
    interrupted(1, raising(error))
    index_fill(building(filled).id)
    index = building(filled)
    assert (index.reason, index.lease_token) == (error.message, None)
    assert index.lease_expires_at is not None
    index_fill(index.id)
    assert dataset(filled)["embedding_model"] == SMALL


def test_a_killed_worker_is_followed_by_one_that_goes_on(filled: Library) -> None:
    reembed(filled)
    index_id = building(filled).id

    class Killed(BaseException):
        """Stands for SIGKILL: nothing of ours catches it."""

    interrupted(3, raising(Killed()))  # type: ignore[arg-type]
    with pytest.raises(Killed):
        index_fill(index_id)
    done = PassageVector.objects.filter(index_id=index_id).count()
    assert done > 0
    index_fill(index_id)
    assert building(filled).lease_token is not None, "the dead worker's lease still holds"

    past = timezone.now() - timedelta(seconds=2 * LEASE_S)
    VectorIndex.objects.filter(id=index_id).update(lease_expires_at=past)
    redis_sync().flushdb()
    sweep()
    assert redis_sync().llen("jobs") == 1
    rest = EmbedInterrupt(0, lambda: None, SMALL)
    EMBEDDERS.fill(lambda workspace_id, model: rest if model == SMALL else word_embedder(workspace_id, model))
    index_fill(index_id)
    assert dataset(filled)["embedding_model"] == SMALL
    assert len(rest.texts) == PassageVector.objects.count() - done


def test_one_that_kills_its_workers_is_given_up(filled: Library) -> None:
    reembed(filled)
    past = timezone.now() - timedelta(seconds=2 * LEASE_S)
    VectorIndex.objects.filter(state="building").update(lease_expires_at=past, attempts=MAX_ATTEMPTS)
    sweep()
    assert "died 3 times" in dataset(filled)["reembedding"]["reason"]


def test_it_is_done_in_slices_so_that_documents_get_their_turn(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "SLICE_S", 0.0)
    reembed(filled)
    index_id = building(filled).id
    redis_sync().flushdb()
    index_fill(index_id)
    assert redis_sync().llen("jobs") == 1, "it got into line again"
    assert building(filled).lease_token is None


def test_cancelling_leaves_the_former_index_alone(filled: Library) -> None:
    vectors = PassageVector.objects.count()
    reembed(filled)

    def cancel() -> None:
        assert filled.person.request("DELETE", f"{filled.path}/reembed").status_code in (200, 204)

    interrupted(3, cancel)
    index_fill(building(filled).id)
    ann_settle(uuid.UUID(filled.id))
    EMBEDDERS.fill(word_embedder)
    assert dataset(filled)["reembedding"] is None
    assert PassageVector.objects.count() == vectors
    assert VectorIndex.objects.count() == 1
    assert filled.person.request("DELETE", f"{filled.path}/reembed").status_code == 409


@pytest.mark.parametrize(("model", "status"), [("all-minilm-l6-v2", 409), ("unknown", 400)])
def test_a_model_that_changes_nothing_or_is_none_is_refused(filled: Library, model: str, status: int) -> None:
    assert reembed(filled, model).status_code == status
    assert not VectorIndex.objects.filter(state="building").exists()


def test_only_one_at_a_time(filled: Library) -> None:
    assert reembed(filled).status_code == 202
    assert reembed(filled).status_code == 409
    assert Dataset.unscoped.get(id=filled.id).embedding_model != SMALL
