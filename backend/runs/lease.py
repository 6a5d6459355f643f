"""Who executes a run: a lease in PostgreSQL, claimed by an update, renewed by heartbeats, the fence of all writes."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from agents.types import RunSpec
from backend.runs.models import LIVE_STATUSES, Run, RunStatus

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
    started_at: float
    cancel_requested: bool

    @property
    def first_seq(self) -> int:
        """The number before the first event of this attempt."""
        return self.attempt * SEQS_PER_ATTEMPT


def _expiry() -> object:
    return timezone.now() + timedelta(seconds=settings.RUN_LEASE_S)


def lease_claim(run_id: uuid.UUID, owner: str) -> Lease | None:
    """Claim a run that is live and that nobody holds; None when there is nothing to do."""
    now, token = timezone.now(), uuid.uuid4()
    claimed = (
        Run.unscoped.filter(id=run_id, status__in=LIVE_STATUSES)
        .filter(Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=now))
        .update(
            lease_token=token,
            lease_owner=owner,
            lease_expires_at=_expiry(),
            status=RunStatus.RUNNING,
            attempt=Case(When(started_at__isnull=True, then=Value(0)), default=F("attempt") + 1),
            started_at=Case(When(started_at__isnull=True, then=Value(now)), default=F("started_at")),
        )
    )
    if not claimed:
        return None
    run = Run.unscoped.get(id=run_id)
    return Lease(
        run_id=run_id,
        token=token,
        attempt=run.attempt,
        spec=RunSpec.from_json(run.spec),
        created_at=run.created_at.timestamp(),
        started_at=run.started_at.timestamp(),
        cancel_requested=run.cancel_requested_at is not None,
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


def lease_lock(lease: Lease) -> Run:
    """Return the run's row, locked until the transaction ends; raises `LeaseLost`. Call inside a transaction."""
    run = (
        Run.unscoped.select_for_update(no_key=True)
        .filter(id=lease.run_id, lease_token=lease.token, status=RunStatus.RUNNING)
        .first()
    )
    if run is None:
        raise LeaseLost(f"run {lease.run_id} is no longer ours")
    return run


def leases_expire_of(owner: str) -> int:
    """Expire what an earlier process of this name held: it is gone, since this one has its name now."""
    return Run.unscoped.filter(status=RunStatus.RUNNING, lease_owner=owner).update(lease_expires_at=timezone.now())
