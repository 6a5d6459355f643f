"""A workspace that was busy for four days."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.analytics.services import changes_count, month_keep
from backend.cli.benches.analytics.seed import Seeded, seed
from tests.backend.conftest import Person

UNTIL = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
RUNS = 700


def count_all() -> None:
    """Count whatever has changed, and months that are over."""
    while changes_count() or month_keep(timedelta(0)):
        pass


@pytest.fixture
def seeded(owner: Person) -> Seeded:
    """Runs of the owner's workspace, not counted yet."""
    return seed(RUNS, days=4, until=UNTIL, workspace=owner.workspace)
