"""Analytics over HTTP: each number leads to its runs, bad periods are refused, an empty one says so."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from backend.analytics.sources import DIMENSIONS, Choice, is_kept
from backend.apps.models import App
from backend.cli.benches.analytics.seed import Seeded
from backend.runs.models import Run
from tests.backend.analytics.conftest import RUNS, UNTIL, count_all
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db


def ask(person: Person, path: str, **query: object) -> Any:
    answer = person.client.get(f"/api/v1/analytics/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def period(seeded: Seeded) -> dict[str, object]:
    return {"since": seeded.since.isoformat(), "until": seeded.until.isoformat()}


def runs_behind(person: Person, filters: dict[str, str]) -> int:
    answer = person.client.get("/api/v1/runs/count", filters)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert not found["is_more"]
    return int(found["count"])


def busiest(seeded: Seeded) -> App:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT app_id FROM runs_run WHERE workspace_id = %s GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            [seeded.workspace.id],
        )
        return App.objects.within(seeded.workspace.id).get(id=cursor.fetchone()[0])


def test_each_row_of_each_breakdown_leads_to_as_many_runs_as_it_counts(owner: Person, seeded: Seeded) -> None:
    count_all()
    app = busiest(seeded)
    for dimension in DIMENSIONS:
        if dimension == "node":
            continue
        query = {**period(seeded), "app": str(app.id), "dimension": dimension, "limit": 3}
        rows = ask(owner, "breakdown", **query)["rows"]
        assert rows, dimension
        for row in rows:
            assert row["values"]["runs"] == runs_behind(owner, row["runs"]) > 0, (dimension, row)
            errors = runs_behind(owner, {**row["runs"], "status": "failed"})
            assert row["values"]["errors"] == errors, (dimension, row)
    assert ask(owner, "breakdown", **period(seeded), dimension="app")["rows"][0]["label"] == app.name


def test_totals_lead_to_their_runs_and_points_add_up(owner: Person, seeded: Seeded) -> None:
    count_all()
    middle = UNTIL - timedelta(days=2)
    said = ask(owner, "totals", since=middle.isoformat(), until=UNTIL.isoformat(), bucket="hour")
    totals = {total["metric"]: total for total in said["totals"]}
    runs = totals["runs"]
    assert runs["value"] == runs_behind(owner, runs["runs"]) == sum(runs["points"])
    assert runs["previous"] == RUNS - runs["value"]
    assert totals["users"]["is_exact"]
    assert not said["is_behind"]
    rate = totals["error_rate"]
    assert rate["value"] == pytest.approx(runs_behind(owner, rate["runs"]) / runs["value"])
    points = ask(owner, "series", **period(seeded), metric="errors", bucket="day")["points"]
    assert [point["values"]["errors"] for point in points] == [runs_behind(owner, p["runs"]) for p in points]
    assert (points[0]["since"], points[-1]["until"]) == ("2026-10-28T09:30:00Z", "2026-11-01T09:30:00Z")


def test_what_roll_ups_keep_and_what_the_runs_tell_is_the_same(owner: Person, seeded: Seeded) -> None:
    count_all()
    app, key = busiest(seeded), Run.unscoped.filter(key__isnull=False, end_user__gt="").first()
    assert key is not None
    for filters in (
        {"model": "qwen-7b"},
        {"key": str(key.key_id), "app": str(app.id)},
        {"error_code": "model_error"},
        {"version": "2", "app": str(app.id)},
        {"version": "2"},
        {"end_user": key.end_user},
        {"source": "service_api", "model": "qwen-7b", "version": "2"},
        {"source": "service_api", "end_user": key.end_user},
    ):
        totals = ask(owner, "totals", **period(seeded), **filters)["totals"]
        assert totals[0]["value"] == runs_behind(owner, totals[0]["runs"]) > 0, filters
        by_app = ask(owner, "breakdown", **period(seeded), **filters, dimension="app")["rows"]
        assert sum(row["values"]["runs"] for row in by_app) == totals[0]["value"], filters
    choice = Choice(seeded.workspace.id, seeded.since, UNTIL, values={"source": "b", "end_user": "a"})
    assert not is_kept(choice), "else the last of the cases shows nothing"


def test_nodes_are_counted_by_kind(owner: Person, seeded: Seeded) -> None:
    count_all()
    rows = {row["value"]: row for row in ask(owner, "breakdown", **period(seeded), dimension="node")["rows"]}
    succeeded = Run.unscoped.filter(workspace=seeded.workspace, status="succeeded").count()
    assert {kind: row["values"]["runs"] for kind, row in rows.items()} == {
        "knowledge-retrieval": succeeded,
        "llm": succeeded,
    }
    for row in rows.values():
        assert runs_behind(owner, row["runs"]) == succeeded
    assert 5 <= rows["knowledge-retrieval"]["values"]["time_p50"] <= 45 * 1.01
    assert rows["llm"]["values"]["tokens"] > 0


def test_a_period_without_runs_has_zeros_and_nulls(owner: Person) -> None:
    said = ask(owner, "totals")
    totals = {total["metric"]: total for total in said["totals"]}
    assert (totals["runs"]["value"], totals["cost"]["value"], totals["users"]["previous"]) == (0, 0, 0)
    assert totals["error_rate"]["value"] is totals["time_p50"]["value"] is totals["satisfaction"]["previous"] is None
    points = ask(owner, "series", metric="time_p50,time_p95,time_p99")["points"]
    assert len(points) == 8
    assert {value for point in points for value in point["values"].values()} == {None}
    assert ask(owner, "breakdown")["rows"] == []


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ({"since": "lunch"}, "lunch"),
        ({"until": "2026-13-01"}, "2026-13-01"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "begin before it ends"),
        ({"since": "0001-01-01", "until": "2026-11-01"}, "year"),
        ({"since": "9999-12-31T23:59:59Z"}, "year"),
        ({"since": "2000-01-01", "until": "2026-01-01"}, "too long"),
        ({"since": "2026-01-01", "until": "2026-10-01", "bucket": "hour"}, "longer steps"),
        ({"bucket": "second"}, "hour, day"),
        ({"app": "mine"}, "app"),
        ({"key": "k"}, "key"),
        ({"version": "-1"}, "version"),
        ({"source": "nowhere"}, "source"),
        ({"model": "\0"}, "model"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_reason(owner: Person, query: dict[str, str], about: str) -> None:
    for path in ("totals", "export"):
        answer = owner.client.get(f"/api/v1/analytics/{path}", {**query, "table": "series"})
        assert answer.status_code == 400, answer.content
        assert about in answer.json()["message"]
        assert answer.json()["extra"]["fields"]


def test_what_does_not_exist_is_refused(owner: Person) -> None:
    for path, query in (
        ("series", {"metric": "luck"}),
        ("series", {"metric": "runs,cost"}),
        ("breakdown", {"dimension": "moon"}),
        ("breakdown", {"dimension": "version"}),
        ("breakdown", {"sort": "luck"}),
        ("breakdown", {"limit": "0"}),
        ("breakdown", {"limit": "1000"}),
        ("export", {"table": "moon"}),
    ):
        answer = owner.client.get(f"/api/v1/analytics/{path}", query)
        assert answer.status_code == 400, (path, query)
        assert answer.json()["extra"]["fields"]


def test_tables_come_as_csv_without_formulas(owner: Person, seeded: Seeded) -> None:
    app = busiest(seeded)
    App.unscoped.filter(id=app.id).update(name="=cmd()")
    count_all()
    answer = owner.client.get("/api/v1/analytics/export", {**period(seeded), "table": "breakdown", "dimension": "app"})
    assert answer["Content-Disposition"] == 'attachment; filename="analytics-breakdown.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    shown = ask(owner, "breakdown", **period(seeded), dimension="app")["rows"]
    assert [(row["app"], float(row["runs"])) for row in rows] == [(r["value"], r["values"]["runs"]) for r in shown]
    assert rows[0]["name"] == "'=cmd()"
    answer = owner.client.get("/api/v1/analytics/export", {"table": "series", "metric": "time_p50"})
    assert [row["time_p50"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))] == [""] * 8


def test_a_stranger_sees_nothing_of_it(stranger: Person, owner: Person, seeded: Seeded) -> None:
    count_all()
    app = busiest(seeded)
    for filters in ({}, {"app": str(app.id)}, {"model": "qwen-7b"}, {"model": "qwen-7b", "source": "openai"}):
        assert ask(stranger, "totals", **period(seeded), **filters)["totals"][0]["value"] == 0
    for dimension in DIMENSIONS:
        query = {**period(seeded), "dimension": dimension, "app": str(app.id)}
        assert ask(stranger, "breakdown", **query)["rows"] == [], dimension
