"""What retention removes stays in the numbers; whom an erasure forgets leaves them."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import Q
from django.utils import timezone

from backend.analytics.models import EndUserRollup, Rollup
from backend.analytics.selectors import metric_value
from backend.analytics.services import rebuild
from backend.cli.benches.analytics.seed import Seeded, seed
from backend.logs.erasing import EndUser, end_user_erase
from backend.logs.models import Feedback
from backend.logs.policies import retention_set
from backend.logs.retention import policies_due, policy_apply
from backend.runs.models import Run
from backend.runs.removal import runs_remove
from tests.backend.analytics.conftest import count_all
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = 300


@pytest.fixture
def aged(owner: Person) -> Seeded:
    """Runs of four days, the last of them two days ago."""
    return seed(RUNS, days=4, until=timezone.now() - timedelta(days=2), workspace=owner.workspace, with_events=0)


def retain(owner: Person, days: int) -> None:
    retention_set(workspace_id=owner.workspace.id, days=days, actor=None)
    for policy_id in policies_due():
        policy_apply(policy_id)


def whole_hours(seeded: Seeded) -> tuple[datetime, datetime]:
    """Return the period in whole hours: what is cut off is counted from the runs themselves, which are gone."""
    since, until = (moment.replace(minute=0, second=0, microsecond=0) for moment in (seeded.since, seeded.until))
    return since, until + timedelta(hours=1)


def hour_of(run: Run) -> datetime:
    return run.created_at.replace(minute=0, second=0, microsecond=0)


def test_retention_counts_what_goes_before_it_goes(owner: Person, aged: Seeded) -> None:
    assert not Rollup.objects.exists()
    retain(owner, 1)
    assert not Run.unscoped.exists()
    count_all()
    assert metric_value(owner.workspace.id, "runs", *whole_hours(aged)) == RUNS


def test_an_hour_that_lost_runs_is_not_counted_from_those_left(owner: Person, aged: Seeded) -> None:
    count_all()
    since, until = whole_hours(aged)
    runs = list(Run.unscoped.filter(workspace=owner.workspace).order_by("created_at"))
    cut = next(run for before, run in pairwise(runs) if hour_of(before) == hour_of(run))
    while runs_remove(owner.workspace.id, Q(created_at__lt=cut.created_at), numbers_stay=True).runs:
        pass
    assert 0 < Run.unscoped.count() < RUNS
    Feedback.objects.create(workspace=owner.workspace, run=cut, rating="like", end_user="somebody late")
    count_all()
    assert metric_value(owner.workspace.id, "runs", since, until) == RUNS
    rebuild()
    assert metric_value(owner.workspace.id, "runs", since, until) == RUNS


def test_an_erased_end_user_leaves_the_numbers_of_removed_runs(owner: Person, aged: Seeded) -> None:
    count_all()
    name = EndUserRollup.objects.order_by("at").values_list("value", flat=True)[0]
    retain(owner, 1)
    assert EndUserRollup.objects.filter(value=name).exists()
    end_user_erase(EndUser(owner.workspace.id, name), lambda _: None)
    count_all()
    assert not EndUserRollup.objects.filter(value=name).exists()
    assert metric_value(owner.workspace.id, "runs", *whole_hours(aged)) == RUNS
