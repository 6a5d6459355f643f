"""A reader may come, go and come back at any moment, and Redis may forget: the text stays whole."""

import asyncio
import random

import pytest

from agents.events import Event, RunFinished, RunStarted, TextDelta, TextReset
from backend.accounts.models import Workspace
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs import stream
from backend.runs.journal import Journal
from backend.runs.lease import LeaseLost, lease_claim
from backend.runs.models import Run, RunEvent, RunStatus
from tests.backend.runs.scripted import claim, run_stored, text_script, write_all

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "".join(f"{n} жук 漢字 🎈 " for n in range(150))


def shown(events: list[Event]) -> str:
    text = ""
    for event in events:
        if isinstance(event.body, TextDelta):
            text += event.body.text
        elif isinstance(event.body, TextReset):
            text = event.body.text
    return text


async def stored() -> tuple[Run, Journal, object]:
    workspace = await in_database(Workspace.objects.create, name="w")
    run = await in_database(run_stored, workspace)
    lease = await in_database(claim, run)
    return run, Journal(lease), lease


async def read(run: Run, after: int = 0, stop_after: int | None = None) -> list[Event]:
    events: list[Event] = []
    async for event in stream.follow(run.id, after):
        if event is None:
            continue
        events.append(event)
        if stop_after and len(events) >= stop_after:
            break
    return events


async def test_r11_a_reader_cut_off_200_times_gets_every_byte_once() -> None:
    run, journal, lease = await stored()
    await journal.open()
    dice = random.Random(7)

    async def write() -> None:
        for body in text_script(TEXT):
            await write_all(journal, lease, [body])
            if dice.random() < 0.3:
                await asyncio.sleep(0.002)
        await journal.close(keep=False)

    writer = asyncio.create_task(write())
    events: list[Event] = []
    cuts = 0
    while not events or not isinstance(events[-1].body, RunFinished):
        after = events[-1].seq if events else 0
        events += await read(run, after, stop_after=dice.randint(1, 2))
        cuts += 1
    await writer
    assert shown(events) == TEXT
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))
    # And once more from what is kept, cut inside the coalesced rows.
    for _ in range(max(40, 200 - cuts)):
        after = dice.choice(seqs)
        seen = [event for event in events if event.seq <= after]
        assert shown(seen + await read(run, after)) == TEXT


async def test_a_reader_gets_the_whole_text_when_redis_forgets_in_the_middle() -> None:
    run, journal, lease = await stored()
    await journal.open()
    reader = asyncio.create_task(read(run))
    script = text_script(TEXT)
    for position, body in enumerate(script):
        await write_all(journal, lease, [body])
        if position % 50 == 25:
            await redis_async().flushdb()
        await asyncio.sleep(0.001)
    await journal.close(keep=False)
    assert shown(await asyncio.wait_for(reader, 20)) == TEXT


async def test_a_new_attempt_takes_over_what_only_redis_knew_and_shuts_the_old_one_out() -> None:
    run, journal, _lease = await stored()
    await journal.open()
    await journal.append(RunStarted("", "", {}))
    await journal.append(TextDelta("llm", "half of "))
    await journal._publish()  # published, not kept: the worker dies now
    journal._stopping.set()
    journal._pending.clear()
    await in_database(Run.unscoped.filter(id=run.id).update, lease_expires_at="2020-01-01T00:00:00Z")
    second_lease = await in_database(lease_claim, run.id, "second")
    assert second_lease is not None
    second = Journal(second_lease)
    past = await second.open()
    assert shown([Event(0, 0.0, body) for body in past]) == "half of "
    # The old worker wakes up and goes on: nobody hears it, and it may not write.
    with pytest.raises(LeaseLost):
        await journal.finish(RunFinished({}, {}, 0.0), lambda _run: None)
    await write_all(second, second_lease, [TextReset("llm", "half of "), *text_script("the text")])
    await second.close(keep=False)
    events = await read(run)
    assert shown(events) == "half of the text"
    assert events[-1].seq > 1_000_000
    row = await in_database(Run.unscoped.get, id=run.id)
    assert row.status == RunStatus.SUCCEEDED
    assert row.attempt == 1


async def test_kept_rows_are_few_and_lag_by_one_interval_at_most() -> None:
    run, journal, _lease = await stored()
    await journal.open()
    for body in text_script(TEXT)[:-1]:
        await journal.append(body)
    await journal.close(keep=True)
    count = await in_database(RunEvent.objects.filter(run=run).count)
    assert 1 <= count <= 3


async def test_r12_silence_is_told_to_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.05)
    monkeypatch.setattr(stream, "BLOCK_MS", 50)
    run, journal, _lease = await stored()
    await journal.open()
    async for event in stream.follow(run.id):
        assert event is None
        break
    await journal.close(keep=False)
