"""Steering jobs: paused, resumed, cancelled, retried, indexed anew, one by one and many at once."""

import asyncio
import uuid
from collections.abc import Sequence

import pytest
from django.core.management import call_command

from backend.accounts.models import AuditEntry
from backend.common.redis import redis_sync
from backend.datasets.indexing import document_index
from backend.datasets.lease import documents_reclaim
from backend.datasets.models import Chunk, Document, Passage
from backend.datasets.ports import EMBEDDERS
from backend.datasets.services import document_pause
from inference.errors import UpstreamUnreachableError
from tests.backend.datasets.conftest import Library
from tests.backend.datasets.embedding import WordEmbedder, word_embedder
from tests.backend.datasets.interrupts import LONG_TEXT, EmbedInterrupt, fill

pytestmark = pytest.mark.django_db(transaction=True)


def journey(library: Library) -> str:
    """Upload a document of several batches and return its id."""
    return str(library.upload("journey.txt", LONG_TEXT.encode()).json()["id"])


def pause_at(library: Library, document_id: str, at_batch: int) -> EmbedInterrupt:
    """Let somebody pause the document before its n-th batch is embedded."""

    def pause() -> None:
        document_pause(
            workspace_id=library.person.workspace.id,
            dataset_id=uuid.UUID(library.id),
            document_id=uuid.UUID(document_id),
        )

    embedder = EmbedInterrupt(at_batch, pause)
    fill(embedder)
    return embedder


def test_a_paused_document_keeps_what_is_staged_and_goes_on_there(library: Library) -> None:
    document_id = journey(library)
    first = pause_at(library, document_id, at_batch=3)
    document_index(uuid.UUID(document_id))

    paused = library.document(document_id)
    assert (paused["status"], paused["is_paused"], paused["chunk_count"]) == ("queued", True, 0)
    staged = Chunk.unscoped.count()
    assert staged > 0
    assert not Passage.objects.filter(is_live=True).exists()
    assert library.found("journey day 7") == []

    rest = EmbedInterrupt(0, lambda: None)
    fill(rest)
    assert library.act("resume", document_id).status_code in (200, 202)
    document_index(uuid.UUID(document_id))
    document = library.document(document_id)
    assert (document["status"], document["is_paused"], document["attempts"]) == ("ready", False, 1)
    assert document["chunk_count"] == Chunk.unscoped.count() > staged
    assert len(set(first.texts) & set(rest.texts)) <= 32, "only the batch that was interrupted is embedded twice"


def test_a_paused_document_is_left_alone_by_workers_sweep_and_doctor(library: Library) -> None:
    document_id = journey(library)
    assert library.act("pause", document_id).status_code in (200, 202)
    redis_sync().flushdb()

    document_index(uuid.UUID(document_id))
    assert documents_reclaim() == []
    call_command("doctor")
    assert library.document(document_id)["status"] == "queued"

    assert library.act("pause", document_id).status_code == 409
    assert library.act("resume", document_id).status_code in (200, 202)
    assert redis_sync().llen("jobs") == 1
    assert library.act("resume", document_id).status_code == 409


def test_pausing_stops_the_worker_while_it_waits_for_the_model(library: Library) -> None:
    document_id = journey(library)

    class Endless(EmbedInterrupt):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            await super().embed(texts)
            await asyncio.Event().wait()
            raise AssertionError("nobody sets the event")

    pausing = pause_at(library, document_id, at_batch=1)
    fill(Endless(1, pausing._interrupt))
    document_index(uuid.UUID(document_id))  # returns, although the model never answers
    assert library.document(document_id)["is_paused"] is True


def test_a_cancelled_document_says_who_did_it_and_leaves_nothing(library: Library) -> None:
    document_id = journey(library)
    fill(EmbedInterrupt(3, lambda: _expect(library.act("cancel", document_id).status_code in (200, 202))))
    document_index(uuid.UUID(document_id))

    document = library.document(document_id)
    assert document["status"] == "failed"
    assert document["reason"] == f"cancelled by {library.person.user.email}"
    assert not Chunk.unscoped.exists()
    assert library.act("cancel", document_id).status_code == 409

    fill(WordEmbedder())
    assert library.act("retry", document_id).status_code == 202
    document_index(uuid.UUID(document_id))
    assert library.document(document_id)["status"] == "ready"


def _expect(holds: bool) -> None:
    assert holds


def test_a_document_that_is_indexed_anew_is_searched_as_it_was_until_it_is_done(library: Library) -> None:
    document = library.add("journey.txt", LONG_TEXT.encode())
    before = set(Chunk.unscoped.values_list("id", flat=True))
    seen: list[list[str]] = []

    assert library.act("reindex", document["id"]).status_code in (200, 202)
    assert library.act("reindex", document["id"]).status_code == 409
    library.person.request("PATCH", library.path, {"chunk_tokens": 64})

    def look() -> None:
        EMBEDDERS.fill(word_embedder)
        seen.append(library.found("journey day 7"))

    fill(EmbedInterrupt(2, look))
    document_index(uuid.UUID(document["id"]))
    assert seen == [["journey.txt"] * 20]
    after = library.document(document["id"])
    assert (after["status"], after["revision"]) == ("ready", 2)
    assert after["chunk_count"] > document["chunk_count"]
    assert not before & set(Chunk.unscoped.values_list("id", flat=True))
    assert Chunk.unscoped.count() == after["chunk_count"]


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_what_was_searchable_stays_so_when_indexing_anew_comes_to_nothing(library: Library, how: str) -> None:
    document = library.add("journey.txt", LONG_TEXT.encode())
    library.person.request("PATCH", library.path, {"chunk_tokens": 64})
    library.act("reindex", document["id"])

    def stop() -> None:
        if how == "cancel":
            library.act("cancel", document["id"])
        else:
            raise RuntimeError("a fault")

    fill(EmbedInterrupt(3, stop))
    document_index(uuid.UUID(document["id"]))
    EMBEDDERS.fill(word_embedder)
    after = library.document(document["id"])
    assert after["status"] == "failed"
    assert "stays searchable" in after["reason"]
    assert after["chunk_count"] == document["chunk_count"] == Chunk.unscoped.count()
    assert library.found("journey day 7")[0] == "journey.txt"


def test_the_same_bytes_under_another_name_cost_no_second_embedding(library: Library) -> None:
    library.add("journey.txt", LONG_TEXT.encode())
    counting = EmbedInterrupt(0, lambda: None)
    fill(counting)
    copy = library.add("copy.txt", LONG_TEXT.encode())
    assert copy["status"] == "ready"
    assert counting.texts == []


def test_an_attempt_that_made_progress_does_not_count_against_the_document(library: Library) -> None:
    document_id = journey(library)
    error = UpstreamUnreachableError("the model server does not answer; start it")
    for _ in range(5):

        def fail() -> None:
            raise error

        fill(EmbedInterrupt(3, fail))
        document_index(uuid.UUID(document_id))
        document = library.document(document_id)
        if document["status"] == "ready":
            break
        assert (document["status"], document["attempts"]) == ("queued", 1)
    assert document["status"] == "ready"


def test_many_documents_are_steered_at_once_and_those_left_alone_are_named(library: Library) -> None:
    ready = library.add("ready.txt", b"A ready document.")["id"]
    waiting = [library.upload(f"{n}.txt", f"Text {n}.".encode()).json()["id"] for n in range(2)]
    nobodys = str(uuid.uuid4())

    def act(action: str, *ids: str) -> dict[str, object]:
        body = {"action": action, "ids": list(ids)}
        response = library.person.request("POST", f"{library.path}/documents/actions", body)
        assert response.status_code == 200, response.content
        return dict(response.json())

    result = act("pause", ready, *waiting, nobodys)
    assert result["done"] == 2
    assert {skipped["id"] for skipped in result["skipped"]} == {ready, nobodys}  # type: ignore[attr-defined]
    assert act("resume", *waiting)["done"] == 2
    assert act("disable", ready)["done"] == 1
    assert library.found("ready document") == []
    assert act("enable", ready)["done"] == 1
    assert library.found("ready document") == ["ready.txt"]
    assert act("archive", ready)["done"] == 1
    assert library.found("ready document") == []
    assert act("delete", ready, *waiting)["done"] == 3
    assert not Document.unscoped.exists()
    actions = set(AuditEntry.unscoped.values_list("action", flat=True))
    assert {"document.paused", "document.resumed", "document.updated", "document.deleted"} <= actions
