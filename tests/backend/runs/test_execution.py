"""Runs end once and whatever happens: finished, failed, cancelled, given back or taken over."""

import asyncio
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.events import Body, NodeFinished, NodeStarted, RunFinished, TextDelta, TextReset
from agents.types import RunSpec
from backend.accounts.models import Workspace
from backend.common.database import in_database
from backend.common.redis import redis_async, redis_sync
from backend.runs import selectors, services, tasks
from backend.runs.execution import Execution
from backend.runs.journal import Journal, row_of
from backend.runs.lease import MAX_ATTEMPTS, lease_claim
from backend.runs.live import cancel_channel
from backend.runs.models import Run, RunEvent, RunStatus
from backend.runs.runner import Runner
from tests.agents.fakes import Reply, ScriptedModel, always
from tests.backend.runs.scripted import chat, reload, run_stored, stored, until

pytestmark = pytest.mark.django_db(transaction=True)
ANSWER = "The quick brown fox jumps over the lazy dog, twice."


async def bodies(run: Run) -> list[Body]:
    def read() -> list[Body]:
        return [row_of(record).event.body for record in RunEvent.objects.filter(run=run).order_by("seq")]

    return await in_database(read)


def shown(events: list[Body]) -> str:
    text = ""
    for body in events:
        if isinstance(body, TextDelta):
            text += body.text
        elif isinstance(body, TextReset):
            text = body.text
    return text


async def test_a_run_ends_with_its_outputs_tokens_and_cost(model_says: Callable[..., ScriptedModel]) -> None:
    model_says(always(ANSWER))
    run = await stored()
    await Execution(run.id, "w1").run()
    row = await reload(run)
    assert row.status == RunStatus.SUCCEEDED
    assert row.outputs["answer"] == ANSWER == shown(await bodies(run))
    assert row.prompt_tokens > 0
    assert row.completion_tokens > 0
    assert row.cost == row.prompt_tokens + 10 * row.completion_tokens
    assert row.ttft_ms is not None
    assert row.lease_expires_at is None
    last = (await bodies(run))[-1]
    assert isinstance(last, RunFinished)
    assert Decimal(last.cost) == row.cost


async def test_r03_two_workers_with_the_same_message_execute_a_run_once(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model = model_says(always(ANSWER))
    run = await stored()
    await asyncio.gather(*(Execution(run.id, f"w{n}").run() for n in range(5)))
    assert len(model.requests) == 1
    assert sum(isinstance(body, NodeStarted) and body.node_id == "llm" for body in await bodies(run)) == 1


@pytest.mark.parametrize("continues", [True, False])
async def test_a_run_given_back_in_the_middle_goes_on_where_it_was(
    model_says: Callable[..., ScriptedModel], continues: bool
) -> None:
    half = ANSWER[:20]
    model = model_says(lambda request: Reply(half, blocks=True), supports_continuation=continues)
    run = await stored()
    first = Execution(run.id, "w1")
    task = asyncio.create_task(first.run())
    await until(lambda: "".join(model.generated) == half)
    first.release()
    await task
    row = await reload(run)
    assert row.status == RunStatus.RUNNING
    model.script = always(ANSWER)
    model.generated.clear()
    await Execution(run.id, "w2").run()
    events = await bodies(run)
    assert shown(events) == ANSWER == (await reload(run)).outputs["answer"]
    assert "".join(model.generated) == (ANSWER[20:] if continues else ANSWER)
    finished = [body.node_id for body in events if isinstance(body, NodeFinished)]
    assert sorted(finished) == sorted(set(finished)), "no finished node ran twice"
    assert sum(isinstance(body, NodeStarted) and body.node_id == "start" for body in events) == 1


async def test_r10_cancel_ends_twenty_decoding_runs_and_closes_their_models(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model = model_says(lambda request: Reply("some text", blocks=True))
    workspace = await in_database(Workspace.objects.create, name="w")
    runs = [await in_database(run_stored, workspace, chat(workspace)) for _ in range(20)]
    runner = Runner("w1")
    threads = [threading.Thread(target=runner.run, args=(run.id,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    await until(lambda: model.open_streams == 20)
    for run in runs:
        await in_database(services.run_cancel, run=run)
    await until(lambda: not any(thread.is_alive() for thread in threads))
    assert model.open_streams == 0
    for run in runs:
        row = await reload(run)
        assert row.status == RunStatus.CANCELLED
        assert row.outputs == {"answer": "some text"}


async def test_a_cancel_before_the_first_step_ends_the_run(model_says: Callable[..., ScriptedModel]) -> None:
    model = model_says(always(ANSWER))
    run = await stored()
    lease = await in_database(lease_claim, run.id, "w1")
    assert lease is not None
    await Execution(run.id, "w1", replace(lease, cancel_requested=True)).run()
    row = await reload(run)
    assert (row.status, row.lease_expires_at, model.generated) == (RunStatus.CANCELLED, None, [])


async def test_a_run_that_is_given_back_before_the_first_step_is_left_to_the_next_worker(
    model_says: Callable[..., ScriptedModel],
) -> None:
    model_says(always(ANSWER))
    run = await stored()
    first = Execution(run.id, "w1")
    first.release()
    await first.run()
    assert (await reload(run)).status == RunStatus.RUNNING
    await Execution(run.id, "w2").run()
    assert (await reload(run)).outputs["answer"] == ANSWER


async def test_a_cancel_that_comes_while_the_end_is_stored_changes_nothing(
    model_says: Callable[..., ScriptedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model_says(always(ANSWER))
    run = await stored()
    execution = Execution(run.id, "w1")
    finish = Journal.finish

    async def disturbed(*given: object) -> None:
        execution.cancel()
        await finish(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "finish", disturbed)
    await execution.run()
    assert (await reload(run)).status == RunStatus.SUCCEEDED


async def test_cancel_is_honoured_by_the_heartbeat_when_redis_says_nothing(
    model_says: Callable[..., ScriptedModel], settings: object
) -> None:
    settings.RUN_HEARTBEAT_S = 0.05  # type: ignore[attr-defined]
    model = model_says(lambda request: Reply("text", blocks=True))
    run = await stored()
    task = asyncio.create_task(Execution(run.id, "w1").run())
    await until(lambda: model.open_streams == 1)
    await in_database(Run.unscoped.filter(id=run.id).update, cancel_requested_at="2026-01-01T00:00:00Z")
    await asyncio.wait_for(task, 10)
    assert (await reload(run)).status == RunStatus.CANCELLED


async def test_a_queued_run_is_cancelled_without_a_worker(model_says: Callable[..., ScriptedModel]) -> None:
    run = await stored()
    row = await in_database(services.run_cancel, run=run)
    assert row.status == RunStatus.CANCELLED
    model = model_says(always(ANSWER))
    await Execution(run.id, "w1").run()
    assert model.requests == []


async def test_an_ended_run_stays_as_it_is_when_somebody_cancels_it(model_says: Callable[..., ScriptedModel]) -> None:
    model_says(always(ANSWER))
    run = await stored()
    await Execution(run.id, "w1").run()
    assert (await in_database(services.run_cancel, run=run)).status == RunStatus.SUCCEEDED


async def test_a_failing_model_fails_the_run_with_its_reason(model_says: Callable[..., ScriptedModel]) -> None:
    model_says(lambda request: Reply("half", error=RuntimeError("secret internals")))
    run = await stored()
    await Execution(run.id, "w1").run()
    row = await reload(run)
    assert row.status == RunStatus.FAILED
    assert row.error_code
    assert "secret internals" not in row.error_message
    assert row.outputs == {"answer": "half"}


async def test_a_run_over_its_time_limit_fails(model_says: Callable[..., ScriptedModel], settings: object) -> None:
    settings.RUN_MAX_S = 0.2  # type: ignore[attr-defined]
    model = model_says(lambda request: Reply("half", blocks=True))
    run = await stored()
    await asyncio.wait_for(Execution(run.id, "w1").run(), 10)
    row = await reload(run)
    assert (row.status, row.error_code) == (RunStatus.FAILED, "time_limit")
    assert model.open_streams == 0


async def test_a_worker_that_lost_its_lease_changes_nothing_more(
    model_says: Callable[..., ScriptedModel], settings: object
) -> None:
    settings.RUN_HEARTBEAT_S = 0.05  # type: ignore[attr-defined]
    model = model_says(lambda request: Reply("half", blocks=True))
    run = await stored()
    task = asyncio.create_task(Execution(run.id, "w1").run())
    await until(lambda: model.open_streams == 1)
    taken = uuid.uuid4()
    await in_database(Run.unscoped.filter(id=run.id).update, lease_token=taken)
    await asyncio.wait_for(task, 10)
    row = await reload(run)
    assert (row.status, row.lease_token) == (RunStatus.RUNNING, taken)
    assert model.open_streams == 0


async def test_a_run_that_kills_every_worker_is_not_tried_for_ever(model_says: Callable[..., ScriptedModel]) -> None:
    model = model_says(always(ANSWER))
    run = await stored()
    await in_database(
        Run.unscoped.filter(id=run.id).update, attempt=MAX_ATTEMPTS, started_at=run.created_at, status="running"
    )
    await Execution(run.id, "w1").run()
    row = await reload(run)
    assert (row.status, row.error_code) == (RunStatus.FAILED, "worker_lost")
    assert model.requests == []


async def test_r04_the_sweeper_sends_again_what_redis_lost(
    model_says: Callable[..., ScriptedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.execute, "apply_async", lambda args, **_: sent.append(args[0]))
    run = await stored()
    await redis_async().flushdb()
    await in_database(tasks.sweep)
    assert sent == [], "a fresh run may still be on its way"
    await in_database(Run.unscoped.filter(id=run.id).update, created_at="2026-01-01T00:00:00Z")
    await in_database(tasks.sweep)
    await in_database(tasks.sweep)
    assert sent == [str(run.id)], "once within the lease time"


async def test_r05_a_run_without_a_live_lease_is_seen(model_says: Callable[..., ScriptedModel]) -> None:
    run = await stored()
    assert not await in_database(selectors.runs_stuck().exists)
    await in_database(Run.unscoped.filter(id=run.id).update, status="running", lease_expires_at="2026-01-01T00:00:00Z")
    assert await in_database(lambda: list(selectors.runs_stuck())) == [run]
    assert await in_database(selectors.runs_orphaned) == [run.id]


async def test_a_message_to_cancel_an_unknown_run_is_ignored(model_says: Callable[..., ScriptedModel]) -> None:
    model_says(always(ANSWER))
    runner = Runner("w1")
    run = await stored()
    redis_sync().publish(cancel_channel(), str(uuid.uuid4()))
    await asyncio.to_thread(runner.run, run.id)
    assert (await reload(run)).status == RunStatus.SUCCEEDED


def test_a_spec_survives_its_journey_through_the_database(db: None) -> None:
    workspace = Workspace.objects.create(name="w")
    spec = replace(chat(workspace), inputs={"a": [1, {"b": None}]}, user="u")
    run = run_stored(workspace, spec)
    run.refresh_from_db()
    assert RunSpec.from_json(run.spec) == spec
