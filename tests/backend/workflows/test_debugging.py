"""Debugging a graph: one node alone, from a node on, with made-up outputs, and a logged run again on the draft."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.common.database import in_database
from backend.files.services import file_store
from backend.logs.models import Conversation
from backend.runs.models import Run, RunSource
from tests.agents.fakes import Reply, always, in_turn
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.workflows.asking import asking_nodes
from tests.backend.workflows.running import (
    GraphWorld,
    Ran,
    draft,
    draft_put,
    end,
    get,
    llm,
    made,
    node,
    post,
    run_of,
    start,
    told,
)

__all__ = ["asking_nodes"]
pytestmark = [LIVE, pytest.mark.usefixtures("asking_nodes")]
CHAIN = draft(
    [start("text"), llm("first", "{{#start.text#}}"), llm("second", "Again: {{#first.text#}}"), end(out="second.text")],
    ["start > first", "first > second", "second > end"],
)


async def run_node(owner: Person, app_id: str, node_id: str, inputs: Any = None) -> Any:
    return await post(owner, f"/apps/{app_id}/draft/nodes/{node_id}/run", {"inputs": inputs or {}})


def asked(world: GraphWorld) -> list[str]:
    return [request.messages[-1].content for request in world.model.requests]


def started(ran: Ran) -> list[str]:
    return [data["node_id"] for data in ran.of("node_started")]


async def test_a_node_runs_alone_with_what_it_is_given(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    ran = await told(await run_node(owner, app_id, "second", {"first.text": "made up"}))
    assert started(ran) == ["second"] and asked(graph_world) == ["Again: made up"]
    assert ran.outputs["text"] == "Hello there, friend."
    row = await in_database(Run.unscoped.get, id=ran.run_id)
    assert (row.source, row.conversation_id, row.status) == (RunSource.CONSOLE, None, "succeeded")


async def test_a_node_alone_takes_the_rest_from_the_last_run(owner: Person, graph_world: GraphWorld) -> None:
    graph_world.model.script = in_turn(*(Reply(text) for text in ("one", "two", "three")))
    app_id = await made(owner, CHAIN)
    await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    await told(await run_node(owner, app_id, "second"))
    assert asked(graph_world) == ["hi", "Again: one", "Again: one"]


async def test_what_nobody_gave_a_lone_node_is_named(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    response = await run_node(owner, app_id, "second")
    assert response.status_code == 400 and list(response.json()["extra"]["fields"]) == ["inputs.first.text"]
    assert not await in_database(Run.unscoped.exists)


async def test_a_lone_node_needs_no_finished_graph_around_it(owner: Person, graph_world: GraphWorld) -> None:
    content = draft([*CHAIN["graph"]["nodes"], node("odd", "time-machine")], ["start > first", "first > odd"])
    app_id = await made(owner, content, check="false")
    ran = await told(await run_node(owner, app_id, "first", {"start.text": "hi"}))
    assert asked(graph_world) == ["hi"] and ran.outputs["text"]
    refused = await run_node(owner, app_id, "odd")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_graph")


async def test_a_lone_node_of_a_chatflow_reads_the_question_and_the_variables_it_is_given(
    owner: Person, graph_world: GraphWorld
) -> None:
    nodes = [start(), llm("llm", "{{#sys.query#}} {{#conversation.name#}}"), node("answer", "answer", {"answer": "x"})]
    content = draft(nodes, ["start > llm", "llm > answer"], conversation_variables=[{"name": "name", "value": "Bob"}])
    app_id = await made(owner, content, mode="chatflow")
    await told(await run_node(owner, app_id, "llm", {"sys.query": "Hi", "conversation.name": "Ann"}))
    await told(await run_node(owner, app_id, "llm", {"sys.query": "Hi"}))
    assert asked(graph_world) == ["Hi Ann", "Hi Bob"]
    assert not await in_database(Conversation.unscoped.exists)


async def test_a_start_alone_gives_the_inputs(owner: Person, graph_world: GraphWorld) -> None:
    ran = await told(await run_node(owner, await made(owner, CHAIN), "start", {"start.text": "hi"}))
    assert ran.outputs == {"text": "hi"}


WRONG: dict[str, tuple[str, Any]] = {
    "an unknown node": ("nothing", {}),
    "a name without a field": ("second", {"first": 1}),
    "inputs that are a list": ("second", [1]),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
async def test_what_cannot_be_run_alone_is_a_400(owner: Person, graph_world: GraphWorld, case: str) -> None:
    node_id, inputs = WRONG[case]
    app_id = await made(owner, CHAIN)
    response = await post(owner, f"/apps/{app_id}/draft/nodes/{node_id}/run", {"inputs": inputs})
    assert response.status_code == 400, response.content
    chat = await made(owner, mode="chat")
    assert (await run_node(owner, chat, "llm")).status_code == 400


async def test_a_run_goes_on_from_a_node_with_what_an_earlier_one_found(owner: Person, graph_world: GraphWorld) -> None:
    graph_world.model.script = in_turn(*(Reply(text) for text in ("one", "two", "three")))
    app_id = await made(owner, CHAIN)
    first = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    again = await run_of(owner, app_id, {"from_node": "second", "run_id": first.run_id})
    assert asked(graph_world) == ["hi", "Again: one", "Again: one"]
    assert again.outputs == {"out": "three"}
    given = {data["node_id"]: data["given"] for data in again.of("node_finished")}
    assert given == {"start": "cached", "first": "cached", "second": "", "end": ""}
    shown = await get(owner, f"/runs/{again.run_id}")
    assert [item["given"] for item in shown["nodes"]] == ["cached", "cached", "", ""]
    assert shown["inputs"] == {"text": "hi"}


async def test_a_branch_that_was_not_taken_stays_so(owner: Person, graph_world: GraphWorld) -> None:
    conditions = [{"variable_selector": ["start", "text"], "comparison_operator": "is", "value": "yes", "id": "c"}]
    fork = node(
        "fork", "if-else", {"cases": [{"case_id": "true", "logical_operator": "and", "conditions": conditions}]}
    )
    nodes = [start("text"), fork, llm("yes", "yes"), llm("no", "no"), end(a="yes.text", b="no.text")]
    wires = ["start > fork", "fork.true > yes", "fork.false > no", "yes > end", "no > end"]
    app_id = await made(owner, draft(nodes, wires))
    first = await run_of(owner, app_id, {"inputs": {"text": "yes"}})
    again = await run_of(owner, app_id, {"from_node": "end", "run_id": first.run_id, "inputs": {"text": "other"}})
    assert started(again) == ["start", "fork", "yes", "end"] and asked(graph_world) == ["yes"]
    refused = await post(owner, f"/apps/{app_id}/runs", {"from_node": "no", "run_id": str(first.run_id)})
    assert refused.status_code == 200, "the fork is known, and the node behind it runs"
    assert started(await told(refused))[-1] == "end"


async def test_a_run_whose_results_do_not_reach_the_node_is_refused(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    graph_world.model.script = lambda request: Reply("", error=RuntimeError("broken"))
    first = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    assert first.last[0] == "run_failed"
    response = await post(owner, f"/apps/{app_id}/runs", {"from_node": "second", "run_id": first.run_id})
    assert response.status_code == 400 and "first" in response.json()["message"]


async def test_r15_a_run_of_another_app_gives_nothing(owner: Person, stranger: Person, graph_world: GraphWorld) -> None:
    app_id, sibling, theirs = await made(owner, CHAIN), await made(owner, CHAIN), await made(stranger, CHAIN)
    for person, other in ((owner, sibling), (stranger, theirs)):
        ran = await run_of(person, other, {"inputs": {"text": "secret"}})
        for run_id in (ran.run_id, str(uuid.uuid4()), "x"):
            body = {"from_node": "second", "run_id": run_id}
            response = await post(owner, f"/apps/{app_id}/runs", body)
            assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (await run_node(owner, app_id, "second")).status_code == 400, "nor does it count as the last run"


async def test_a_mocked_node_does_not_run(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    body = {"inputs": {"text": "hi"}, "mocks": {"first": {"text": "made up"}}}
    ran = await run_of(owner, app_id, body)
    assert asked(graph_world) == ["Again: made up"]
    assert {data["node_id"]: data["given"] for data in ran.of("node_finished")}["first"] == "mocked"
    refused = await post(owner, f"/apps/{app_id}/runs", {**body, "mocks": {"nothing": {}}})
    assert refused.status_code == 400


async def test_a_mock_may_choose_its_way_out(owner: Person, graph_world: GraphWorld) -> None:
    fails = {"error_strategy": "fail-branch"}
    nodes = [start("text"), llm("try", "x", **fails), llm("rescue", "{{#try.error_message#}}"), end(out="rescue.text")]
    app_id = await made(owner, draft(nodes, ["start > try", "try.fail-branch > rescue", "rescue > end"]))
    mocks = {"try": {"error_message": "it broke", "error_type": "x"}}
    ran = await run_of(owner, app_id, {"inputs": {"text": ""}, "mocks": mocks, "mock_handles": {"try": "fail-branch"}})
    assert asked(graph_world) == ["it broke"] and ran.outputs == {"out": "Hello there, friend."}


async def test_a_logged_run_is_repeated_on_the_draft(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    first = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    nodes = [start("text"), llm("other", "Now: {{#start.text#}}"), end(out="other.text")]
    await in_database(draft_put, owner, app_id, draft(nodes, ["start > other", "other > end"]))
    again = await told(await post(owner, f"/runs/{first.run_id}/replay", {}))
    assert asked(graph_world)[-1] == "Now: hi" and again.outputs == {"out": "Hello there, friend."}


async def test_a_replayed_answer_of_a_conversation_sees_what_was_said_before_it_and_adds_nothing(
    owner: Person, graph_world: GraphWorld
) -> None:
    app_id = await made(owner, mode="chatflow")
    first = await run_of(owner, app_id, {"query": "one"})
    talk = {"conversation_id": first.events[0][1]["conversation_id"]}
    second = await run_of(owner, app_id, {"query": "two", **talk})
    await run_of(owner, app_id, {"query": "three", **talk})
    again = await told(await post(owner, f"/runs/{second.run_id}/replay", {}))
    said = [message.content for message in graph_world.model.last_messages if message.role == "user"]
    assert said == ["one", "two"] and again.outputs["answer"] == "Hello there, friend."
    assert (await in_database(Run.unscoped.get, id=again.run_id)).conversation_id is None
    assert await in_database(Conversation.unscoped.count) == 1


async def test_a_run_of_a_chat_app_is_repeated_too(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, mode="chat")
    first = await run_of(owner, app_id, {"query": "one"})
    again = await told(await post(owner, f"/runs/{first.run_id}/replay", {}))
    assert again.outputs == first.outputs and asked(graph_world) == ["one", "one"]


async def test_what_a_node_last_did_is_shown(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, CHAIN)
    path = f"/apps/{app_id}/draft/nodes/first/last-run"
    assert await get(owner, path) == {"run_id": None, "status": None, "created_at": None, "node": None}
    first = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    shown = await get(owner, path)
    assert (shown["run_id"], shown["status"]) == (first.run_id, "succeeded")
    assert shown["node"]["outputs"]["text"] == "Hello there, friend."
    graph_world.model.script = lambda request: Reply("", error=RuntimeError("broken"))
    second = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    shown = await get(owner, path)
    assert (shown["run_id"], shown["node"]["status"]) == (second.run_id, "failed")


async def test_a_large_value_of_the_last_run_comes_whole(owner: Person, graph_world: GraphWorld) -> None:
    nodes = [
        start(),
        node("big", "test-give", {"value": "0123456789", "size": 10_000}),
        node("same", "test-give", {"value": "big.text"}),
        end(out="same.text"),
    ]
    app_id = await made(owner, draft(nodes, ["start > big", "big > same", "same > end"]))
    first = await run_of(owner, app_id)
    again = await run_of(owner, app_id, {"from_node": "end", "run_id": first.run_id})
    assert again.outputs == first.outputs and len(again.outputs["out"]) == 100_000
    assert "$value" in json.dumps(again.of("node_finished")[-2]["outputs"])


async def test_a_replay_reads_the_files_of_whoever_asked_first(owner: Person, graph_world: GraphWorld) -> None:
    graph_world.model.script = always("ok")

    def store() -> str:
        upload = SimpleUploadedFile("a.txt", b"the text of a file")
        return str(file_store(workspace_id=owner.workspace.id, upload=upload, user=owner.user).id)

    file_id = await in_database(store)
    nodes = [start(doc="file"), end(name="start.doc.name")]
    app_id = await made(owner, draft(nodes, ["start > end"]))
    first = await run_of(owner, app_id, {"inputs": {"doc": {"upload_file_id": file_id, "type": "document"}}})
    assert first.outputs == {"name": "a.txt"}
    again = await told(await post(owner, f"/runs/{first.run_id}/replay", {}))
    assert again.outputs == first.outputs
