"""Setting limits. A new one knows at once what this period's runs have used."""

import uuid
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.accounts.models import ApiKey, KeyKind, User
from backend.accounts.services import audit_record
from backend.common.errors import Conflict, Invalid
from backend.limits.counting import usage_recount
from backend.limits.models import Limit, LimitPeriod, LimitScope, LimitUsage

KEPT = timedelta(days=62)
NEEDS = {
    LimitScope.WORKSPACE: (),
    LimitScope.APP: ("app",),
    LimitScope.KEY: ("key",),
    LimitScope.END_USER: (),
}
MAY_NAME = {**NEEDS, LimitScope.END_USER: ("app",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A limit that somebody sets. `app_id` and `key` are the workspace's own, which the caller has looked up."""

    scope: str
    metric: str
    period: str
    amount: Decimal
    app_id: uuid.UUID | None = None
    key: ApiKey | None = None


def limit_create(*, workspace_id: uuid.UUID, wanted: Wanted, actor: User | None) -> Limit:
    """Set a limit; raises `Invalid` for what names the wrong thing, `Conflict` for one that is there already."""
    scope, key = wanted.scope, wanted.key
    named = {"app": wanted.app_id, "key": key}
    for name, value in named.items():
        if value is None and name in NEEDS[LimitScope(scope)]:
            raise Invalid(f"a limit of the scope {scope!r} needs {name!r}", fields={name: ["is missing"]})
        if value is not None and name not in MAY_NAME[LimitScope(scope)]:
            raise Invalid(f"a limit of the scope {scope!r} knows no {name!r}", fields={name: ["must be absent"]})
    if key is not None and key.kind != KeyKind.APP:
        raise Invalid("only an app's key starts runs, and can have a limit", fields={"key": ["is no app's key"]})
    limit = Limit(workspace_id=workspace_id, **{item.name: getattr(wanted, item.name) for item in fields(wanted)})
    try:
        with transaction.atomic():
            limit.save()
            _audit(limit, actor, "created")
    except IntegrityError as error:
        raise Conflict("there is already such a limit: change its amount instead") from error
    # Committed first: what ends from now on is counted by itself, and what ended before is found here.
    usage_recount(limit)
    return limit


@transaction.atomic
def limit_change(*, limit: Limit, amount: Decimal, actor: User | None) -> Limit:
    """Set another amount; what is used stays."""
    limit.amount = amount
    limit.save(update_fields=["amount", "updated_at"])
    _audit(limit, actor, "changed")
    return limit


@transaction.atomic
def limit_delete(*, limit: Limit, actor: User | None) -> None:
    """Remove a limit."""
    _audit(limit, actor, "deleted")
    limit.delete()


def _audit(limit: Limit, actor: User | None, verb: str) -> None:
    detail = {"scope": limit.scope, "metric": limit.metric, "period": limit.period, "amount": str(limit.amount)}
    audit_record(
        workspace_id=limit.workspace_id, actor=actor, action=f"limit.{verb}", target=str(limit.id), detail=detail
    )


def limits_tend() -> None:
    """Set right what was missed while limits were made, and forget periods that nobody asks for any more."""
    for limit in Limit.unscoped.exclude(period=LimitPeriod.MINUTE):
        usage_recount(limit)
    now = timezone.now()
    LimitUsage.objects.filter(period_start__lt=now - KEPT).delete()
    LimitUsage.objects.filter(limit__period=LimitPeriod.MINUTE, period_start__lt=now - timedelta(hours=1)).delete()
