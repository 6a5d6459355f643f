"""Runs are born in the hands of a worker that listens; whatever becomes of the call, each is executed once."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from backend.accounts.models import Workspace
from backend.common.database import in_database
from backend.common.redis import redis_async, redis_sync
from backend.runs import journal, tasks
from backend.runs.calls import Call, Ears, ears, lease_of_call, start_channel
from backend.runs.execution import Execution
from backend.runs.live import stream_key
from backend.runs.models import Run, RunSource, RunStatus
from backend.runs.runner import Runner
from backend.runs.services import Origin, run_create, run_start
from tests.agents.fakes import Reply, ScriptedModel, always
from tests.backend.runs.scripted import chat, reload, until

pytestmark = pytest.mark.django_db(transaction=True)
ANSWER = "It jumps."


@pytest.fixture(autouse=True)
async def _nothing_known() -> AsyncIterator[None]:
    ears.cache_clear()
    redis_sync().delete("runs")
    yield
    ears.cache_clear()


def queued() -> int:
    return int(redis_sync().llen("runs"))


async def listening(room: int) -> Runner:
    runner = Runner(f"w-{uuid.uuid4()}", room=room)
    channel = start_channel(runner.owner)
    await until(lambda: channel in redis_sync().pubsub_channels(channel))
    return runner


async def start() -> tuple[Run, list[Call | None]]:
    workspace = await in_database(Workspace.objects.create, name="w")
    spec, calls = chat(workspace), []

    def store(call: Call | None) -> Run:
        calls.append(call)
        return run_create(spec=spec, origin=Origin(workspace.id, RunSource.CONSOLE), call=call)

    return await run_start(spec, store), calls


async def ended(run: Run) -> Run:
    async with asyncio.timeout(20):
        while (row := await reload(run)).status in {RunStatus.QUEUED, RunStatus.RUNNING}:
            await asyncio.sleep(0.02)
    return row


async def test_a_worker_that_listens_is_called_and_the_queue_stays_empty(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model_says(always(ANSWER))
    runner = await listening(room=4)
    try:
        run, (call,) = await start()
        assert call is not None
        assert (run.lease_owner, run.status) == (runner.owner, RunStatus.RUNNING), "born in its hands"
        row = await ended(run)
        assert (row.status, row.outputs, row.attempt) == (RunStatus.SUCCEEDED, {"answer": ANSWER}, 0)
        assert queued() == 0
    finally:
        await asyncio.to_thread(runner.release_all)


async def test_a_run_that_nobody_hears_of_is_queued() -> None:
    run, calls = await start()
    assert calls == [None]
    assert (run.status, run.lease_token, queued()) == (RunStatus.QUEUED, None, 1)


async def test_a_worker_of_another_database_of_the_same_redis_is_not_called() -> None:
    own = start_channel("theirs")
    async with redis_async().pubsub() as ear:
        await ear.subscribe(f"1{own}")  # another index; Redis tells all of them of every channel
        await ear.get_message(timeout=5)
        assert await Ears().next_owner() is None
        _, calls = await start()
        assert (calls, queued()) == ([None], 1)


async def test_a_worker_that_has_gone_since_does_not_keep_the_run() -> None:
    ears().owners, ears().asked_at = ("gone",), float("inf")
    run, calls = await start()
    assert calls == [None]
    assert (run.status, queued()) == (RunStatus.QUEUED, 1)
    assert await Ears().next_owner() is None


async def test_a_worker_without_room_passes_the_run_on(model_says: Callable[..., ScriptedModel]) -> None:
    model = model_says(lambda request: Reply("text", blocks=True))
    runner = await listening(room=1)
    try:
        await start()
        await until(lambda: model.open_streams == 1)
        second, _ = await start()
        await until(lambda: queued() == 1)
        row = await reload(second)
        assert (row.status, row.lease_token, row.started_at) == (RunStatus.QUEUED, None, None)
    finally:
        await asyncio.to_thread(runner.release_all)


async def test_calls_go_to_the_workers_in_turn() -> None:
    known = Ears(("a", "b"), asked_at=float("inf"))
    assert [await known.next_owner() for _ in range(4)] == ["b", "a", "b", "a"]


async def test_the_queue_s_message_waits_for_a_run_that_is_being_executed_here(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model = model_says(lambda request: Reply("text", blocks=True))
    runner = await listening(room=4)
    try:
        run, _ = await start()
        await until(lambda: model.open_streams == 1)
        message = asyncio.ensure_future(asyncio.to_thread(runner.run, run.id))
        await asyncio.sleep(0.1)
        assert not message.done(), "acknowledged only once the run is over"
    finally:
        await asyncio.to_thread(runner.release_all)
    await asyncio.wait_for(message, 10)


async def heard(workspace: Workspace) -> tuple[Call, Execution]:
    """Return a call and the execution that a worker would begin when it hears it."""
    spec = chat(workspace)
    call = Call("w1", uuid.uuid4(), timezone.now())
    async with redis_async().pubsub() as ear:
        await ear.subscribe(start_channel("w1"))
        await ear.get_message(timeout=5)
        assert await call.send(spec)
        message = await ear.get_message(ignore_subscribe_messages=True, timeout=5)
    lease = lease_of_call(message["data"])
    assert lease.spec == spec
    return call, Execution(lease.run_id, "w1", lease)


async def test_the_work_begins_before_the_row_is_there_and_is_kept_once_it_is(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model_says(always(ANSWER))
    workspace = await in_database(Workspace.objects.create, name="w")
    call, execution = await heard(workspace)
    working = asyncio.ensure_future(execution.run())
    await until(lambda: bool(redis_sync().exists(stream_key(execution.run_id))))
    assert not working.done()
    spec = execution._lease.spec  # type: ignore[union-attr]
    origin = Origin(workspace.id, RunSource.CONSOLE)
    run = await in_database(run_create, spec=spec, origin=origin, call=call)
    await asyncio.wait_for(working, 10)
    row = await reload(run)
    assert (row.status, row.outputs) == (RunStatus.SUCCEEDED, {"answer": ANSWER})


async def test_a_run_whose_row_never_comes_ends_without_a_trace(
    model_says: Callable[..., ScriptedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROW_PATIENCE_S", 0.1)
    model_says(always(ANSWER))
    workspace = await in_database(Workspace.objects.create, name="w")
    _, execution = await heard(workspace)
    await asyncio.wait_for(execution.run(), 10)
    assert not await in_database(Run.unscoped.filter(id=execution.run_id).exists)


async def test_a_run_whose_worker_died_with_the_call_is_found_by_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.execute, "apply_async", lambda arguments, **_: sent.append(arguments[0]))
    workspace = await in_database(Workspace.objects.create, name="w")
    call = Call("dead", uuid.uuid4(), timezone.now() - timedelta(minutes=1))
    spec = chat(workspace)
    run = await in_database(run_create, spec=spec, origin=Origin(workspace.id, RunSource.CONSOLE), call=call)
    await in_database(tasks.sweep)
    assert sent == [str(run.id)]
