"""Months that are over are rows of their own, and tell what their days tell."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.accounts.models import Workspace
from backend.analytics import selectors, sources
from backend.analytics.models import Change, CombinedRollup, EndUserRollup, Month, Rollup
from backend.analytics.selectors import sums_by, sums_most
from backend.analytics.services import changes_count, month_keep, rebuild
from backend.analytics.sources import DIMENSIONS, Choice, source_of
from backend.cli.benches.analytics.seed import seed
from backend.runs.models import Run
from tests.backend.analytics.conftest import UNTIL, count_all
from tests.backend.analytics.test_combinations import told
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db

SINCE = datetime(2026, 7, 20, 5, 41, tzinfo=UTC)
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (7, 8, 9, 10)]
BUSY = (1, 12, 24)
FILTERS = ({}, {"source": "service_api"}, {"source": "batch", "version": "0"})


@pytest.fixture
def workspace(owner: Person) -> Workspace:
    """The owner's, with runs on some days of four months, counted, and kept by the month."""
    made = seed(2000, days=104, until=UNTIL, workspace=owner.workspace)
    Run.unscoped.filter(workspace=made.workspace).exclude(created_at__day__in=BUSY).delete()
    Change.objects.exclude(hour__day__in=BUSY).delete()
    count_all()
    return made.workspace


def kept(workspace: Workspace) -> list[datetime]:
    rows = Month.objects.filter(workspace=workspace, is_kept=True)
    return list(rows.order_by("at").values_list("at", flat=True))


def test_a_period_of_months_tells_what_its_days_tell(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    choices = [Choice(workspace.id, since, UNTIL, None, values) for values in FILTERS for since in (SINCE, MONTHS[0])]
    asked = [(choice, dimension) for choice in choices for dimension in ("total", *DIMENSIONS)]

    def all_told() -> list[object]:
        by_value = [told(choice, dimension, bucket) for choice, dimension in asked for bucket in ("", "month")]
        most = [list(sums_most(choice, "end_user", "tokens", 5, ())) for choice in choices]
        return [by_value, most, [told(choice, "total", bucket) for choice in choices for bucket in ("day", "week")]]

    by_month = all_told()
    monkeypatch.setattr(selectors, "_months", lambda *_: [])
    by_day = all_told()
    monkeypatch.setattr(sources, "_kept", lambda *_: None)
    assert by_month == by_day == all_told()


def test_months_are_read_and_what_lies_around_them_by_the_day(workspace: Workspace) -> None:
    assert kept(workspace) == MONTHS
    for model in (Rollup, CombinedRollup, EndUserRollup):
        assert set(model.objects.filter(grain="m").values_list("at", flat=True)) == set(MONTHS)
    source = source_of(Choice(workspace.id, SINCE, UNTIL), longest="m", months=kept(workspace))
    months = source.sql.split(" UNION ALL ")
    (number,) = [number for number, piece in enumerate(months) if "'m'" in piece]
    assert (source.parameters[f"since_{number}"], source.parameters[f"until_{number}"]) == (MONTHS[1], UNTIL.replace(
        hour=0, minute=0
    ))  # fmt: skip


def test_a_month_that_is_not_kept_is_read_by_the_day(workspace: Workspace) -> None:
    Rollup.objects.filter(grain="m", at=MONTHS[2]).delete()
    Month.objects.filter(at=MONTHS[2]).update(is_kept=False)
    runs = Run.unscoped.filter(workspace=workspace, created_at__gte=SINCE, created_at__lt=UNTIL)
    assert sums_by(Choice(workspace.id, SINCE, UNTIL))[None, ""].runs == runs.count()


def test_what_changes_in_a_kept_month_is_read_by_the_day(workspace: Workspace) -> None:
    choice = Choice(workspace.id, SINCE, UNTIL)
    before = sums_by(choice)[None, ""].cost
    run = Run.unscoped.filter(workspace=workspace, created_at__gte=MONTHS[2], created_at__lt=MONTHS[3]).earliest("id")
    Run.unscoped.filter(id=run.id).update(cost=run.cost + 1000)
    changes_count()
    assert kept(workspace) == [month for month in MONTHS if month != MONTHS[2]]
    assert sums_by(choice)[None, ""].cost == pytest.approx(before + 1000)
    count_all()
    assert kept(workspace) == MONTHS
    assert sums_by(choice)[None, ""].cost == pytest.approx(before + 1000)


def test_a_month_is_kept_when_it_is_over_and_quiet(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    Month.objects.update(is_kept=False, changed_at=changed)
    now = [datetime(2026, 10, 31, 23, 59, tzinfo=UTC)]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now[0])

    def keep() -> list[datetime]:
        while month_keep():
            pass
        return kept(workspace)

    assert keep() == []
    now[0] = changed + timedelta(minutes=45)
    assert keep() == []
    now[0] = changed + timedelta(minutes=60)
    assert keep() == MONTHS
    Month.objects.update(is_kept=False)
    now[0] = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
    Month.objects.update(changed_at=now[0] - timedelta(days=1))
    assert keep() == MONTHS[:3]


def test_a_rebuild_counts_months_anew(workspace: Workspace) -> None:
    choice = Choice(workspace.id, SINCE, UNTIL)
    true = sums_by(choice)[None, ""].errors
    Rollup.objects.all().update(errors=1_000_000)
    assert sums_by(choice)[None, ""].errors != true
    rebuild()
    assert sums_by(choice)[None, ""].errors == true
    assert kept(workspace) == MONTHS
