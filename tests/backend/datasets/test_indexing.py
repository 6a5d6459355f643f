"""Indexing: it ends in ready or in failed with a reason, whatever breaks on the way, and never leaves a part."""

import asyncio
import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from fpdf import FPDF

from backend.common.redis import redis_sync
from backend.datasets.heartbeat import Heartbeat
from backend.datasets.indexing import document_index
from backend.datasets.lease import LEASE_S, MAX_ATTEMPTS, LeaseLost, lease_claim
from backend.datasets.models import Chunk, Dataset, Document
from backend.datasets.ports import EMBEDDERS
from backend.datasets.selectors import documents_stuck
from backend.datasets.services import document_delete
from backend.datasets.tasks import index, sweep
from inference.errors import UpstreamUnreachableError
from rag.errors import RagError
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes
from tests.backend.datasets.embedding import WordEmbedder
from tests.backend.datasets.interrupts import LONG_TEXT, InterruptedEmbedder, elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


def interrupt_with(at_call: int, interrupt: Callable[[], None]) -> None:
    """Let the next jobs meet the interruption."""
    EMBEDDERS.fill(lambda workspace_id, model: InterruptedEmbedder(at_call, interrupt))


def raising(error: Exception) -> Callable[[], None]:
    """Return a function that raises."""

    def interrupt() -> None:
        raise error

    return interrupt


def expire(document_id: str) -> None:
    """Let the time of a lease, or until a message is sent again, pass."""
    past = timezone.now() - timedelta(seconds=3 * LEASE_S)
    Document.unscoped.filter(id=document_id).update(lease_expires_at=past)


def messages() -> int:
    """Return how many messages wait for the workers."""
    return int(redis_sync().llen("jobs"))


def test_a_document_becomes_ready_with_its_pages_and_the_time_of_each_stage(library: Library) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    assert (document["status"], document["progress"], document["reason"]) == ("ready", 1.0, "")
    assert (document["page_count"], document["chunk_count"], document["attempts"]) == (3, 3, 1)
    assert set(document["stage_times"]) == {"extracting", "splitting", "embedding", "indexing"}
    assert document["finished_at"] is not None
    row = library.row(document["id"])
    assert (row.lease_token, row.lease_expires_at) == (None, None)


def test_a_second_delivery_of_the_message_changes_nothing(library: Library) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    ids = set(Chunk.unscoped.values_list("id", flat=True))
    index(document["id"])
    assert set(Chunk.unscoped.values_list("id", flat=True)) == ids
    assert library.document(document["id"])["attempts"] == 1


def test_a_document_in_other_hands_is_left_alone(library: Library) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]
    held = lease_claim(uuid.UUID(document_id))
    assert held is not None

    index(document_id)
    assert library.document(document_id)["status"] == "extracting"
    assert not Chunk.unscoped.exists()

    expire(document_id)
    index(document_id)
    assert library.document(document_id)["status"] == "ready"
    with pytest.raises(LeaseLost):
        held.write(progress=0.5)


def test_progress_is_seen_while_a_document_is_indexed(library: Library) -> None:
    document_id = library.upload("journey.txt", LONG_TEXT.encode()).json()["id"]
    seen: list[dict[str, Any]] = []

    def look() -> None:
        row = library.row(document_id)
        while row.status != "embedding" or row.progress == 0.25:
            time.sleep(0.05)
            row = library.row(document_id)
        seen.append(library.document(document_id))

    # The model is asked to count first, then to embed batches: a look from inside the second batch.
    EMBEDDERS.fill(lambda workspace_id, model: LookingEmbedder(look))
    index(document_id)

    [document] = seen
    assert document["status"] == "embedding"
    assert 0.25 < document["progress"] < 0.95
    assert set(document["stage_times"]) == {"extracting", "splitting"}
    assert library.document(document_id)["status"] == "ready"


class LookingEmbedder(WordEmbedder):
    """Calls `look` on another thread while the second batch is embedded."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look
        self._batches = 0

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self._batches += 1
        if self._batches == 2:
            await asyncio.to_thread(self._look)
        return await super().embed(texts)


def test_a_library_error_is_the_reason_of_the_failure(library: Library) -> None:
    interrupt_with(1, raising(RagError("the model 'x' is not there; choose another")))
    document = library.add("notes.txt", b"Some notes.")
    assert (document["status"], document["reason"]) == ("failed", "the model 'x' is not there; choose another")
    assert document["finished_at"] is not None


def test_an_error_that_may_pass_is_tried_again_before_it_is_final(library: Library) -> None:
    error = UpstreamUnreachableError("the model server does not answer; start it")
    interrupt_with(1, raising(error))
    document = library.add("notes.txt", b"Some notes.")
    assert (document["status"], document["reason"]) == ("queued", "the model server does not answer; start it")

    for _ in range(MAX_ATTEMPTS - 1):
        redis_sync().flushdb()
        expire(document["id"])
        sweep()
        assert messages() == 1
        index(document["id"])
    document = library.document(document["id"])
    assert (document["status"], document["attempts"]) == ("failed", MAX_ATTEMPTS)


def test_an_unexpected_error_shows_no_details_but_says_what_to_do(library: Library) -> None:
    interrupt_with(1, raising(ZeroDivisionError("secret detail")))
    document = library.add("notes.txt", b"Some notes.")
    assert document["status"] == "failed"
    assert "retry" in document["reason"]
    assert "secret" not in document["reason"]


def test_a_scanned_pdf_fails_with_the_true_reason(library: Library) -> None:
    document = library.add("scan.pdf", scanned_pdf())
    assert document["status"] == "failed"
    # The picture is blank: with OCR there is nothing to read, without it nobody can know.
    assert ("no text was found" if shutil.which("tesseract") else "install tesseract") in document["reason"]


def test_a_page_that_was_left_out_is_named_on_the_ready_document(library: Library) -> None:
    document = library.add("mixed.pdf", scanned_pdf("The first page has text."))
    assert (document["status"], document["page_count"], document["chunk_count"]) == ("ready", 2, 1)
    assert "page 2" in document["reason"]


def scanned_pdf(*pages: str) -> bytes:
    """Return a PDF with these pages, and a last one that is a picture."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(0, text=text)
    pdf.add_page()
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB3UNq9AAAAABJRU5ErkJggg=="
    pdf.image(f"data:image/png;base64,{pixel}", w=50)
    return bytes(pdf.output())


@pytest.mark.parametrize("at_call", [1, 2, 3])
def test_a_document_deleted_while_it_is_indexed_leaves_nothing(library: Library, at_call: int) -> None:
    document_id = library.upload("journey.txt", LONG_TEXT.encode()).json()["id"]
    workspace_id = library.person.workspace.id

    def delete() -> None:
        document_delete(workspace_id=workspace_id, dataset_id=uuid.UUID(library.id), document_id=uuid.UUID(document_id))

    EMBEDDERS.fill(lambda workspace, model: ThreadedInterrupt(at_call, delete))
    index(document_id)

    assert not Document.unscoped.exists()
    assert not Chunk.unscoped.exists()


class ThreadedInterrupt(InterruptedEmbedder):
    """Runs the interruption where Django's connection may be used."""

    def _step(self) -> None:
        if next(self._calls) == self._at_call:
            elsewhere(self._interrupt)


def test_a_dataset_deleted_while_it_is_indexed_leaves_nothing(library: Library) -> None:
    document_id = library.upload("journey.txt", LONG_TEXT.encode()).json()["id"]

    def delete() -> None:
        assert library.person.request("DELETE", library.path).status_code == 200

    EMBEDDERS.fill(lambda workspace, model: ThreadedInterrupt(2, delete))
    index(document_id)
    assert not (Dataset.unscoped.exists() or Document.unscoped.exists() or Chunk.unscoped.exists())


def test_a_worker_that_lost_its_lease_writes_nothing(library: Library) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]

    def take_over() -> None:
        expire(document_id)
        assert lease_claim(uuid.UUID(document_id)) is not None

    EMBEDDERS.fill(lambda workspace, model: ThreadedInterrupt(2, take_over))
    index(document_id)
    assert library.document(document_id)["status"] != "ready"
    assert not Chunk.unscoped.exists()


def test_a_heartbeat_keeps_the_lease_and_notices_its_loss(library: Library) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]
    lease = lease_claim(uuid.UUID(document_id))
    assert lease is not None
    expire(document_id)
    with Heartbeat(lease, every_s=0.1) as heartbeat:
        while library.row(document_id).lease_expires_at < timezone.now():
            time.sleep(0.05)
        Document.unscoped.filter(id=document_id).update(lease_token=uuid.uuid4())
        with pytest.raises(LeaseLost):
            report_for_ever(heartbeat)


def report_for_ever(heartbeat: Heartbeat) -> None:
    """Do as a stage does that never ends."""
    while True:
        heartbeat.report("embedding", 1, 2)
        time.sleep(0.05)


def test_r04_a_document_whose_message_was_lost_is_sent_again(library: Library) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]
    redis_sync().flushdb()
    sweep()
    assert messages() == 0, "it was sent only just now"

    expire(document_id)
    sweep()
    assert messages() == 1
    sweep()
    assert messages() == 1
    index(document_id)
    assert library.document(document_id)["status"] == "ready"


def test_documents_that_only_wait_their_turn_are_not_sent_again(library: Library) -> None:
    for number in range(3):
        expire(library.upload(f"{number}.txt", f"Text {number}.".encode()).json()["id"])
    sweep()
    assert messages() == 3
    assert not documents_stuck().exists()


def test_a_document_that_kills_its_workers_fails_in_the_end(library: Library) -> None:
    document_id = library.upload("bomb.txt", b"Boom.").json()["id"]
    for _ in range(MAX_ATTEMPTS):
        assert lease_claim(uuid.UUID(document_id)) is not None
        expire(document_id)
        sweep()
    document = library.document(document_id)
    assert (document["status"], document["attempts"]) == ("failed", MAX_ATTEMPTS)
    assert "died 3 times" in document["reason"]


def test_r05_doctor_names_documents_that_nobody_works_on(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    document_id = library.upload("notes.txt", b"Some notes.").json()["id"]
    call_command("doctor")

    expire(document_id)
    with pytest.raises(CommandError, match="beat"):
        call_command("doctor")
    assert document_id in capsys.readouterr().out

    sweep()
    index(document_id)
    call_command("doctor")


def settle(document_id: str) -> None:
    """Let time and the workers do what they do until the document is at an end."""
    for _ in range(MAX_ATTEMPTS + 1):
        if Document.unscoped.get(id=document_id).status in ("ready", "failed"):
            return
        expire(document_id)
        sweep()
        document_index(uuid.UUID(document_id))


def require_whole(library: Library, document_id: str) -> str:
    """Check that the document is at an end with a reason or with all of its chunks; return its status."""
    row = library.row(document_id)
    chunks = Chunk.unscoped.filter(document_id=row.id).count()
    assert row.status in ("ready", "failed")
    assert (row.status == "failed") == bool(row.reason)
    assert chunks == row.chunk_count
    assert (chunks > 0) == (row.status == "ready")
    return row.status


def test_r06_a_fault_at_any_call_of_the_model_ends_in_failed_with_a_reason_and_no_chunks(library: Library) -> None:
    statuses = []
    for at_call in range(1, 8):
        interrupt_with(at_call, raising(RuntimeError("fault")))
        document = library.add(f"{at_call}.txt", LONG_TEXT.encode())
        statuses.append(require_whole(library, document["id"]))
    # The last ones have fewer calls than that: the sweep went over all of them.
    assert statuses[0] == "failed"
    assert statuses[-1] == "ready"


class FaultyDatabase:
    """Fails the n-th statement of this thread."""

    def __init__(self, at_statement: int) -> None:
        self._statements = itertools.count(1)
        self._at_statement = at_statement
        self.failed = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if next(self._statements) == self._at_statement:
            self.failed = True
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)


def test_r06_a_fault_at_any_statement_leaves_no_part_and_ends(library: Library) -> None:
    statuses = []
    for at_statement in range(1, 40):
        document_id = library.upload(f"{at_statement}.txt", b"Some notes.").json()["id"]
        faulty = FaultyDatabase(at_statement)
        with connection.execute_wrapper(faulty):
            try:
                document_index(uuid.UUID(document_id))
            except OperationalError:
                assert library.row(document_id).status != "ready"
        settle(document_id)
        statuses.append(require_whole(library, document_id))
        if not faulty.failed:
            break
    assert not faulty.failed, "the sweep ended before the statements did"
    assert len(statuses) > 6
