"""Leases on rows of background jobs: the moment that a holder wrote into `lease_expires_at` is its token.

unclaimed: lease_expires_at is NULL
claimed:   lease_expires_at is when another worker may take over
postponed: as claimed, without a holder
Only rows that are `pending` (by their own columns) are claimed at all.
"""

import asyncio
import contextlib
import logging
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from backend.common.database import in_database
from backend.common.models import WorkspaceModel
from backend.datasets import lease
from backend.datasets.adapters import jobs_waiting
from backend.datasets.lease import LeaseLost

logger = logging.getLogger(__name__)


def database_time() -> datetime:
    """Return the database's clock: workers on several machines share no other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


class RowLease:
    """The right to work on one row. Thread-safe: a heartbeat renews it beside the work."""

    def __init__(self, model: type[WorkspaceModel], row_id: uuid.UUID, until: datetime) -> None:
        self._model = model
        self._row_id = row_id
        self._until = until
        self._lock = threading.Lock()

    def renew(self, **values: object) -> None:
        """Change the row and prolong the lease; raises `LeaseLost`."""
        self._write(timedelta(seconds=lease.LEASE_S), values)

    def is_true(self, **values: object) -> bool:
        """Whether the row has these values."""
        return self._model.unscoped.filter(id=self._row_id, **values).exists()

    def postpone(self, pause_s: float, **values: object) -> None:
        """Change the row and leave it to whoever comes after `pause_s`; raises `LeaseLost`."""
        self._write(timedelta(seconds=pause_s), values)

    def end(self, **values: object) -> None:
        """Write the end and give the lease back; raises `LeaseLost`."""
        self._write(None, values)

    def _write(self, for_: timedelta | None, values: dict[str, object]) -> None:
        with self._lock:
            until = database_time() + for_ if for_ is not None else None
            own = self._model.unscoped.filter(id=self._row_id, lease_expires_at=self._until)
            if not own.update(**values, lease_expires_at=until):
                raise LeaseLost(str(self._row_id))
            if until is not None:
                self._until = until


def row_claim(model: type[WorkspaceModel], row_id: uuid.UUID, pending: Q) -> tuple[WorkspaceModel, RowLease] | None:
    """Claim a pending row that nobody works on; None when there is nothing to do."""
    with transaction.atomic():
        now = database_time()
        free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
        row = model.unscoped.select_for_update(skip_locked=True).filter(pending, free, id=row_id).first()
        if row is None:
            return None
        row.lease_expires_at = now + timedelta(seconds=lease.LEASE_S)
        row.save(update_fields=["lease_expires_at"])
    return row, RowLease(model, row_id, row.lease_expires_at)


def rows_due(model: type[WorkspaceModel], pending: Q) -> list[uuid.UUID]:
    """Return the pending rows whose message must be sent (again): their worker died, or their message was lost.

    A message is only known to be lost when no message waits at all.
    """
    pending_rows = model.unscoped.filter(pending)
    left = list(pending_rows.filter(lease_expires_at__lt=Now()).values_list("id", flat=True))
    unclaimed = pending_rows.filter(lease_expires_at=None)
    return left + (list(unclaimed.values_list("id", flat=True)) if not jobs_waiting() else [])


def rows_spent(model: type[WorkspaceModel], spent: Q) -> list[uuid.UUID]:
    """Return those of the rows that nobody works on any more."""
    free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now())
    return list(model.unscoped.filter(spent, free).values_list("id", flat=True))


def jobs_stop(model: type[WorkspaceModel], pending: Q, *, max_attempts: int, reason: str) -> list[uuid.UUID]:
    """End the pending jobs that nobody works on any more and nobody will, and return them.

    One that was to be cancelled is; one that outlived `max_attempts` workers fails for this reason.
    """
    ended = {"finished_at": Now(), "lease_expires_at": None, "updated_at": Now()}
    stopped = rows_spent(model, pending & Q(is_cancel_wanted=True))
    model.unscoped.filter(id__in=stopped).update(status="cancelled", **ended)
    spent = rows_spent(model, pending & Q(attempts__gte=max_attempts))
    model.unscoped.filter(id__in=spent).update(status="failed", reason=reason, **ended)
    return [*stopped, *spent]


def job_end(held: RowLease, status: str, reason: str) -> None:
    """Write how a job ended, unless another worker has it."""
    with contextlib.suppress(LeaseLost):
        held.end(status=status, reason=reason, finished_at=Now(), updated_at=Now())


@asynccontextmanager
async def kept(held: RowLease, every_s: float = lease.HEARTBEAT_S) -> AsyncIterator[None]:
    """Renew the lease while the block runs; the block is cancelled, and `LeaseLost` raised, once another has it."""
    work = asyncio.current_task()
    assert work is not None
    is_lost = False

    async def beat() -> None:
        nonlocal is_lost
        while True:
            await asyncio.sleep(every_s)
            try:
                await in_database(held.renew)
            except LeaseLost:
                is_lost = True
                work.cancel()
                return
            except DatabaseError as error:
                # The lease outlives a short failure; if it does not, the next write finds it lost.
                logger.warning("a lease was not renewed: %s", error)

    heart = asyncio.create_task(beat())
    try:
        yield
    except asyncio.CancelledError:
        if not is_lost:
            raise
        work.uncancel()
        raise LeaseLost("another worker took over") from None
    finally:
        heart.cancel()
