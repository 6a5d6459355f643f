"""Cases that a chat model writes from a dataset's chunks, in the background, by whoever holds the lease of their set.

What it has made of a chunk is stored with the count of chunks it has tried, so a worker that takes over goes on there.
Knows nothing of what a set is for, or how its cases look.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from django.db import transaction
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Length, Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.database import in_database
from backend.common.errors import ApiError, Conflict
from backend.common.models import WorkspaceModel
from backend.datasets.adapters import job_send
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, LeaseLost
from backend.datasets.models import Chunk
from backend.datasets.ports import WRITERS
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from inference.errors import InferenceError
from rag.errors import RagError
from rag.ports import Write
from rag.types import Hit

PENDING = Q(generation__is_running=True)
LEAST_CHARS = 40
"""Shorter chunks are headings and page numbers: nobody can ask about them."""
SPARE = 2
"""How many chunks are tried per case that is wanted: models write nothing usable for some."""
logger = logging.getLogger(__name__)
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class CaseJob(Generic[Made]):
    """How cases are written for one kind of set: a model with the columns `generation`, `lease_expires_at` and `name`.

    `task` is sent for a set that waits, `action` stands in the audit log. `write` asks the model about one chunk, which
    has its document; `store` keeps what came of it, in a transaction.
    """

    model: type[WorkspaceModel]
    task: str
    action: str
    dataset_of: Callable[[WorkspaceModel], uuid.UUID]
    write: Callable[[Chunk, Write], Awaitable[Sequence[Made]]]
    store: Callable[[WorkspaceModel, Sequence[Made]], object]

    def begin(
        self, test_set: WorkspaceModel, *, dataset_id: uuid.UUID, count: int, model: str, actor: User | None
    ) -> None:
        """Have `count` cases written; raises `Conflict` where there is nothing to ask about, or one writes already."""
        if not _chunk_ids(test_set, dataset_id, 1):
            raise Conflict("the dataset has no chunks to ask about: upload documents and wait until they are ready")
        generation = {
            "model": model, "dataset_id": str(dataset_id), "done": 0, "total": count, "tried": 0, "attempts": 0,
            "is_running": True, "reason": "",
        }  # fmt: skip
        with transaction.atomic():
            rows = self.model.objects.within(test_set.workspace_id).filter(id=test_set.id)
            locked = rows.select_for_update().first()
            if locked is None or (locked.generation or {}).get("is_running"):
                raise Conflict("a model is writing cases for this test set already: wait until it has finished")
            rows.update(generation=generation, lease_expires_at=None, updated_at=Now())
            audit_record(
                workspace_id=test_set.workspace_id,
                actor=actor,
                action=self.action,
                target=str(test_set.id),
                detail={"name": test_set.name, "dataset_id": dataset_id, "model": model, "count": count},
            )
            # Without a broker the wish still is there, and the sweep sends it later.
            transaction.on_commit(partial(job_send, self.task, test_set.id), robust=True)

    def run(self, set_id: uuid.UUID) -> None:
        """Write the cases that were asked for, unless they are written, gone or in other hands."""
        claimed = row_claim(self.model, set_id, PENDING)
        if claimed is None:
            return
        row, lease = claimed
        state = {**row.generation, "attempts": row.generation["attempts"] + 1}
        try:
            lease.renew(generation=state)
            write = WRITERS.get()(str(row.workspace_id), state["model"])
            asyncio.run(self._write(row, lease, state, write))
            lease.end(generation={**state, "is_running": False, "reason": _short(state)})
        except LeaseLost:
            logger.info("test set %s was deleted or taken over", set_id)
        except (RagError, ApiError, InferenceError) as error:
            _give_up(lease, state, error.message, may_retry=getattr(error, "retryable", False))
        except Exception:
            logger.exception("writing cases for test set %s failed unexpectedly", set_id)
            reason = "something went wrong on our side; ask again, the log of the jobs worker has the details"
            _give_up(lease, state, reason, may_retry=False)

    async def _write(self, row: WorkspaceModel, lease: RowLease, state: dict[str, object], write: Write) -> None:
        """Ask about one chunk after the other; `state` is kept up to date."""
        total, tried = int(str(state["total"])), int(str(state["tried"]))
        async with kept(lease):
            ids = await in_database(_chunk_ids, row, self.dataset_of(row), total * SPARE)
            for chunk_id in ids[tried:]:
                if state["done"] == total:
                    return
                chunk = await in_database(_chunk, row, chunk_id)
                made = await self.write(chunk, write) if chunk else []
                await in_database(self._keep, row, lease, state, made)

    def _keep(self, row: WorkspaceModel, lease: RowLease, state: dict[str, object], made: Sequence[Made]) -> None:
        """Store what was written with the state, or neither."""
        state["tried"] = int(str(state["tried"])) + 1
        state["done"] = int(str(state["done"])) + len(made)
        with transaction.atomic():
            if made:
                self.store(row, made)
            lease.renew(generation=state)

    def reclaim(self) -> list[uuid.UUID]:
        """Take sets back from dead workers, and return those whose message must be sent (again)."""
        spent = rows_spent(self.model, PENDING & Q(generation__attempts__gte=MAX_ATTEMPTS))
        for row in self.model.unscoped.filter(PENDING, id__in=spent):
            reason = f"the worker died {MAX_ATTEMPTS} times while the model wrote; ask again"
            row.generation = {**row.generation, "is_running": False, "reason": reason}
            row.lease_expires_at = None
            row.save(update_fields=["generation", "lease_expires_at", "updated_at"])
        return rows_due(self.model, PENDING)


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


def _chunk_ids(row: WorkspaceModel, dataset_id: uuid.UUID, limit: int) -> list[uuid.UUID]:
    """Return chunks spread over the dataset: in an order that looks random, and is the same for every worker."""
    chunks = Chunk.objects.within(row.workspace_id).filter(
        dataset_id=dataset_id,
        is_enabled=True,
        document__is_enabled=True,
        document__is_archived=False,
        revision=F("document__revision"),
    )
    long_enough = chunks.annotate(chars=Length("text")).filter(chars__gte=LEAST_CHARS)
    order = MD5(Concat(Value(str(row.id)), Cast("id", TextField()), output_field=TextField()))
    return list(long_enough.order_by(order, "id").values_list("id", flat=True)[:limit])


def _chunk(row: WorkspaceModel, chunk_id: uuid.UUID) -> Chunk | None:
    return Chunk.objects.within(row.workspace_id).select_related("document").filter(id=chunk_id).first()


def hit_of(chunk: Chunk) -> Hit:
    """Return a chunk as a search would find it."""
    return Hit(
        str(chunk.id), str(chunk.document_id), str(chunk.dataset_id), chunk.text, chunk.page, chunk.position, 1.0,
        answer=chunk.answer,
    )  # fmt: skip
