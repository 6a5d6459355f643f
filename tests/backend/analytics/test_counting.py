"""Roll-ups tell what SQL over the runs tells: at once, after late changes, and after a rebuild."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Count, Sum

from backend.analytics.models import Change, CombinedRollup, EndUserRollup, Rollup
from backend.analytics.selectors import METRICS, metric_value, runs_used
from backend.analytics.services import changes_count, rebuild
from backend.apps.models import App
from backend.cli.benches.analytics.seed import Seeded
from backend.logs.models import Feedback
from backend.runs.models import Run
from tests.backend.analytics.conftest import RUNS, UNTIL, count_all
from tests.backend.conftest import Person
from tests.backend.world import run_create

pytestmark = pytest.mark.django_db

PLAIN = """
SELECT count(*) AS runs, count(DISTINCT conversation_id) AS conversations,
       count(DISTINCT coalesce('e:' || nullif(end_user, ''), 'm:' || user_id)) AS users,
       sum(tokens) AS tokens, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
       sum(cost) AS cost, count(*) FILTER (WHERE status = 'failed') AS errors,
       avg((status = 'failed')::int) AS error_rate, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p99,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY elapsed_ms) AS time_p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY elapsed_ms) AS time_p95,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY elapsed_ms) AS time_p99,
       1000 * sum(completion_tokens) FILTER (WHERE elapsed_ms > ttft_ms)
            / sum(elapsed_ms - ttft_ms) FILTER (WHERE elapsed_ms > ttft_ms AND completion_tokens > 0)
            AS tokens_per_second,
       (SELECT count(*) FROM logs_feedback f WHERE f.rating = 'like' AND f.run_id = ANY(array_agg(r.id))) AS likes,
       (SELECT count(*) FROM logs_feedback f WHERE f.rating = 'dislike' AND f.run_id = ANY(array_agg(r.id)))
            AS dislikes,
       (SELECT count(*) FROM runs_runevent e WHERE e.kind = 'sources' AND e.data->>'node_id' = 'find'
                AND e.run_id = ANY(array_agg(r.id))) AS retrievals,
       (SELECT count(*) FROM runs_runevent e WHERE e.kind = 'sources' AND e.data->'sources' = '[]'
                AND e.run_id = ANY(array_agg(r.id))) AS empty_retrievals,
       (SELECT sum((e.data->'usage'->>'cached_tokens')::int) FROM runs_runevent e WHERE e.kind = 'node_finished'
                AND e.run_id = ANY(array_agg(r.id))) AS cached_tokens
  FROM runs_run r WHERE workspace_id = %(workspace)s AND created_at >= %(since)s AND created_at < %(until)s
"""
DERIVED = {"satisfaction", "empty_retrieval_rate", "passages_per_retrieval", "prompt_cache_rate", "cached_nodes"}


def plain(seeded: Seeded, since: datetime, until: datetime, app: object = None) -> dict[str, Any]:
    """Return what SQL over the runs says."""
    values: Mapping[str, object] = {"workspace": seeded.workspace.id, "since": since, "until": until, "app": app}
    with connection.cursor() as cursor:
        cursor.execute(PLAIN + (" AND app_id = %(app)s" if app else ""), values)
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def kept() -> list[tuple[Any, ...]]:
    """Return every row of all tables, but for their ids."""
    rows: list[tuple[Any, ...]] = []
    for model in (Rollup, EndUserRollup, CombinedRollup):
        names = [field.attname for field in model._meta.fields if field.name != "id"]
        rows += sorted(model.objects.values_list(*names), key=repr)
    return rows


def agree(seeded: Seeded, since: datetime, until: datetime, app: object = None) -> None:
    expected = plain(seeded, since, until, app)
    assert set(METRICS) == set(expected) | DERIVED
    for name, wanted in expected.items():
        value = metric_value(seeded.workspace.id, name, since, until, app)  # type: ignore[arg-type]
        within = {"ms": 0.01, "tokens_per_s": 1e-5}.get(METRICS[name], 1e-9)
        nothing = 0 if METRICS[name] in ("count", "tokens", "usd") else None
        assert value == (nothing if wanted is None else pytest.approx(float(wanted), rel=within)), name


def test_every_metric_equals_sql_over_the_runs_in_any_period(seeded: Seeded) -> None:
    count_all()
    assert Rollup.objects.filter(grain="d").exists()
    app = Run.unscoped.filter(workspace=seeded.workspace).first().app_id  # type: ignore[union-attr]
    for since, until in (
        (seeded.since, UNTIL),
        (datetime(2026, 10, 29, 22, tzinfo=UTC), datetime(2026, 10, 31, 3, tzinfo=UTC)),
        (datetime(2026, 10, 29, 22, 17, tzinfo=UTC), datetime(2026, 10, 31, 3, 44, 59, tzinfo=UTC)),
        (datetime(2026, 10, 30, 5, 10, tzinfo=UTC), datetime(2026, 10, 30, 5, 20, tzinfo=UTC)),
    ):
        agree(seeded, since, until)
        agree(seeded, since, until, app)


def test_late_changes_are_counted_once_and_counting_twice_changes_nothing(seeded: Seeded) -> None:
    count_all()
    runs = Run.unscoped.filter(workspace=seeded.workspace)
    late, moved, liked, gone = runs.order_by("created_at")[:4]
    Run.unscoped.filter(id=late.id).update(
        finished_at=late.created_at + timedelta(hours=30), status="failed", error_code="late", cost=7
    )
    Run.unscoped.filter(id=moved.id).update(created_at=UNTIL + timedelta(days=400))  # by a clock that jumped
    Feedback.unscoped.filter(run=liked).delete()
    Feedback.objects.create(workspace=seeded.workspace, run=liked, rating="dislike")
    gone.delete()
    far = UNTIL + timedelta(days=500)
    assert Change.objects.exists()
    count_all()
    assert not Change.objects.exists()
    agree(seeded, seeded.since, far)
    before = kept()
    for hour in (late.created_at, UNTIL + timedelta(days=400)):
        Change.objects.create(workspace_id=seeded.workspace.id, hour=hour.replace(minute=0, second=0, microsecond=0))
    count_all()
    assert kept() == before


def test_a_rebuild_makes_what_counting_made(seeded: Seeded) -> None:
    count_all()
    before = kept()
    Rollup.objects.all().update(runs=1_000_000)
    CombinedRollup.objects.all().update(errors=1_000_000)
    EndUserRollup.objects.filter(value="user-0").delete()
    assert rebuild() == len({row[2].date() for row in before if row[1] != "m"})
    assert kept() == before


def test_whoever_dies_while_counting_leaves_all_as_it_was(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Change.objects.count()
    monkeypatch.setattr("backend.analytics.services._DAY_STATEMENTS", ("SELECT 1 / 0",))
    with pytest.raises(DataError), transaction.atomic():
        changes_count()
    assert (Change.objects.count(), Rollup.objects.count()) == (notes, 0)
    monkeypatch.undo()
    count_all()
    agree(seeded, seeded.since, UNTIL)


def test_runs_deleted_to_save_room_stay_in_the_numbers(seeded: Seeded) -> None:
    count_all()
    before = kept()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL atelier.numbers_stay = 'on'")
    day = seeded.since + timedelta(days=1)
    Run.unscoped.filter(workspace=seeded.workspace, created_at__lt=day).delete()
    assert not Change.objects.exists()
    assert kept() == before


def test_a_time_below_zero_counts_as_a_run_and_as_no_time(owner: Person) -> None:
    at = UNTIL - timedelta(days=2)
    app = App.objects.create(workspace=owner.workspace, name="a", slug="a", mode="chat")
    run = run_create(app, ttft_ms=-5.0)
    Run.unscoped.filter(id=run.id).update(created_at=at, finished_at=at - timedelta(hours=1))
    count_all()
    read = {name: metric_value(owner.workspace.id, name, at, UNTIL) for name in METRICS}
    assert (read["runs"], read["time_p50"], read["ttft_p99"], read["tokens_per_second"]) == (1, None, None, None)


def test_without_data_counts_are_zero_and_shares_and_times_are_none(owner: Person) -> None:
    for since in (UNTIL - timedelta(days=3), UNTIL - timedelta(minutes=3)):
        for name, unit in METRICS.items():
            value = metric_value(owner.workspace.id, name, since, UNTIL)
            is_none = unit in ("ratio", "ms", "tokens_per_s") or name == "passages_per_retrieval"
            assert value is None if is_none else value == 0, name


def test_another_workspace_counts_for_itself(seeded: Seeded, stranger: Person) -> None:
    count_all()
    assert metric_value(seeded.workspace.id, "runs", seeded.since, UNTIL) == RUNS
    assert metric_value(stranger.workspace.id, "runs", seeded.since, UNTIL) == 0


def test_use_equals_sql_over_the_runs_of_a_workspace_an_app_and_a_key(seeded: Seeded) -> None:
    count_all()
    since = datetime(2026, 10, 30, tzinfo=UTC)
    busy = Run.unscoped.filter(workspace=seeded.workspace, created_at__gte=since, key__isnull=False)[0]
    for scope in ({}, {"app_id": busy.app_id}, {"key_id": busy.key_id}, {"app_id": busy.app_id, "key_id": busy.key_id}):
        runs = Run.unscoped.filter(workspace=seeded.workspace, created_at__gte=since, **scope).order_by()
        wanted = runs.aggregate(runs=Count("id"), tokens=Sum("tokens"), cost=Sum("cost"))
        assert wanted["runs"]
        found = runs_used(seeded.workspace.id, since, scope.get("app_id"), scope.get("key_id"))
        assert asdict(found) == wanted


def test_the_seed_has_the_words_that_a_trigger_makes(seeded: Seeded) -> None:
    """The bench seeds a million runs without triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM runs_run WHERE words IS DISTINCT FROM"
            " to_tsvector('simple', query || ' ' || (outputs->>'answer'))"
        )
        assert cursor.fetchone() == (0,)
