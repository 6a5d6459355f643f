"""What `bench analytics` does on its database: seed, count, ask over HTTP, compare with SQL over the runs."""

import statistics
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from backend.accounts.models import ApiKey, KeyKind, User, Workspace
from backend.analytics.models import Change, Rollup
from backend.analytics.selectors import metric_value
from backend.analytics.services import month_keep, rebuild
from backend.analytics.sources import DIMENSIONS
from backend.cli.benches.analytics.seed import seed
from backend.cli.benches.table import Row
from backend.common.secrets import key_create
from backend.runs.models import Run

DAYS = 90
UNTIL = datetime(2026, 11, 21, 15, 20, tzinfo=UTC)
CHART_MS, PAGE_MS = 300, 200
REPEATS = 3
WITH_EVENTS = 0.1
"""The share of runs with events: all of them would double the time of seeding, and no chart reads them."""
TIMED = ("time_p50", "time_p95", "time_p99", "ttft_p50", "ttft_p95", "ttft_p99")
PLAIN = """
SELECT count(*) AS runs, sum(tokens) AS tokens, sum(cost) AS cost, count(*) FILTER (WHERE status = 'failed') AS errors,
       percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY elapsed_ms) AS time,
       percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY ttft_ms) AS ttft,
       count(DISTINCT conversation_id) AS conversations,
       count(DISTINCT coalesce('e:' || nullif(end_user, ''), 'm:' || user_id)) AS users
  FROM runs_run WHERE workspace_id = %(workspace)s AND created_at >= %(since)s AND created_at < %(until)s
"""


def seeded(count: int) -> Workspace:
    """Return the workspace with so many runs, made now or earlier."""
    call_command("migrate", verbosity=0)
    found = Workspace.objects.filter(name="many").first()
    if found is not None and Run.unscoped.filter(workspace=found).count() == count:
        return found
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever makes indexes of a full table, and counts it at once, is done sooner. References hold by themselves,
        # and the seed has the words that a trigger would make.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for name in (*(index.name for index in Run._meta.indexes), "run_of_words"):
            cursor.execute(f'DROP INDEX "{name}"')
        made = seed(count, days=DAYS, until=UNTIL, with_events=WITH_EVENTS)
        with connection.schema_editor() as editor:
            for index in Run._meta.indexes:
                editor.add_index(Run, index)
        cursor.execute(import_module("migrations.runs.0007_search").INDEX)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return made.workspace


def counted() -> float:
    """Count everything anew unless that is done; returns seconds, 0 when it was done."""
    if Rollup.objects.exists() and not Change.objects.exists() and not month_keep(timedelta(0)):
        return 0.0
    began = time.perf_counter()
    rebuild()
    took_s = time.perf_counter() - began
    Change.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE analytics_rollup")
        cursor.execute("VACUUM ANALYZE analytics_enduserrollup")
        cursor.execute("VACUUM ANALYZE analytics_combination")
        cursor.execute("VACUUM ANALYZE analytics_combinedrollup")
    return took_s


def measured(workspace: Workspace, counted_s: float, count: int) -> tuple[list[Row], dict[str, list[float]]]:
    """Return a row for each chart, each page of the list, and each number beside SQL's."""
    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.order_by("created_at").first()
    key = key_create("pat")
    ApiKey.objects.create(
        workspace=workspace, user=user, kind=KeyKind.PERSONAL, name="me", prefix=key.prefix, digest=key.digest
    )
    client = Client(headers={"Authorization": f"Bearer {key.plaintext}"})
    rows, raw = [], {"counting, s": [counted_s]}
    for name, (path, query, gate_ms) in {**_charts(workspace), **_pages(workspace)}.items():
        raw[name] = []
        for _ in range(REPEATS):
            cache.clear()
            began = time.perf_counter()
            answer = client.get(f"/api/v1/{path}", query)
            raw[name].append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.content
        took = statistics.median(raw[name])
        rows.append(Row(f"{name}, ms", took, gate_ms, f"at most {gate_ms} ms", took <= gate_ms))
    return [*rows, *_numbers(workspace, raw), *_counting(counted_s, count)], raw


Asked = Mapping[str, tuple[str, dict[str, str], int]]


def _charts(workspace: Workspace) -> Asked:
    app = str(Run.unscoped.filter(workspace=workspace).order_by("created_at").values_list("app_id", flat=True)[0])
    asked: dict[str, tuple[str, dict[str, str], int]] = {}
    for days in (1, 30, DAYS):
        since = (UNTIL - timedelta(days=days)).isoformat()
        for name, scope in (("", {}), (" of an app", {"app": app})):
            period = {"since": since, "until": UNTIL.isoformat(), **scope}
            add = f", {days} days{name}"
            asked[f"totals{add}"] = ("analytics/totals", period, CHART_MS)
            for chart in ("runs", "users", "time_p50,time_p95,time_p99"):
                query = {**period, "metric": chart}
                asked[f"{chart.split(',')[0]} over time{add}"] = ("analytics/series", query, CHART_MS)
            for dimension in DIMENSIONS:
                if dimension != "version" or scope:
                    asked[f"by {dimension}{add}"] = (
                        "analytics/breakdown",
                        {**period, "dimension": dimension},
                        CHART_MS,
                    )
    return {**asked, **_together(app)}


def _together(app: str) -> Asked:
    """Return charts of filters beside others, which sums by combination answer."""
    month = {"since": (UNTIL - timedelta(days=30)).isoformat(), "until": UNTIL.isoformat()}
    day = {**month, "since": (UNTIL - timedelta(days=1)).isoformat()}
    quarter = {**month, "since": (UNTIL - timedelta(days=DAYS)).isoformat()}
    asked: dict[str, tuple[str, dict[str, str], int]] = {}
    for name, period in (("1 days", day), ("30 days", month), (f"{DAYS} days", quarter)):
        two = {"model": "house/large", "source": "batch"}
        asked[f"totals of two filters, {name}"] = ("analytics/totals", {**period, **two}, CHART_MS)
        asked[f"totals of three filters, {name}"] = (
            "analytics/totals",
            {**period, "model": "qwen-7b", "source": "service_api", "version": "3"},
            CHART_MS,
        )
        for dimension in DIMENSIONS:
            two_of_an_app = {"source": "service_api", "model": "qwen-7b", "app": app}
            scopes = {"two filters of an app": two_of_an_app, "a source": {"source": "service_api"}}
            for scope, values in scopes.items():
                if dimension != "version" or "app" in values:
                    asked[f"by {dimension} of {scope}, {name}"] = (
                        "analytics/breakdown",
                        {**period, **values, "dimension": dimension},
                        CHART_MS,
                    )
    return asked


def _pages(workspace: Workspace) -> Asked:
    runs = Run.unscoped.filter(workspace=workspace)
    one = runs.filter(key__isnull=False, end_user__gt="").order_by("created_at")[:1].get()
    member = runs.filter(user__isnull=False).order_by("created_at")[:1].get()
    filters: dict[str, dict[str, str]] = {
        "all": {},
        "app": {"app": str(one.app_id)},
        "version of an app": {"app": str(one.app_id), "version": "1"},
        "model": {"model": "house/large"},
        "source": {"source": "batch"},
        "key": {"key": str(one.key_id)},
        "member": {"member": str(member.user_id)},
        "end user": {"end_user": one.end_user},
        "failed": {"status": "failed"},
        "error code": {"error_code": "worker_lost"},
        "disliked": {"feedback": "dislike"},
        "slow": {"elapsed_ms_min": "60000"},
        "a day": {"since": "2026-10-10", "until": "2026-10-11"},
        "dear": {"cost_min": "0.0099"},
        "slow to begin": {"ttft_ms_min": "3070"},
        "long": {"tokens_min": "2450"},
        "a word of one": {"search": "question 4711"},
        "a word of all": {"search": "answer"},
        "a word that no run has": {"search": "nowhere"},
        "a word of an app's failed": {"search": "answer", "app": str(one.app_id), "status": "failed"},
        "failed of a model": {"model": "house/large", "status": "failed"},
        "disliked of an app": {"feedback": "dislike", "app": str(one.app_id)},
        "slow of a key": {"elapsed_ms_min": "30000", "key": str(one.key_id)},
        "failed batches of a member": {"status": "failed", "source": "batch", "member": str(member.user_id)},
        "kind of node": {"node": "llm"},
        "a kind of node that no run has": {"node": "code"},
        "never": {"status": "paused", "app": str(one.app_id)},
    }
    # A page of long ago, as its address would be after many others.
    far = {"cursor": b64encode(urlencode({"p": str(UNTIL - timedelta(days=DAYS / 2))}).encode()).decode()}
    asked = {f"runs: {name}": ("runs", query, PAGE_MS) for name, query in filters.items()}
    asked |= {f"runs: {name}, far back": ("runs", {**query, **far}, PAGE_MS) for name, query in filters.items()}
    asked |= {f"count of runs: {name}": ("runs/count", query, PAGE_MS) for name, query in filters.items()}
    scopes = {"": {}, " of an app": {"app": str(one.app_id)}, " of a key": {"key": str(one.key_id)}}
    return {**asked, **{f"usage{name}": ("usage", scope, CHART_MS) for name, scope in scopes.items()}}


def _numbers(workspace: Workspace, raw: dict[str, list[float]]) -> list[Row]:
    since = UNTIL - timedelta(days=DAYS)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, {"workspace": workspace.id, "since": since, "until": UNTIL})
        assert cursor.description is not None
        plain = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    raw["SQL over the runs, s"] = [time.perf_counter() - began]
    exact = {name: float(plain[name]) for name in ("runs", "tokens", "cost", "errors", "conversations", "users")}
    exact |= dict(zip(TIMED, (float(value) for value in (*plain["time"], *plain["ttft"])), strict=True))
    rows = []
    for name, wanted in exact.items():
        found = metric_value(workspace.id, name, since, UNTIL) or 0.0
        within = 0.01 if name in TIMED else 0.07 if name in ("users", "conversations") else 1e-9
        gate = "within 1 %" if name in TIMED else "within 7 %" if name in ("users", "conversations") else "equal"
        rows.append(Row(f"{name}, 90 days", found, wanted, gate, abs(found - wanted) <= within * wanted))
    return rows


def _counting(counted_s: float, count: int) -> list[Row]:
    if not counted_s:
        return []
    return [Row("counting anew, runs/s", count / counted_s, count / counted_s, "shown, no gate", True)]
