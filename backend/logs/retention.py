"""Removes what a workspace no longer keeps, in small batches, by whoever holds the lease of its policy."""

import logging
import time
import uuid
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from backend.accounts.services import audit_record
from backend.datasets.lease import LeaseLost
from backend.datasets.row_leases import RowLease, row_claim
from backend.logs.models import Conversation, LogPolicy
from backend.logs.ports import NUMBERS_SETTLE
from backend.runs.models import Run
from backend.runs.removal import runs_remove

BUDGET_S = 120.0
"""A call ends after this long, so that others get the worker; the next sweep goes on."""
EVERY = timedelta(hours=1)
CONVERSATIONS_A_TIME = 500
DUE = Q(retention_days__isnull=False, due_at__lte=Now())
logger = logging.getLogger(__name__)


def policies_due() -> list[uuid.UUID]:
    """Return the policies that are to be applied now and that nobody applies."""
    free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now())
    return list(LogPolicy.unscoped.filter(DUE, free).order_by("due_at").values_list("id", flat=True)[:100])


def policy_apply(policy_id: uuid.UUID, budget_s: float = BUDGET_S) -> None:
    """Remove what is too old of one workspace; returns at once when somebody else does, or when nothing is due."""
    claimed = row_claim(LogPolicy, policy_id, DUE)
    if claimed is None:
        return
    policy, lease = claimed
    assert isinstance(policy, LogPolicy) and policy.retention_days is not None
    try:
        before = timezone.now() - timedelta(days=policy.retention_days)
        is_done, runs, files = _remove(policy, before, lease, time.monotonic() + budget_s)
        if runs:
            audit_record(
                workspace_id=policy.workspace_id,
                actor=None,
                action="retention.applied",
                target=str(policy.workspace_id),
                detail={"before": before.isoformat(), "runs": runs, "files": files},
            )
        lease.end(due_at=timezone.now() + EVERY if is_done else timezone.now(), applied_at=Now())
    except LeaseLost:
        logger.info("the retention of workspace %s was changed or taken over", policy.workspace_id)


def _remove(policy: LogPolicy, before: datetime, lease: RowLease, until: float) -> tuple[bool, int, int]:
    """Return whether nothing is left to remove, and how many runs and files went.

    It does not begin before the numbers of what goes are counted, for they stay. It ends where somebody changes how
    long runs are kept: the next call goes by what is wanted then.
    """
    runs = files = 0
    if not NUMBERS_SETTLE.get()(policy.workspace_id, before):
        return False, 0, 0
    while time.monotonic() < until and lease.is_true(retention_days=policy.retention_days):
        removed = runs_remove(policy.workspace_id, Q(created_at__lt=before), before, numbers_stay=True)
        runs, files = runs + removed.runs, files + removed.files
        lease.renew(removed=F("removed") + removed.runs)
        if not removed.runs:
            return conversations_empty_remove(policy.workspace_id, before) < CONVERSATIONS_A_TIME, runs, files
    return False, runs, files


def conversations_empty_remove(workspace_id: uuid.UUID, before: datetime) -> int:
    """Remove conversations in which nothing was said since, and nothing is left; return how many."""
    said = Run.unscoped.filter(conversation=OuterRef("id"))
    empty = Conversation.objects.within(workspace_id).filter(~Exists(said), updated_at__lt=before)
    ids = list(empty.order_by("updated_at").values_list("id", flat=True)[:CONVERSATIONS_A_TIME])
    Conversation.objects.within(workspace_id).filter(id__in=ids).delete()
    return len(ids)
