"""What a workspace keeps of its runs: reads and changes its policy, and lends its redaction rules to the runs."""

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.errors import Invalid
from backend.logs.models import LogPolicy
from backend.logs.rules import OwnRule, redactor_read, rules_check
from backend.runs.models import END_STATUSES, Run
from backend.runs.redaction import Redactor

MAX_DAYS = 36_500
FRESH_S = 5.0
"""How long a process may work with rules that were changed elsewhere."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a retention would remove now."""

    runs: int
    oldest: datetime | None
    before: datetime


def policy_get(workspace_id: uuid.UUID | str) -> LogPolicy:
    """Return the workspace's policy; one that is not stored keeps everything for ever."""
    return LogPolicy.objects.within(workspace_id).first() or LogPolicy(workspace_id=workspace_id)


def retention_estimate(workspace_id: uuid.UUID, days: int) -> Estimate:
    """Return what would be removed if runs were kept for so many days."""
    before = timezone.now() - timedelta(days=_days(days))
    runs = Run.objects.within(workspace_id).filter(created_at__lt=before, status__in=END_STATUSES)
    return Estimate(runs.count(), runs.aggregate(oldest=Min("created_at"))["oldest"], before)


def _days(days: int) -> int:
    if not 1 <= days <= MAX_DAYS:
        message = f"{days} days: keep runs for 1 to {MAX_DAYS} days, or for ever (null)"
        raise Invalid(message, fields={"retention_days": [message]})
    return days


@transaction.atomic
def retention_set(*, workspace_id: uuid.UUID, days: int | None, actor: User | None) -> LogPolicy:
    """Keep runs for so many days from now on, or for ever; the sweep removes what is older."""
    if days is not None:
        _days(days)
    policy = _stored(workspace_id)
    before, policy.retention_days = policy.retention_days, days
    policy.due_at = timezone.now() if days else None
    policy.save(update_fields=["retention_days", "due_at", "updated_at"])
    audit_record(
        workspace_id=workspace_id,
        actor=actor,
        action="retention.set",
        target=str(workspace_id),
        detail={"days": days, "days_before": before},
    )
    return policy


@transaction.atomic
def redaction_set(
    *, workspace_id: uuid.UUID, built_in: Sequence[str], own: Sequence[OwnRule], actor: User | None
) -> LogPolicy:
    """Apply these rules to all that is kept of runs from now on; raises `Invalid` for one that cannot be used."""
    rules_check(built_in, own)
    policy = _stored(workspace_id)
    policy.redaction = {"built_in": list(built_in), "own": [dict(rule) for rule in own]}
    policy.save(update_fields=["redaction", "updated_at"])
    audit_record(
        workspace_id=workspace_id,
        actor=actor,
        action="redaction.set",
        target=str(workspace_id),
        detail={"built_in": list(built_in), "own": [rule["name"] for rule in own]},
    )
    transaction.on_commit(_KNOWN.forget)
    return policy


def _stored(workspace_id: uuid.UUID) -> LogPolicy:
    LogPolicy.objects.bulk_create([LogPolicy(workspace_id=workspace_id)], ignore_conflicts=True)
    return LogPolicy.objects.within(workspace_id).select_for_update().get()


class _Known:
    """The redactors of workspaces as they were a moment ago: a run asks at every flush."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Redactor | None]] = {}

    def get(self, workspace_id: str) -> Redactor | None:
        found = self._found.get(workspace_id)
        if found and time.monotonic() - found[0] < FRESH_S:
            return found[1]
        said = LogPolicy.objects.within(workspace_id).values_list("redaction", flat=True).first()
        redactor = redactor_read(said) if said else None
        with self._lock:
            self._found[workspace_id] = (time.monotonic(), redactor)
        return redactor

    def forget(self) -> None:
        with self._lock:
            self._found.clear()


_KNOWN = _Known()


def redactor_of(workspace_id: uuid.UUID | str) -> Redactor | None:
    """Return what takes out of the workspace's runs what it does not keep; at most `FRESH_S` old."""
    return _KNOWN.get(str(workspace_id))
