"""workflows/run and its neighbours: a graph's run told in Dify's words."""

import json
import uuid
from typing import Any

import pytest

from backend.apps.models import App
from backend.apps.services import app_publish, draft_put
from backend.common.database import in_database
from tests.backend.apps.running import LIVE, chunks_of, published
from tests.backend.conftest import Person
from tests.backend.service_api.workflows.publishing import client_of
from tests.backend.workflows.running import ECHO, GraphWorld, draft, end, llm, node, start

pytestmark = LIVE

ASK = {"inputs": {"text": "hi"}, "user": "ann"}
STREAMING = {**ASK, "response_mode": "streaming"}
SPEAKING = draft([start("text"), llm(), end(said="llm.text")], ["start > llm", "llm > end"])
BROKEN = draft(
    [
        start("text"),
        node("bad", "template-transform", {"template": "{{ 1 / 0 }}", "variables": []}),
        end(text="start.text"),
    ],
    ["start > bad", "bad > end"],
)


def rescued(graph: dict[str, Any], **handling: Any) -> dict[str, Any]:
    """Return the graph whose broken node goes on."""
    changed = json.loads(json.dumps(graph))
    next(item for item in changed["graph"]["nodes"] if item["id"] == "bad")["data"].update(handling)
    return changed


async def test_a_blocking_run_has_difys_fields(owner: Person, graph_world: GraphWorld) -> None:
    client = await client_of(owner, ECHO)
    response = await client.post("/workflows/run", ASK)
    body = response.json()
    assert response.status_code == 200, body
    assert list(body) == ["workflow_run_id", "task_id", "data"]
    data = body["data"]
    assert body["task_id"] == body["workflow_run_id"] == data["id"] == response.headers["X-Run-Id"]
    assert (data["status"], data["outputs"], data["error"]) == ("succeeded", {"text": "hi"}, None)
    assert (data["total_steps"], data["total_tokens"], data["exceptions_count"]) == (2, 0, 0)
    assert data["workflow_id"] == str(client.app.published_version_id)
    assert data["created_by"]["user"] == "ann" and data["files"] == []
    assert data["finished_at"] >= data["created_at"] and data["elapsed_time"] >= 0


async def test_a_stream_tells_every_node_and_the_text_as_it_comes(owner: Person, graph_world: GraphWorld) -> None:
    client = await client_of(owner, SPEAKING)
    chunks = await chunks_of(await client.post("/workflows/run", STREAMING))
    kinds = [chunk["event"] for chunk in chunks]
    assert kinds[0] == "workflow_started" and kinds[-1] == "workflow_finished"
    assert [kind for kind in kinds if kind != "text_chunk"] == [
        "workflow_started",
        *["node_started", "node_finished"] * 3,
        "workflow_finished",
    ]
    assert all(list(chunk)[:3] == ["event", "workflow_run_id", "task_id"] for chunk in chunks)
    text = [chunk["data"] for chunk in chunks if chunk["event"] == "text_chunk"]
    assert "".join(item["text"] for item in text) == "Hello there, friend."
    assert {tuple(item["from_variable_selector"]) for item in text} == {("llm", "text")}
    started = [chunk["data"] for chunk in chunks if chunk["event"] == "node_started"]
    assert [(item["node_id"], item["node_type"], item["index"]) for item in started] == [
        ("start", "start", 1),
        ("llm", "llm", 2),
        ("end", "end", 3),
    ]
    ended = {chunk["data"]["node_id"]: chunk["data"] for chunk in chunks if chunk["event"] == "node_finished"}
    assert ended["llm"]["status"] == "succeeded" and ended["llm"]["execution_metadata"]["total_tokens"] > 0
    assert ended["llm"]["id"] == started[1]["id"]
    last = chunks[-1]["data"]
    assert last["outputs"] == {"said": "Hello there, friend."}
    assert last["total_tokens"] == ended["llm"]["execution_metadata"]["total_tokens"]


async def test_a_run_that_fails_is_an_answer_whole_and_streamed(owner: Person, graph_world: GraphWorld) -> None:
    client = await client_of(owner, BROKEN)
    whole = await client.post("/workflows/run", ASK)
    assert whole.status_code == 200
    data = whole.json()["data"]
    assert data["status"] == "failed" and data["error"] and data["outputs"] == {}
    chunks = await chunks_of(await client.post("/workflows/run", STREAMING))
    assert chunks[-1]["event"] == "workflow_finished" and chunks[-1]["data"]["status"] == "failed"
    [failed] = [
        item["data"] for item in chunks if item["event"] == "node_finished" and item["data"]["node_id"] == "bad"
    ]
    assert (failed["status"], failed["error"]) == ("failed", data["error"])


async def test_a_run_whose_node_failed_and_went_on_succeeds_in_part(owner: Person, graph_world: GraphWorld) -> None:
    retry = {"retry_enabled": True, "max_retries": 1, "retry_interval": 1}
    graph = rescued(BROKEN, error_strategy="default-value", retry_config=retry)
    client = await client_of(owner, graph)
    chunks = await chunks_of(await client.post("/workflows/run", STREAMING))
    assert (chunks[-1]["data"]["status"], chunks[-1]["data"]["exceptions_count"]) == ("partial-succeeded", 1)
    retried = [chunk["data"] for chunk in chunks if chunk["event"] == "node_retry"]
    assert [(item["node_id"], item["retry_index"], item["status"]) for item in retried] == [("bad", 1, "retry")]
    [bad] = [item["data"] for item in chunks if item["event"] == "node_finished" and item["data"]["node_id"] == "bad"]
    assert bad["status"] == "exception"
    detail = (await client.get(f"/workflows/run/{chunks[0]['workflow_run_id']}")).json()
    assert detail["status"] == "partial-succeeded"


async def test_an_iteration_tells_each_of_its_rounds(owner: Person, graph_world: GraphWorld) -> None:
    words = node("words", "code", {"code_language": "python3", "code": SPLIT, "variables": ARGUMENTS, "outputs": LIST})
    each = node("each", "iteration", {"iterator_selector": ["words", "all"], "output_selector": ["shout", "output"]})
    begin = node("begin", "iteration-start", parent="each")
    shout = node("shout", "template-transform", SHOUT, parent="each")
    wires = ["start > words", "words > each", "each > end", "begin > shout"]
    client = await client_of(owner, draft([start("text"), words, each, begin, shout, end(all="each.output")], wires))
    asked = {**STREAMING, "inputs": {"text": "one two"}}
    chunks = await chunks_of(await client.post("/workflows/run", asked))
    assert chunks[-1]["data"]["outputs"] == {"all": ["one!", "two!"]}, chunks[-1]
    kinds = [chunk["event"] for chunk in chunks]
    assert kinds.count("iteration_started") == kinds.count("iteration_completed") == 1
    rounds = [chunk["data"]["index"] for chunk in chunks if chunk["event"] == "iteration_next"]
    inner = [item["data"] for item in chunks if item["event"] == "node_started" and item["data"]["node_id"] == "shout"]
    assert rounds == [0, 1] and {item["iteration_id"] for item in inner} == {"each"}
    assert len({item["id"] for item in inner}) == 2, "each round's node is an execution of its own"


SPLIT = "def main(text):\n    return {'all': text.split()}"
ARGUMENTS = [{"variable": "text", "value_selector": ["start", "text"]}]
LIST = {"all": {"type": "array[string]"}}
SHOUT = {"template": "{{ word }}!", "variables": [{"variable": "word", "value_selector": ["each", "item"]}]}


async def test_a_loop_tells_each_of_its_rounds(owner: Person, graph_world: GraphWorld) -> None:
    loop = node("again", "loop", {"loop_count": 2, "loop_variables": [], "break_conditions": []})
    say = node("say", "template-transform", {"template": "x", "variables": []}, parent="again")
    begin = node("begin", "loop-start", parent="again")
    graph = draft(
        [start("text"), loop, begin, say, end(t="start.text")], ["start > again", "again > end", "begin > say"]
    )
    client = await client_of(owner, graph)
    chunks = await chunks_of(await client.post("/workflows/run", STREAMING))
    rounds = [chunk["data"] for chunk in chunks if chunk["event"] == "loop_next"]
    assert [(item["node_id"], item["index"]) for item in rounds] == [("again", 0), ("again", 1)]
    inner = [item["data"] for item in chunks if item["event"] == "node_started" and item["data"]["node_id"] == "say"]
    assert len(inner) == 2 and {item["loop_id"] for item in inner} == {"again"}
    assert {item["iteration_id"] for item in inner} == {None}
    [done] = [chunk["data"] for chunk in chunks if chunk["event"] == "loop_completed"]
    assert (done["status"], done["steps"]) == ("succeeded", 2)


async def test_a_version_is_run_by_its_id_and_no_foreign_one(
    owner: Person, stranger: Person, graph_world: GraphWorld
) -> None:
    client = await client_of(owner, ECHO)
    first = str(client.app.published_version_id)
    changed = draft([start("text"), end(other="start.text")], ["start > end"])

    def publish_again() -> str:
        app = App.objects.within(owner.workspace.id).get(id=client.app.id)
        draft_put(app=app, data=changed)
        version, _ = app_publish(app=app, actor=owner.user)
        return str(version.id)

    second = await in_database(publish_again)
    for version, name in ((first, "text"), (second, "other")):
        body = (await client.post(f"/workflows/{version}/run", ASK)).json()
        assert (body["data"]["outputs"], body["data"]["workflow_id"]) == ({name: "hi"}, version)
    foreign = await client_of(stranger, ECHO)
    for wrong in (str(foreign.app.published_version_id), str(uuid.uuid4()), "draft"):
        refused = await client.post(f"/workflows/{wrong}/run", ASK)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


async def test_what_came_of_a_run_is_read_by_its_own_app_only(
    owner: Person, stranger: Person, graph_world: GraphWorld
) -> None:
    client = await client_of(owner, ECHO)
    ran = (await client.post("/workflows/run", ASK)).json()["data"]
    detail = (await client.get(f"/workflows/run/{ran['id']}")).json()
    assert (detail["status"], detail["outputs"], json.loads(detail["inputs"])) == (
        "succeeded",
        {"text": "hi"},
        {"text": "hi"},
    )
    assert (detail["workflow_id"], detail["total_steps"]) == (ran["workflow_id"], 2)
    other = await client_of(stranger, ECHO)
    for path in (f"/workflows/run/{ran['id']}", f"/workflow/{ran['id']}/events?user=ann"):
        assert (await other.get(path)).status_code == 404
    assert (await client.get(f"/workflow/{ran['id']}/events?user=bob")).status_code == 404
    again = await chunks_of(await client.get(f"/workflow/{ran['id']}/events?user=ann"))
    assert again[0]["event"] == "workflow_started" and again[-1]["data"]["outputs"] == {"text": "hi"}


async def test_logs_are_filtered_and_paged(owner: Person, graph_world: GraphWorld) -> None:
    client = await client_of(owner, ECHO)
    for user, text in (("ann", "apple"), ("bob", "pear"), ("bob", "шум")):
        await client.post("/workflows/run", {"inputs": {"text": text}, "user": user})
    found = (await client.get("/workflows/logs?limit=2")).json()
    assert (found["page"], found["limit"], found["total"], found["has_more"]) == (1, 2, 3, True)
    assert [item["created_by_end_user"]["session_id"] for item in found["data"]] == ["bob", "bob"]
    assert found["data"][0]["workflow_run"]["status"] == "succeeded"
    assert found["data"][0]["workflow_run"]["total_steps"] == 2
    for query, total in (
        ("keyword=PEAR", 1),
        ("keyword=шум", 1),
        ("created_by_end_user_session_id=bob", 2),
        ("status=failed", 0),
        ("created_at__after=2200-01-01T00:00:00Z", 0),
        ("created_at__before=2200-01-01T00:00:00Z", 3),
    ):
        assert (await client.get(f"/workflows/logs?{query}")).json()["total"] == total, query
    for query in ("status=odd", "created_at__after=yesterday", "page=0"):
        assert (await client.get(f"/workflows/logs?{query}")).status_code == 400, query


async def test_a_paused_run_ends_its_stream_and_says_what_it_waits_for(
    owner: Person, graph_world: GraphWorld, asking_nodes: None
) -> None:
    graph = draft([start("text"), node("ask", "test-ask"), end(said="ask.said")], ["start > ask", "ask > end"])
    client = await client_of(owner, graph)
    chunks = await chunks_of(await client.post("/workflows/run", STREAMING))
    assert [chunk["event"] for chunk in chunks[-2:]] == ["human_input_required", "workflow_paused"]
    assert chunks[-1]["data"]["paused_nodes"] == ["ask"] and chunks[-1]["data"]["status"] == "paused"
    whole = (await client.post("/workflows/run", ASK)).json()
    assert whole["data"]["status"] == "paused"
    stopped = await client.post(f"/workflows/tasks/{whole['task_id']}/stop", {"user": "ann"})
    assert stopped.json() == {"result": "success"}
    assert (await client.get(f"/workflows/run/{whole['task_id']}")).json()["status"] == "stopped"


@pytest.mark.parametrize("mode", ["chat", "completion"])
async def test_routes_of_workflows_refuse_other_apps(owner: Person, graph_world: GraphWorld, mode: str) -> None:
    client = await published(owner, mode)
    for path in ("/workflows/run", f"/workflows/{uuid.uuid4()}/run"):
        refused = await client.post(path, ASK)
        assert (refused.status_code, refused.json()["code"]) == (400, "not_workflow_app")
    flow = await client_of(owner, ECHO)
    assert (await flow.post("/chat-messages", {**ASK, "query": "?"})).json()["code"] == "not_chat_app"
    assert (await flow.post("/completion-messages", ASK)).status_code == 400
    refused = await flow.post("/chat/completions", {"model": "x", "messages": [{"role": "user", "content": "hi"}]})
    assert refused.status_code == 400 and "workflows/run" in refused.json()["error"]["message"]
