"""Filters together, beside any dimension, tell from what is kept what the runs themselves tell."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
import pytest
from django.db import connection

from backend.analytics import sources
from backend.analytics.measures import IN_END_USERS, Sums
from backend.analytics.models import Combination, CombinedRollup
from backend.analytics.selectors import Key, sums_by, sums_most
from backend.analytics.sketches import Histogram
from backend.analytics.sources import DIMENSIONS, Choice, is_kept
from backend.cli.benches.analytics.seed import Seeded
from backend.runs.models import Run
from tests.backend.analytics.conftest import UNTIL, count_all

pytestmark = pytest.mark.django_db

SINCE = datetime(2026, 10, 29, 22, 17, tzinfo=UTC)


def most(choice: Choice) -> list[tuple[str, int, list[int]]]:
    found = sums_most(choice, "source", "cost", 3, ("elapsed",))
    return [(value, sums.runs, list(sums.elapsed.counts)) for value, sums in found.items()]


def told(choice: Choice, dimension: str, bucket: str = "") -> dict[Key, dict[str, object]]:
    """Return the sums in a form that can be compared; of an end user what is kept."""
    names = IN_END_USERS if dimension == "end_user" else [field.name for field in fields(Sums)]
    found = sums_by(choice, dimension=dimension, bucket=bucket)
    return {key: {name: _plain(getattr(sums, name)) for name in names} for key, sums in found.items()}


def _plain(value: object) -> object:
    match value:
        case np.ndarray():
            return value.tolist()
        case float():
            return pytest.approx(value)
        case Histogram():
            return [list(value.keys), list(value.counts)]
    return value


def filters(seeded: Seeded) -> list[Mapping[str, str]]:
    run = Run.unscoped.filter(workspace=seeded.workspace, key__isnull=False, created_at__gte=SINCE).order_by("id")[0]
    member = Run.unscoped.filter(workspace=seeded.workspace, user__isnull=False, source="console").order_by("id")[0]
    return [
        {"source": "service_api"},
        {"version": "2"},
        {"source": "service_api", "model": run.model},
        {"key": str(run.key_id), "error_code": "model_error"},
        {"member": str(member.user_id), "source": "console"},
        {"key": str(run.key_id), "model": run.model, "version": str(run.app_version or 0), "source": run.source},
        {"source": "batch", "version": "0"},
    ]


def test_any_filters_beside_any_dimension_equal_the_runs(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    count_all()
    app = Run.unscoped.filter(workspace=seeded.workspace, key__isnull=False).order_by("id")[0].app_id
    choices = [
        Choice(seeded.workspace.id, SINCE, UNTIL, of, values) for values in filters(seeded) for of in (None, app)
    ]
    asked = [(choice, dimension) for choice in choices for dimension in ("total", *DIMENSIONS)]
    assert all(is_kept(choice, dimension) for choice, dimension in asked)
    kept = [told(choice, dimension) for choice, dimension in asked]
    over_time = [told(choice, "total", bucket) for choice in choices for bucket in ("hour", "day")]
    listed = [most(choice) for choice in choices]
    monkeypatch.setattr(sources, "_kept", lambda *_: None)
    assert kept == [told(choice, dimension) for choice, dimension in asked]
    assert over_time == [told(choice, "total", bucket) for choice in choices for bucket in ("hour", "day")]
    assert listed == [most(choice) for choice in choices]
    assert sum(len(values) for values in kept) > 150


def test_a_combination_is_stored_once(seeded: Seeded) -> None:
    count_all()
    known = set(Combination.objects.values_list("id", flat=True))
    runs = Run.unscoped.filter(workspace=seeded.workspace)
    runs.update(cost=1)
    count_all()
    assert set(Combination.objects.values_list("id", flat=True)) == known
    assert set(CombinedRollup.objects.values_list("combination", flat=True)) == known
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT DISTINCT app_id, app_version, model, source, key_id, user_id,"
                       " error_code FROM runs_run) AS seen")  # fmt: skip
        assert Combination.objects.filter(node="").count() == cursor.fetchone()[0]


def test_times_of_an_end_user_are_those_of_the_runs(seeded: Seeded) -> None:
    values = {"end_user": "user-1", "source": "service_api"}
    assert not is_kept(Choice(seeded.workspace.id, SINCE, UNTIL, None, values))
    assert is_kept(Choice(seeded.workspace.id, SINCE, UNTIL, None, values), "end_user")
