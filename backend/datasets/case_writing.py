"""Test cases that a chat model writes from chunks, in the background, by whoever holds the test set's lease.

What it has made of a chunk is stored with the count of chunks it has tried, so a worker that takes over goes on there.
"""

import asyncio
import logging
import uuid
from functools import partial

from django.db import transaction
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Length, Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.database import in_database
from backend.common.errors import ApiError, Conflict
from backend.datasets.adapters import job_send
from backend.datasets.case_files import MAX_CASES
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, LeaseLost
from backend.datasets.models import Chunk, RetrievalTestCase, RetrievalTestSet
from backend.datasets.ports import WRITERS
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from backend.datasets.test_sets import set_get
from inference.errors import InferenceError
from rag.errors import RagError
from rag.evaluate import Case, write_cases
from rag.ports import Write
from rag.types import Hit

WRITE_CASES = "datasets.write_cases"
PENDING = Q(generation__is_running=True)
LEAST_CHARS = 40
"""Shorter chunks are headings and page numbers: nobody can ask about them."""
SPARE = 2
"""How many chunks are tried per case that is wanted: models write nothing usable for some."""
logger = logging.getLogger(__name__)


def cases_generate(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    test_set_id: uuid.UUID,
    count: int,
    model: str,
    actor: User | None = None,
) -> RetrievalTestSet:
    """Have a chat model write cases; raises `ApiError` for an unknown model, and while it is writing already."""
    WRITERS.get()(str(workspace_id), model)
    test_set = set_get(workspace_id, dataset_id, test_set_id)
    if test_set.case_count + count > MAX_CASES:
        raise Conflict(f"a test set has at most {MAX_CASES:,} cases, this one has {test_set.case_count:,}")
    if not _chunk_ids(test_set, 1):
        raise Conflict("the dataset has no chunks to ask about: upload documents and wait until they are ready")
    generation = {
        "model": model, "done": 0, "total": count, "tried": 0, "attempts": 0, "is_running": True, "reason": "",
    }  # fmt: skip
    with transaction.atomic():
        rows = RetrievalTestSet.objects.within(workspace_id).filter(id=test_set_id)
        locked = rows.select_for_update().first()
        if locked is None or (locked.generation or {}).get("is_running"):
            raise Conflict("a model is writing cases for this test set already: wait until it has finished")
        rows.update(generation=generation, lease_expires_at=None, updated_at=Now())
        audit_record(
            workspace_id=workspace_id,
            actor=actor,
            action="test_set.generated",
            target=str(test_set_id),
            detail={"name": test_set.name, "dataset_id": dataset_id, "model": model, "count": count},
        )
        # Without a broker the wish still is there, and the sweep sends it later.
        transaction.on_commit(partial(job_send, WRITE_CASES, test_set_id), robust=True)
    return set_get(workspace_id, dataset_id, test_set_id)


def case_writing_run(test_set_id: uuid.UUID) -> None:
    """Write the cases that were asked for, unless they are written, gone or in other hands."""
    claimed = row_claim(RetrievalTestSet, test_set_id, PENDING)
    if claimed is None:
        return
    row, lease = claimed
    state = {**row.generation, "attempts": row.generation["attempts"] + 1}
    try:
        lease.renew(generation=state)
        write = WRITERS.get()(str(row.workspace_id), state["model"])
        asyncio.run(_write(row, lease, state, write))
        lease.end(generation={**state, "is_running": False, "reason": _short(state)})
    except LeaseLost:
        logger.info("test set %s was deleted or taken over", test_set_id)
    except (RagError, ApiError, InferenceError) as error:
        _give_up(lease, state, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("writing cases for test set %s failed unexpectedly", test_set_id)
        reason = "something went wrong on our side; ask again, the log of the jobs worker has the details"
        _give_up(lease, state, reason, may_retry=False)


def _short(state: dict[str, object]) -> str:
    if state["done"] == state["total"]:
        return ""
    return (
        f"the model wrote a usable question for {state['done']} of {state['tried']} chunks; "
        "ask again with a larger model, or add documents"
    )


def _give_up(lease: RowLease, state: dict[str, object], reason: str, *, may_retry: bool) -> None:
    try:
        if may_retry and int(str(state["attempts"])) < MAX_ATTEMPTS:
            lease.postpone(RETRY_PAUSE_S, generation={**state, "reason": reason})
        else:
            lease.end(generation={**state, "is_running": False, "reason": reason})
    except LeaseLost:
        logger.info("a test set was deleted or taken over before its generation failed")


async def _write(row: RetrievalTestSet, lease: RowLease, state: dict[str, object], write: Write) -> None:
    """Ask about one chunk after the other; `state` is kept up to date."""
    total, tried = int(str(state["total"])), int(str(state["tried"]))
    async with kept(lease):
        ids = await in_database(_chunk_ids, row, total * SPARE)
        for chunk_id in ids[tried:]:
            if state["done"] == total:
                return
            hit = await in_database(_hit, row, chunk_id)
            cases = await write_cases([hit], write) if hit else []
            await in_database(_keep, row, lease, state, cases)


def _keep(row: RetrievalTestSet, lease: RowLease, state: dict[str, object], cases: list[Case]) -> None:
    """Store what was written with the state, or neither."""
    state["tried"] = int(str(state["tried"])) + 1
    state["done"] = int(str(state["done"])) + len(cases)
    with transaction.atomic():
        for case in cases:
            RetrievalTestCase.objects.create(
                workspace_id=row.workspace_id,
                test_set_id=row.id,
                question=case.question,
                chunks=sorted(case.chunk_ids),
                phrase=case.phrase,
            )
        lease.renew(generation=state)


def _chunk_ids(row: RetrievalTestSet, limit: int) -> list[uuid.UUID]:
    """Return chunks spread over the dataset: in an order that looks random, and is the same for every worker."""
    chunks = Chunk.objects.within(row.workspace_id).filter(
        dataset_id=row.dataset_id,
        is_enabled=True,
        document__is_enabled=True,
        document__is_archived=False,
        revision=F("document__revision"),
    )
    long_enough = chunks.annotate(chars=Length("text")).filter(chars__gte=LEAST_CHARS)
    order = MD5(Concat(Value(str(row.id)), Cast("id", TextField()), output_field=TextField()))
    return list(long_enough.order_by(order, "id").values_list("id", flat=True)[:limit])


def _hit(row: RetrievalTestSet, chunk_id: uuid.UUID) -> Hit | None:
    chunk = Chunk.objects.within(row.workspace_id).filter(id=chunk_id).first()
    if chunk is None:
        return None
    return Hit(
        str(chunk.id), str(chunk.document_id), str(chunk.dataset_id), chunk.text, chunk.page, chunk.position, 1.0,
        answer=chunk.answer,
    )  # fmt: skip


def case_writings_reclaim() -> list[uuid.UUID]:
    """Take test sets back from dead workers, and return those whose message must be sent (again)."""
    spent = rows_spent(RetrievalTestSet, PENDING & Q(generation__attempts__gte=MAX_ATTEMPTS))
    for row in RetrievalTestSet.unscoped.filter(PENDING, id__in=spent):
        reason = f"the worker died {MAX_ATTEMPTS} times while the model wrote; ask again"
        row.generation = {**row.generation, "is_running": False, "reason": reason}
        row.lease_expires_at = None
        row.save(update_fields=["generation", "lease_expires_at", "updated_at"])
    return rows_due(RetrievalTestSet, PENDING)
