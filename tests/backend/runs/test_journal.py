"""What a run waits for, what it need not wait for, and that nobody sees what is not stored yet."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from agents.events import Body, NodeFinished, NodeStarted, TextDelta
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs import journal as journal_module
from backend.runs.journal import Journal
from backend.runs.keeping import events_keep
from backend.runs.lease import Lease, LeaseLost
from backend.runs.live import live_read
from backend.runs.models import Run
from tests.backend.runs.scripted import claim, stored

pytestmark = pytest.mark.django_db(transaction=True)
PURE = NodeFinished("a", "template-transform", {"output": "x"})
COSTLY = NodeFinished("a", "llm", {"text": "x"})


class Disk:
    """Stands before the store: shut, nothing is written until it opens; lost, the lease went to another worker."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.opened.set()
        self.is_lost = False

    def keep(self, lease: Lease, rows: list[object], _redactor: object = None) -> None:
        assert self.opened.wait(60)
        if self.is_lost:
            raise LeaseLost("gone")
        events_keep(lease, rows)  # type: ignore[arg-type]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(journal_module, "events_keep", made.keep)
    yield made
    made.opened.set()


@asynccontextmanager
async def writing(run: Run) -> AsyncIterator[Journal]:
    lease = await in_database(claim, run)
    journal = Journal(lease)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close(keep=False)


async def shown(run: Run) -> list[str]:
    return [item.event.body.kind for item in await live_read(redis_async(), run.id, 0, block_ms=0)]


async def until_shown(run: Run, *kinds: str) -> None:
    async with asyncio.timeout(60):
        while await shown(run) != list(kinds):
            await asyncio.sleep(0.01)


async def _append_on_and_on(journal: Journal) -> None:
    while True:
        await journal.append(TextDelta("b", "."))
        await asyncio.sleep(0.01)


async def test_a_run_goes_on_while_the_outcome_of_a_pure_node_is_being_stored(disk: Disk) -> None:
    async with writing(await stored()) as journal:
        disk.opened.clear()
        await asyncio.wait_for(journal.append(PURE), 60)
        await asyncio.wait_for(journal.append(NodeStarted("b", "llm", "B")), 60)
        disk.opened.set()


@pytest.mark.parametrize("body", [COSTLY, NodeStarted("b", "http-request", "B")], ids=["costly", "with effects"])
async def test_a_run_waits_where_it_would_pay_or_act_twice(disk: Disk, body: Body) -> None:
    async with writing(await stored()) as journal:
        disk.opened.clear()
        await journal.append(PURE)
        waiting = asyncio.ensure_future(journal.append(body))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        disk.opened.set()
        await asyncio.wait_for(waiting, 60)


async def test_nobody_sees_what_is_not_stored_nor_what_follows_from_it(disk: Disk) -> None:
    run = await stored()
    async with writing(run) as journal:
        disk.opened.clear()
        await journal.append(PURE)
        await journal.append(TextDelta("b", "Hello"))
        await asyncio.sleep(0.5)
        assert await shown(run) == []
        disk.opened.set()
        await until_shown(run, "node_finished", "text_delta")


async def test_what_could_not_be_stored_is_never_shown_and_stops_the_run(disk: Disk) -> None:
    run = await stored()
    async with writing(run) as journal:
        disk.is_lost = True
        await journal.append(PURE)
        await journal.append(TextDelta("b", "Hello"))
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(_append_on_and_on(journal), 60)
        assert await shown(run) == []
