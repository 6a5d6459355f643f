"""Leases of background jobs: one holder at a time, and the last one to write is the one that holds."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from backend.common.redis import redis_sync
from backend.datasets.adapters import JOBS_QUEUE
from backend.datasets.lease import LeaseLost
from backend.datasets.models import Dataset, RetrievalTestSet
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)
PENDING = Q(generation__is_running=True)


@pytest.fixture
def row(owner: Person) -> RetrievalTestSet:
    """A row that waits for somebody."""
    own = {"workspace": owner.workspace}
    dataset = Dataset.objects.create(**own, name="d", embedding_model="m")
    return RetrievalTestSet.objects.create(**own, dataset=dataset, name="t", generation={"is_running": True})


def claimed(row: RetrievalTestSet) -> RowLease | None:
    found = row_claim(RetrievalTestSet, row.id, PENDING)
    return found[1] if found else None


def expire(row: RetrievalTestSet) -> None:
    RetrievalTestSet.unscoped.filter(id=row.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_row_is_held_by_one_until_the_lease_ends(row: RetrievalTestSet) -> None:
    first = claimed(row)
    assert first is not None
    assert claimed(row) is None
    first.end(generation={"is_running": False})
    assert claimed(row) is None, "it waits for nobody any more"


def test_whoever_lost_a_lease_writes_nothing_more(row: RetrievalTestSet) -> None:
    first = claimed(row)
    expire(row)
    second = claimed(row)
    assert first is not None and second is not None
    for write in (first.renew, first.end, lambda **values: first.postpone(1, **values)):
        with pytest.raises(LeaseLost):
            write(name="written by the first")
    second.renew(name="written by the second")
    second.renew()
    assert RetrievalTestSet.unscoped.get(id=row.id).name == "written by the second"


def test_a_deleted_row_is_a_lost_lease(row: RetrievalTestSet) -> None:
    lease = claimed(row)
    assert lease is not None
    RetrievalTestSet.unscoped.filter(id=row.id).delete()
    with pytest.raises(LeaseLost):
        lease.renew()


def test_a_postponed_row_waits_its_pause(row: RetrievalTestSet) -> None:
    lease = claimed(row)
    assert lease is not None
    lease.postpone(60)
    assert claimed(row) is None
    assert rows_due(RetrievalTestSet, PENDING) == []
    expire(row)
    assert rows_due(RetrievalTestSet, PENDING) == [row.id]
    assert claimed(row) is not None


def test_a_message_is_sent_again_when_it_is_lost_and_not_while_it_waits(row: RetrievalTestSet) -> None:
    redis_sync().delete(JOBS_QUEUE)
    assert rows_due(RetrievalTestSet, PENDING) == [row.id]
    redis_sync().lpush(JOBS_QUEUE, "a message")
    assert rows_due(RetrievalTestSet, PENDING) == []


def test_only_rows_that_nobody_works_on_are_spent(row: RetrievalTestSet) -> None:
    assert rows_spent(RetrievalTestSet, PENDING) == [row.id]
    assert claimed(row) is not None
    assert rows_spent(RetrievalTestSet, PENDING) == []
    expire(row)
    assert rows_spent(RetrievalTestSet, PENDING) == [row.id]


def test_a_kept_lease_outlives_its_length(row: RetrievalTestSet) -> None:
    lease = claimed(row)
    assert lease is not None
    before = RetrievalTestSet.unscoped.get(id=row.id).lease_expires_at

    async def work() -> None:
        async with kept(lease, every_s=0.01):
            for _ in range(500):
                await asyncio.sleep(0.01)
                now = await asyncio.to_thread(RetrievalTestSet.unscoped.get, id=row.id)
                if now.lease_expires_at > before:
                    return
        pytest.fail("the lease was never renewed")

    asyncio.run(work())


def test_work_stops_when_another_has_taken_over(row: RetrievalTestSet) -> None:
    lease = claimed(row)
    assert lease is not None
    expire(row)
    assert claimed(row) is not None
    went_on = False

    async def work() -> Any:
        nonlocal went_on
        async with kept(lease, every_s=0.01):
            await asyncio.sleep(60)
            went_on = True

    with pytest.raises(LeaseLost):
        asyncio.run(work())
    assert not went_on
