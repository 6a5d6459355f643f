"""Drafts of workflows and chatflows: runnable at once, checked as a whole, kept unfinished when asked to."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from backend.apps.models import App
from backend.common.database import in_database
from backend.runs.models import Run
from tests.agents.fakes import always
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.workflows.running import (
    ECHO,
    GraphWorld,
    app_with,
    draft,
    draft_put,
    edges,
    end,
    llm,
    made,
    node,
    post,
    run_of,
    start,
)

pytestmark = LIVE


def messages(answer: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in answer.json()["extra"]["errors"]:
        found.setdefault(error["node_id"], []).append(error["message"])
    return found


async def test_a_new_workflow_runs_at_once(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner)
    ran = await run_of(owner, app_id, {"inputs": {"query": "Who are you?"}})
    assert ran.outputs == {"text": "Hello there, friend."}
    assert graph_world.model.last_messages[-1].content == "Who are you?"
    assert graph_world.model.requests[-1].priority == "workflow"


async def test_a_new_chatflow_remembers_what_was_said(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, mode="chatflow")
    first = await run_of(owner, app_id, {"query": "one"})
    assert first.outputs == {"answer": "Hello there, friend."}
    assert "".join(data["text"] for data in first.of("text_delta")) == "Hello there, friend."
    conversation = first.events[0][1]["conversation_id"]
    await run_of(owner, app_id, {"query": "two", "conversation_id": conversation})
    said = [message.content for message in graph_world.model.last_messages if message.role == "user"]
    assert said == ["one", "two"]
    assert graph_world.model.requests[-1].priority == "interactive"


def test_a_draft_keeps_what_it_does_not_know_and_comes_back_as_it_was_sent(owner: Person) -> None:
    note = {"id": "n1", "type": "custom-note", "data": {"text": "why", "author": "Ann"}}
    odd = node("start", "start", {"variables": [], "from_elsewhere": {"deep": [1, None]}})
    content = draft([odd, end(), note], ["start > end"], features={"file_upload": {"enabled": True}})
    content["graph"]["viewport"] = {"x": 1, "y": 2, "zoom": 0.5}
    app_id = app_with(owner, content)
    shown = owner.request("get", f"/apps/{app_id}/draft").json()
    assert shown["graph"]["nodes"] == content["graph"]["nodes"]
    assert shown["graph"]["edges"] == content["graph"]["edges"]
    assert shown["graph"]["viewport"] == content["graph"]["viewport"]
    assert shown["features"]["file_upload"] == {"enabled": True}
    assert (shown["errors"], shown["warnings"]) == ([], [])
    again = draft_put(owner, app_id, shown)
    assert again.status_code == 200 and again.json() == shown


def test_every_error_of_a_graph_is_told_at_once_with_its_node(owner: Person) -> None:
    app_id = app_with(owner, ECHO)
    nodes = [
        start("text"),
        node("odd", "time-machine"),
        llm("a", "{{#missing.text#}}"),
        node("end", "end", {"outputs": [{"variable": "x", "value_selector": ["a", "texts"]}]}),
        node("start2", "start"),
    ]
    answer = draft_put(owner, app_id, draft(nodes, ["start > a", "a > end", "end > nowhere", "start > odd"]))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_graph")
    found = messages(answer)
    assert set(found) == {"odd", "a", "end", "start2"}
    assert "time-machine" in found["odd"][0]
    assert "missing" in found["a"][0]
    assert len(found["end"]) == 2
    assert owner.request("get", f"/apps/{app_id}/draft").json()["graph"]["nodes"] == ECHO["graph"]["nodes"]


async def test_an_unfinished_graph_is_kept_when_asked_but_neither_run_nor_published(
    owner: Person, graph_world: GraphWorld
) -> None:
    unfinished = draft([start("text"), node("odd", "time-machine"), llm("alone")], ["start > odd"])
    app_id = await made(owner, unfinished, check="false")

    def look() -> tuple[Any, Any, Any]:
        shown = owner.request("get", f"/apps/{app_id}/draft").json()
        refused = owner.request("post", f"/apps/{app_id}/publish", {})
        return shown, refused.status_code, refused.json()

    shown, status, refused = await in_database(look)
    assert [error["node_id"] for error in shown["errors"]] == ["odd"]
    assert (status, refused["code"], refused["extra"]["errors"]) == (400, "invalid_graph", shown["errors"])
    answer = await post(owner, f"/apps/{app_id}/runs", {"inputs": {}})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_graph")
    assert not await in_database(Run.unscoped.exists)


def test_a_graph_without_a_start_is_refused(owner: Person) -> None:
    answer = draft_put(owner, app_with(owner), draft([llm()], []))
    assert list(messages(answer)) == [""] and "start" in messages(answer)[""][0]


def test_a_node_that_nothing_leads_to_is_a_warning(owner: Person) -> None:
    content = draft([start("text"), end(text="start.text"), llm("alone")], ["start > end"])
    app_id = app_with(owner, content)
    (warning,) = owner.request("get", f"/apps/{app_id}/draft").json()["warnings"]
    assert warning["node_id"] == "alone" and "never runs" in warning["message"]
    assert owner.request("post", f"/apps/{app_id}/publish", {}).status_code == 201


NOT_A_GRAPH: dict[str, dict[str, Any]] = {
    "an unknown key": {"graph": {}, "grpah": {}},
    "nodes that are texts": {"graph": {"nodes": ["start"]}},
    "a node without an id": {"graph": {"nodes": [{"data": {"type": "start"}}]}},
    "an edge to a number": {"graph": {"nodes": [start()], "edges": [{"source": "start", "target": 1}]}},
    "a type that is a number": {"graph": {"nodes": [{"id": "a", "data": {"type": 1}}]}},
    "two variables of one name": {"environment_variables": [{"name": "a"}, {"name": "a"}]},
    "a name with a space": {"environment_variables": [{"name": "a b"}]},
    "a number that is none": {"environment_variables": [{"name": "a", "value_type": "number", "value": "x"}]},
    "a list that is none": {"conversation_variables": [{"name": "a", "value_type": "array[string]", "value": 1}]},
    "an unknown type": {"conversation_variables": [{"name": "a", "value_type": "poem"}]},
}


@pytest.mark.parametrize("case", NOT_A_GRAPH, ids=str)
def test_what_is_no_graph_at_all_is_refused_even_unchecked(owner: Person, case: str) -> None:
    app_id = app_with(owner, ECHO)
    before = App.unscoped.get(id=app_id).draft
    for query in ({}, {"check": "false"}):
        answer = draft_put(owner, app_id, NOT_A_GRAPH[case], **query)
        assert answer.status_code == 400, answer.content
    assert App.unscoped.get(id=app_id).draft == before


def test_a_graph_of_more_than_5_mb_is_refused(owner: Person) -> None:
    big = draft(
        [start("text"), end(text="start.text"), {"id": "n", "data": {"text": "x" * (5 << 20)}}], ["start > end"]
    )
    answer = draft_put(owner, app_with(owner), big, check="false")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_large")


def test_what_a_graph_names_must_be_there_in_its_own_workspace(owner: Person, stranger: Person) -> None:
    theirs = stranger.request("post", "/datasets", {"name": "secret papers"}).json()["id"]
    nodes = [
        start("text"),
        llm("a", model={"id": "palace/big"}),
        node("b", "knowledge-retrieval", {"dataset_ids": [theirs], "query_variable_selector": ["start", "text"]}),
        end(x="a.text"),
    ]
    answer = draft_put(owner, app_with(owner), draft(nodes, ["start > a", "start > b", "a > end", "b > end"]))
    found = messages(answer)
    assert set(found) == {"a", "b"}
    assert "palace/big" in found["a"][0] and theirs in found["b"][0] and "secret" not in found["b"][0]


def test_edges_that_are_drawn_twice_count_once(owner: Person) -> None:
    content = {"graph": {"nodes": ECHO["graph"]["nodes"], "edges": edges("start > end", "start > end")}}
    assert draft_put(owner, app_with(owner), content).status_code == 200


def test_restoring_a_version_brings_its_graph_back(owner: Person) -> None:
    app_id = app_with(owner, ECHO)
    owner.request("post", f"/apps/{app_id}/publish", {})
    draft_put(owner, app_id, draft([start(), end()], ["start > end"]))
    restored = owner.request("post", f"/apps/{app_id}/versions/1/restore", {})
    assert restored.json()["graph"]["nodes"] == ECHO["graph"]["nodes"] and restored.json()["errors"] == []


async def test_inputs_that_the_start_does_not_declare_are_left_out(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, ECHO)
    ran = await run_of(owner, app_id, {"inputs": {"text": "hi", "other": 1}})
    assert ran.outputs == {"text": "hi"}
    stored = await in_database(Run.unscoped.get, id=uuid.UUID(ran.run_id))
    assert stored.inputs == {"text": "hi"}


async def test_the_order_of_keys_survives_because_a_schema_is_filled_in_in_it(
    owner: Person, graph_world: GraphWorld
) -> None:
    shape = {"type": "object", "properties": {"why": {"type": "string"}, "a": {"type": "string"}}, "required": ["why"]}
    graph_world.model.info = replace(graph_world.model.info, supports_schema=True)
    graph_world.model.script = always('{"why": "so", "a": "b"}')
    asked = llm(structured_output_enabled=True, structured_output={"schema": shape})
    app_id = await made(owner, draft([start(), asked, end(out="llm.structured_output")], ["start > llm", "llm > end"]))
    stored = await in_database(App.unscoped.get, id=app_id)
    assert json.dumps(shape) in json.dumps(stored.draft)
    await run_of(owner, app_id)
    assert json.dumps(graph_world.model.requests[-1].response_schema) == json.dumps(shape)
