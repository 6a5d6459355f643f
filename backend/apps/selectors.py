"""Reading applications, their versions, keys and numbers."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum, TextField
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from backend.accounts.models import ApiKey, KeyKind
from backend.apps.drafts import AppDraft, draft_read
from backend.apps.models import App, AppVersion
from backend.common.errors import NotFound
from backend.runs.models import Run, RunStatus

STATISTICS_DAYS = 30


def apps_list(workspace_id: uuid.UUID, *, mode: str = "", search: str = "") -> QuerySet[App]:
    """Return the workspace's apps; `search` looks into names and descriptions."""
    apps = App.objects.within(workspace_id).select_related("published_version")
    if mode:
        apps = apps.filter(mode=mode)
    if search:
        apps = apps.filter(Q(name__icontains=search) | Q(description__icontains=search))
    return apps


def app_exists(workspace_id: uuid.UUID, app_id: uuid.UUID) -> bool:
    """Whether the workspace has this app."""
    return App.objects.within(workspace_id).filter(id=app_id).exists()


def app_get(workspace_id: uuid.UUID, app_id: uuid.UUID) -> App:
    """Return an app of the workspace; raises `NotFound`."""
    app = apps_list(workspace_id).filter(id=app_id).first()
    if app is None:
        raise NotFound(f"there is no app {str(app_id)!r} in this workspace")
    return app


def app_draft(app: App) -> AppDraft:
    """Return the app's draft as it was saved; keys that came later have their defaults."""
    return draft_read(app.mode, app.draft)


def draft_etag(app: App) -> str:
    """Return what tells one state of the draft from the next: the moment at which it was saved, in microseconds."""
    return f'"{int((app.draft_updated_at or app.created_at).timestamp() * 1_000_000)}"'


def version_draft(version: AppVersion) -> AppDraft:
    """Return what a version fixed."""
    return draft_read(version.app.mode, version.config)


def versions_of(app: App) -> QuerySet[AppVersion]:
    """Return the app's versions, newest first."""
    return AppVersion.objects.within(app.workspace_id).filter(app=app).select_related("created_by", "app")


def version_get(app: App, number: int) -> AppVersion:
    """Return one version of the app; raises `NotFound`."""
    version = versions_of(app).filter(number=number).first()
    if version is None:
        raise NotFound(f"the app {app.name!r} has no version {number}")
    return version


def app_keys(app: App) -> QuerySet[ApiKey]:
    """Return the app's keys that were not revoked."""
    return ApiKey.objects.within(app.workspace_id).filter(app=app, kind=KeyKind.APP, revoked_at=None)


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """What happened on one day (UTC)."""

    date: date
    runs: int
    tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class AppStatistics:
    """An app's numbers of the last `STATISTICS_DAYS` days; `error_rate` is failed ÷ ended runs."""

    runs: int
    users: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    error_rate: float
    days: tuple[DayStatistics, ...]


def app_statistics(app: App, now: datetime | None = None) -> AppStatistics:
    """Return the app's numbers; days without runs are there, with zeros."""
    today = (now or timezone.now()).date()
    first = today - timedelta(days=STATISTICS_DAYS - 1)
    since = datetime.combine(first, time.min, UTC)
    runs = Run.objects.within(app.workspace_id).filter(app=app, created_at__gte=since)
    totals = runs.order_by().aggregate(
        runs=Count("id"),
        end_users=Count("end_user", distinct=True, filter=~Q(end_user="")),
        members=Count("user", distinct=True, filter=Q(end_user="")),
        prompt_tokens=Sum("prompt_tokens", default=0),
        completion_tokens=Sum("completion_tokens", default=0),
        cost=Sum("cost", default=Decimal(0)),
        failed=Count("id", filter=Q(status=RunStatus.FAILED)),
        succeeded=Count("id", filter=Q(status=RunStatus.SUCCEEDED)),
    )
    ended = totals["failed"] + totals["succeeded"]
    return AppStatistics(
        runs=totals["runs"],
        users=totals["end_users"] + totals["members"],
        prompt_tokens=totals["prompt_tokens"],
        completion_tokens=totals["completion_tokens"],
        cost=totals["cost"],
        error_rate=totals["failed"] / ended if ended else 0.0,
        days=_days(runs, first),
    )


def _days(runs: QuerySet[Run], first: date) -> tuple[DayStatistics, ...]:
    rows = (
        runs.order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(runs=Count("id"), tokens=Sum("prompt_tokens") + Sum("completion_tokens"), cost=Sum("cost"))
    )
    by_day = {row["day"]: DayStatistics(row["day"], row["runs"], row["tokens"], row["cost"]) for row in rows}
    wanted = [first + timedelta(days=offset) for offset in range(STATISTICS_DAYS)]
    return tuple(by_day.get(day, DayStatistics(day, 0, 0, Decimal(0))) for day in wanted)


def dataset_users(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> int:
    """Return how many apps search the dataset, in their draft or in a published version that is still served.

    A dataset's id is in no draft by chance: prompt apps name it in a list, graphs in their nodes.
    """
    texts = {"draft_text": Cast("draft", TextField()), "config_text": Cast("published_version__config", TextField())}
    named = Q(draft_text__contains=str(dataset_id)) | Q(config_text__contains=str(dataset_id))
    return App.objects.within(workspace_id).annotate(**texts).filter(named).count()
