"""chat-messages of a chatflow: the message within the course of its graph, and what a conversation remembers."""

import pytest

from tests.backend.apps.running import LIVE, KeyClient, chunks_of
from tests.backend.conftest import Person
from tests.backend.service_api.workflows.publishing import client_of
from tests.backend.workflows.running import GraphWorld, draft, llm, node, start

pytestmark = LIVE

ASK = {"inputs": {}, "query": "Who are you?", "user": "ann"}
STREAMING = {**ASK, "response_mode": "streaming"}
ANSWER = node("answer", "answer", {"answer": "I say: {{#llm.text#}} ({{#conversation.turns#}})"})
COUNT = node(
    "count",
    "assigner",
    {
        "version": "2",
        "items": [
            {"variable_selector": ["conversation", "turns"], "input_type": "constant", "operation": "+=", "value": 1}
        ],
    },
)
TURNS = [{"name": "turns", "value_type": "number", "value": 0, "description": "how often"}]
TALK = draft(
    [start(), COUNT, llm(prompt="{{#sys.query#}}"), ANSWER],
    ["start > count", "count > llm", "llm > answer"],
    conversation_variables=TURNS,
)


async def talk(owner: Person) -> KeyClient:
    return await client_of(owner, TALK, "chatflow")


async def test_a_stream_brings_the_message_within_the_course_of_its_graph(
    owner: Person, graph_world: GraphWorld
) -> None:
    client = await talk(owner)
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    kinds = [chunk["event"] for chunk in chunks]
    assert kinds[0] == "workflow_started" and kinds[-2:] == ["message_end", "workflow_finished"]
    common = ["event", "conversation_id", "message_id", "created_at"]
    assert all(list(chunk)[:4] == common for chunk in chunks)
    said = [chunk for chunk in chunks if chunk["event"] == "message"]
    assert "".join(chunk["answer"] for chunk in said) == "I say: Hello there, friend. (1)"
    assert ["llm", "text"] in [chunk["from_variable_selector"] for chunk in said]
    first_text = kinds.index("message")
    ends = [n for n, c in enumerate(chunks) if c["event"] == "node_finished" and c["data"]["node_id"] == "llm"]
    assert first_text < ends[0], "the answer streams while the model still writes"
    assert chunks[-1]["data"]["status"] == "succeeded" and chunks[-1]["workflow_run_id"] == chunks[0]["workflow_run_id"]


async def test_a_blocking_answer_and_its_conversation(owner: Person, graph_world: GraphWorld) -> None:
    client = await talk(owner)
    first = (await client.post("/chat-messages", ASK)).json()
    assert (first["mode"], first["answer"]) == ("advanced-chat", "I say: Hello there, friend. (1)")
    again = {**ASK, "conversation_id": first["conversation_id"]}
    assert (await client.post("/chat-messages", again)).json()["answer"].endswith("(2)")
    listed = (await client.get(f"/messages?user=ann&conversation_id={first['conversation_id']}")).json()
    assert [item["answer"][-3:] for item in listed["data"]] == ["(1)", "(2)"]


async def test_a_failed_run_is_told_by_the_graph_and_then_as_an_error(owner: Person, graph_world: GraphWorld) -> None:
    bad = node("bad", "template-transform", {"template": "{{ 1 / 0 }}", "variables": []})
    graph = draft(
        [start(), bad, node("answer", "answer", {"answer": "{{#bad.output#}}"})], ["start > bad", "bad > answer"]
    )
    client = await client_of(owner, graph, "chatflow")
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    assert [chunk["event"] for chunk in chunks[-2:]] == ["workflow_finished", "error"]
    assert chunks[-2]["data"]["status"] == "failed" and chunks[-1]["status"] == 400
    assert (await client.post("/chat-messages", ASK)).status_code == 400


async def test_a_conversations_variables_are_read_and_set(owner: Person, graph_world: GraphWorld) -> None:
    client = await talk(owner)
    first = (await client.post("/chat-messages", ASK)).json()
    base = f"/conversations/{first['conversation_id']}/variables"
    [turns] = (await client.get(f"{base}?user=ann")).json()["data"]
    assert (turns["name"], turns["value_type"], turns["value"], turns["description"]) == (
        "turns",
        "number",
        "1",
        "how often",
    )
    assert (await client.get(f"{base}?user=bob")).status_code == 404
    put = await client.send("put", f"{base}/{turns['id']}", {"value": 41, "user": "ann"})
    assert put.json()["value"] == "41"
    again = {**ASK, "conversation_id": first["conversation_id"]}
    assert (await client.post("/chat-messages", again)).json()["answer"].endswith("(42)")
    for value in ("many", None, [1]):
        refused = await client.send("put", f"{base}/{turns['id']}", {"value": value, "user": "ann"})
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert (
        await client.send("put", f"{base}/{first['conversation_id']}", {"value": 1, "user": "ann"})
    ).status_code == 404


async def test_openai_clients_talk_to_a_chatflow(owner: Person, graph_world: GraphWorld) -> None:
    client = await talk(owner)
    ask = {"model": "any", "messages": [{"role": "user", "content": "hi"}]}
    body = (await client.post("/chat/completions", ask)).json()
    assert body["choices"][0]["message"]["content"] == "I say: Hello there, friend. (1)"
    refused = await client.post("/chat/completions", {**ask, "response_format": {"type": "json_object"}})
    assert refused.status_code == 400


@pytest.mark.parametrize("path", ["/parameters", "/info"])
async def test_what_the_app_is_can_be_read(owner: Person, graph_world: GraphWorld, path: str) -> None:
    graph = draft([start(topic="paragraph"), node("answer", "answer", {"answer": "x"})], ["start > answer"])
    client = await client_of(owner, graph, "chatflow")
    found = (await client.get(path)).json()
    if path == "/info":
        assert found["mode"] == "advanced-chat"
    else:
        assert found["user_input_form"] == [{"paragraph": {"variable": "topic", "label": "topic", "type": "paragraph"}}]
        assert found["file_upload"] == {"enabled": False}
