"""Who executes a run: a lease in PostgreSQL, claimed by an update, renewed by heartbeats, the fence of all writes."""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.types import RunSpec
from backend.common.secrets import decrypt
from backend.runs.models import Run, RunStatus

SEQS_PER_ATTEMPT = 1_000_000
MAX_ATTEMPTS = 30


class LeaseLost(Exception):
    """Another worker holds the run now, or it was deleted: whatever this one still has to say is void."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to execute one attempt of a run."""

    run_id: uuid.UUID
    token: uuid.UUID
    attempt: int
    spec: RunSpec
    created_at: float
    elapsed_s: float  # since the run began, or went on after a pause, by the database's clock
    cancel_requested: bool
    is_called: bool = False  # by a call: the row may still be on its way

    @property
    def first_seq(self) -> int:
        """The number before the first event of this attempt."""
        return self.attempt * SEQS_PER_ATTEMPT


def _expiry() -> object:
    return timezone.now() + timedelta(seconds=settings.RUN_LEASE_S)


# One round trip, and the database's clock decides: two workers' clocks may differ.
CLAIM = f"""
    UPDATE {Run._meta.db_table}
       SET lease_token = %(token)s,
           lease_owner = %(owner)s,
           lease_expires_at = now() + %(lease)s,
           status = 'running',
           attempt = CASE WHEN started_at IS NULL THEN 0 ELSE attempt + 1 END,
           started_at = COALESCE(started_at, now())
     WHERE id = %(run_id)s
       AND status IN ('queued', 'running')
       AND (lease_expires_at IS NULL OR lease_expires_at < now())
 RETURNING attempt, spec::text, sealed, created_at,
           extract(epoch FROM now() - COALESCE(resumed_at, started_at))::float, cancel_requested_at
"""  # noqa: S608 -- the table's name is ours, every value is a parameter


def lease_claim(run_id: uuid.UUID, owner: str) -> Lease | None:
    """Claim a run that is live and that nobody holds; None when there is nothing to do."""
    token = uuid.uuid4()
    values = {"token": token, "owner": owner, "lease": timedelta(seconds=settings.RUN_LEASE_S), "run_id": run_id}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    attempt, spec, sealed, created_at, elapsed_s, cancel_requested_at = row
    return Lease(
        run_id=run_id,
        token=token,
        attempt=attempt,
        spec=RunSpec.from_json(json.loads(decrypt(sealed) if sealed else spec)),
        created_at=created_at.timestamp(),
        elapsed_s=elapsed_s,
        cancel_requested=cancel_requested_at is not None,
    )


def lease_renew(lease: Lease) -> bool:
    """Renew the lease and return whether somebody asked to cancel; raises `LeaseLost`."""
    held = Run.unscoped.filter(id=lease.run_id, lease_token=lease.token, status=RunStatus.RUNNING)
    if not held.update(lease_expires_at=_expiry()):
        raise LeaseLost(f"run {lease.run_id} is no longer ours")
    return held.filter(cancel_requested_at__isnull=False).exists()


def lease_release(lease: Lease) -> None:
    """Give an unfinished run back, for the next worker to go on with at once."""
    Run.unscoped.filter(id=lease.run_id, lease_token=lease.token, status=RunStatus.RUNNING).update(
        lease_token=None, lease_owner="", lease_expires_at=timezone.now()
    )


def leases_expire_of(owner: str) -> list[uuid.UUID]:
    """Expire what an earlier process of this name held, and return it: it is gone, since this one has its name now."""
    held = Run.unscoped.filter(status=RunStatus.RUNNING, lease_owner=owner)
    found = list(held.values_list("id", flat=True))
    held.filter(id__in=found).update(lease_expires_at=timezone.now())
    return found
