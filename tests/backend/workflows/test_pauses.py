"""Runs that wait for a person: asleep without a worker, woken once by an answer, or by the clock, or cancelled."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from agents.events import HumanInputGiven
from backend.accounts.models import Role
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs import selectors, tasks
from backend.runs.models import Run, RunEvent
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person, person_create
from tests.backend.workflows.asking import STARTED, asking_nodes
from tests.backend.workflows.running import (
    GraphWorld,
    draft,
    end,
    get,
    made,
    node,
    post,
    start,
)

__all__ = ["asking_nodes"]
pytestmark = [LIVE, pytest.mark.usefixtures("asking_nodes")]


def asking(**config: Any) -> dict[str, Any]:
    nodes = [start(), node("ask", "test-ask", config), end(said="ask.said", timed_out="ask.timed_out")]
    return draft(nodes, ["start > ask", "ask > end"])


async def status_of(run_id: str) -> str:
    return (await in_database(Run.unscoped.get, id=run_id)).status


async def until(run_id: str, *statuses: str) -> Run:
    async with asyncio.timeout(60):
        while (row := await in_database(Run.unscoped.get, id=run_id)).status not in statuses:
            await asyncio.sleep(0.02)
    return row


class Listener:
    """Reads the stream of a run from its first event to its end, pause included."""

    def __init__(self, response: Any) -> None:
        self.run_id = response.headers["X-Run-Id"]
        self.kinds: list[str] = []
        self.seqs: list[int] = []
        self.task = asyncio.create_task(self._listen(response))

    async def heard(self, kind: str) -> None:
        """Wait for an event: a run's row says what happened some moments before its stream does."""
        async with asyncio.timeout(60):
            while kind not in self.kinds:
                await asyncio.sleep(0.02)

    async def _listen(self, response: Any) -> None:
        rest = ""
        async for piece in response.streaming_content:
            rest += piece.decode()
            *frames, rest = rest.split("\n\n")
            for frame in frames:
                if frame.startswith("id: "):
                    number, kind, _ = frame.split("\n", 2)
                    self.seqs.append(int(number.removeprefix("id: ")))
                    self.kinds.append(kind.removeprefix("event: "))


async def paused(owner: Person, content: dict[str, Any], body: Any = None, mode: str = "workflow") -> Listener:
    """Start a run and return once it sleeps."""
    app_id = await made(owner, content, mode=mode)
    response = await post(owner, f"/apps/{app_id}/runs", body or {})
    assert response.status_code == 200, response.content
    listener = Listener(response)
    await until(listener.run_id, "paused")
    return listener


async def answer(person: Person, run_id: str, **body: Any) -> Any:
    given = {"node_id": "ask", "values": {"said": "yes"}, **body}
    return await in_database(person.request, "post", f"/runs/{run_id}/answer", given)


async def test_a_run_sleeps_without_a_lease_and_says_what_it_asks(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking(question="Publish?"))
    row = await in_database(Run.unscoped.get, id=listener.run_id)
    assert (row.lease_token, row.lease_expires_at, row.lease_owner, row.finished_at) == (None, None, "", None)
    shown = await get(owner, f"/runs/{listener.run_id}")
    assert shown["status"] == "paused"
    assert shown["asks"] == [
        {"node_id": "ask", "title": "Ask", "ask": "", "form": {"question": "Publish?"}, "expires_at": 0.0}
    ]
    assert [item["status"] for item in shown["nodes"] if item["node_id"] == "ask"] == ["paused"]
    assert await in_database(selectors.runs_orphaned) == []
    await answer(owner, listener.run_id)
    await asyncio.wait_for(listener.task, 60)


async def test_an_answer_wakes_the_run_and_the_open_stream_goes_on(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    response = await answer(owner, listener.run_id)
    assert response.status_code == 202 and response.json()["status"] != "paused"
    await asyncio.wait_for(listener.task, 60)
    after = listener.kinds[listener.kinds.index("run_paused") + 1 :]
    assert after[0] == "human_input_given" and after[-1] == "run_finished"
    assert listener.seqs == sorted(set(listener.seqs))
    row = await in_database(Run.unscoped.get, id=listener.run_id)
    assert (row.status, row.outputs, row.attempt) == ("succeeded", {"said": "yes", "timed_out": False}, 1)
    shown = await get(owner, f"/runs/{listener.run_id}")
    (asked,) = [item for item in shown["nodes"] if item["node_id"] == "ask"]
    assert asked["asks"][0]["answer"] == {"values": {"said": "yes"}, "by": owner.user.email, "timed_out": False}
    assert shown["asks"] == []


async def test_of_many_answers_one_counts(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    answers = await asyncio.gather(*(answer(owner, listener.run_id, values={"said": n}) for n in range(5)))
    codes = sorted(response.status_code for response in answers)
    assert codes == [202, 409, 409, 409, 409]
    assert {r.json()["code"] for r in answers if r.status_code == 409} <= {"already_answered", "run_not_paused"}
    await asyncio.wait_for(listener.task, 60)
    given = await in_database(
        lambda: RunEvent.objects.filter(run_id=listener.run_id, kind=HumanInputGiven.kind).count()
    )
    assert given == 1


WRONG = {
    "another node": ({"node_id": "start"}, 404),
    "another question": ({"ask": "else"}, 404),
    "no object": ({"values": "yes"}, 400),
    "no node": ({"node_id": ""}, 400),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
async def test_an_answer_to_nothing_changes_nothing(owner: Person, graph_world: GraphWorld, case: str) -> None:
    listener = await paused(owner, asking())
    body, status = WRONG[case]
    assert (await answer(owner, listener.run_id, **body)).status_code == status
    assert await status_of(listener.run_id) == "paused"
    await answer(owner, listener.run_id)
    await listener.task


async def test_a_viewer_and_a_stranger_answer_nothing(owner: Person, stranger: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    viewer = await in_database(person_create, Role.VIEWER, owner.workspace)
    assert (await answer(viewer, listener.run_id)).status_code == 403
    assert (await answer(stranger, listener.run_id)).status_code == 404
    assert await status_of(listener.run_id) == "paused"
    await answer(owner, listener.run_id)
    await listener.task


async def test_two_questions_side_by_side_are_answered_one_after_the_other(
    owner: Person, graph_world: GraphWorld
) -> None:
    nodes = [start(), node("a", "test-ask"), node("b", "test-ask"), end(a="a.said", b="b.said")]
    listener = await paused(owner, draft(nodes, ["start > a", "start > b", "a > end", "b > end"]))
    assert {item["node_id"] for item in (await get(owner, f"/runs/{listener.run_id}"))["asks"]} == {"a", "b"}
    await answer(owner, listener.run_id, node_id="b", values={"said": "second"})
    await asyncio.sleep(0)
    await until(listener.run_id, "paused")
    async with asyncio.timeout(60):
        while (
            len((await get(owner, f"/runs/{listener.run_id}"))["asks"]) != 1
            or await status_of(listener.run_id) != "paused"
        ):
            await asyncio.sleep(0.02)
    response = await answer(owner, listener.run_id, node_id="a", values={"said": "first"})
    assert response.status_code == 202, response.content
    row = await until(listener.run_id, "succeeded", "failed")
    assert row.outputs == {"a": "first", "b": "second"}
    await listener.task


async def test_a_question_that_nobody_answers_in_time_goes_on_without(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking(expires_at=time.time() + 3600))
    await in_database(tasks.sweep)
    assert await status_of(listener.run_id) == "paused"
    earlier = timezone.now() - timedelta(seconds=1)
    # As if the hour were over: the clock is the database's, and cannot be turned.
    await in_database(_expire, listener.run_id, earlier)
    await in_database(tasks.sweep)
    await asyncio.wait_for(listener.task, 60)
    row = await in_database(Run.unscoped.get, id=listener.run_id)
    assert (row.status, row.outputs) == ("succeeded", {"said": None, "timed_out": True})


def _expire(run_id: str, at: Any) -> None:
    record = RunEvent.objects.get(run_id=run_id, kind="human_input_required")
    record.data["expires_at"] = at.timestamp()
    record.save()
    Run.unscoped.filter(id=run_id).update(wakes_at=at)


async def test_an_answer_after_the_time_is_refused(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking(expires_at=time.time() + 3600))
    await in_database(_expire, listener.run_id, timezone.now() - timedelta(seconds=1))
    await in_database(tasks.sweep)
    await until(listener.run_id, "succeeded")
    response = await answer(owner, listener.run_id)
    assert (response.status_code, response.json()["code"]) == (409, "already_answered")
    await listener.task


async def test_a_sleeping_run_is_cancelled_at_once(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    response = await in_database(owner.request, "post", f"/runs/{listener.run_id}/cancel")
    assert response.json()["status"] == "cancelled"
    await asyncio.wait_for(listener.task, 60)
    assert listener.kinds[-1] == "run_cancelled"
    assert (await answer(owner, listener.run_id)).status_code == 409
    shown = await get(owner, f"/runs/{listener.run_id}")
    assert [item["status"] for item in shown["nodes"]] == ["succeeded", "cancelled"]


async def test_a_deleted_app_leaves_no_run_asleep(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    app_id = str((await in_database(Run.unscoped.get, id=listener.run_id)).app_id)
    await in_database(owner.request, "delete", f"/apps/{app_id}")
    assert await status_of(listener.run_id) == "cancelled"
    await listener.task


async def test_r09_a_sleeping_run_survives_three_restarts_and_a_day_of_clock_skew(
    owner: Person, graph_world: GraphWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = await paused(owner, asking(expires_at=time.time() + 36 * 3600))
    for _ in range(3):
        # What a worker does when it starts: it frees what an earlier process of its name held, and sweeps.
        await redis_async().flushdb()
        await in_database(tasks.leases_expire_of, "test")
        await in_database(tasks.sweep)
        assert await status_of(listener.run_id) == "paused"
    began = timezone.now() - timedelta(days=30)
    await in_database(Run.unscoped.filter(id=listener.run_id).update, started_at=began, created_at=began)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 86_400)
    response = await answer(owner, listener.run_id)
    assert response.status_code == 202
    row = await until(listener.run_id, "succeeded", "failed")
    assert (row.status, row.outputs["said"]) == ("succeeded", "yes")
    assert STARTED == ["ask", "ask"], "asked once, and gone on once"
    asked = await in_database(
        lambda: RunEvent.objects.filter(run_id=listener.run_id, kind="human_input_required").count()
    )
    assert asked == 1
    await asyncio.wait_for(listener.task, 60)


async def test_a_run_that_slept_thirty_times_is_not_taken_for_one_that_kills_workers(
    owner: Person, graph_world: GraphWorld
) -> None:
    ids = [f"ask{n}" for n in range(31)]
    nodes = [start(), *(node(item, "test-ask") for item in ids), end(said=f"{ids[-1]}.said")]
    wires = [f"{a} > {b}" for a, b in zip(["start", *ids], [*ids, "end"], strict=True)]
    listener = await paused(owner, draft(nodes, wires))
    for item in ids:
        async with asyncio.timeout(60):
            while (await answer(owner, listener.run_id, node_id=item)).status_code != 202:
                await asyncio.sleep(0.01)
    row = await until(listener.run_id, "succeeded", "failed")
    assert row.status == "succeeded", row.error_message
    await listener.task


async def test_r05_no_row_is_unfinished_in_nobodys_hands(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking(expires_at=time.time() + 3600))
    await in_database(call_command, "doctor")
    long_ago = timezone.now() - timedelta(hours=1)
    await in_database(Run.unscoped.filter(id=listener.run_id).update, wakes_at=long_ago)
    with pytest.raises(CommandError, match="nobody's hands"):
        await in_database(call_command, "doctor")
    await in_database(_expire, listener.run_id, long_ago)
    await in_database(tasks.sweep)
    await until(listener.run_id, "succeeded")
    await in_database(call_command, "doctor")
    await listener.task


async def test_variables_that_a_run_assigned_before_it_slept_are_kept_at_its_end(
    owner: Person, graph_world: GraphWorld
) -> None:
    nodes = [start(), node("ask", "test-ask", {"assigns": "name"}), node("answer", "answer", {"answer": "ok"})]
    content = draft(nodes, ["start > ask", "ask > answer"], conversation_variables=[{"name": "name"}])
    listener = await paused(owner, content, {"query": "hi"}, mode="chatflow")
    await answer(owner, listener.run_id, values={"said": "Ann"})
    row = await until(listener.run_id, "succeeded", "failed")
    conversation = await in_database(lambda: Run.unscoped.select_related("conversation").get(id=row.id).conversation)
    assert conversation.variables == {"name": "Ann"}
    await listener.task


async def test_an_answer_that_no_database_keeps_is_mended(owner: Person, graph_world: GraphWorld) -> None:
    listener = await paused(owner, asking())
    assert (await answer(owner, listener.run_id, values={"said": "a\0b"})).status_code == 202
    row = await until(listener.run_id, "succeeded", "failed")
    assert row.outputs["said"] == "a\ufffdb"
    await listener.task
