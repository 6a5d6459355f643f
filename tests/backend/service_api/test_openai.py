"""An app as OpenAI's model: messages in, chunks or a completion out, errors in OpenAI's shape."""

import base64
import json
from dataclasses import replace

import pytest

from backend.common.database import in_database
from backend.files.models import StoredFile
from backend.runs.models import Run, RunEvent
from inference.types import ModelInfo, ToolCall
from tests.agents.fakes import Reply, always, in_turn
from tests.backend.apps.running import LIVE, MODEL, World, chunks_of, published, raw_stream
from tests.backend.conftest import Person

pytestmark = LIVE

PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(32)).decode()


def ask(*messages: tuple[str, object], **more: object) -> dict[str, object]:
    return {"model": "anything", "messages": [{"role": role, "content": text} for role, text in messages], **more}


def format_of(schema: object) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


async def test_the_apps_prompt_precedes_the_clients_messages(owner: Person, world: World) -> None:
    client = await published(owner, prompt="You are Bob.")
    body = ask(("system", "Be rude."), ("user", "Hi"), ("assistant", "What?"), ("user", "Who are you?"))
    response = await client.post("/chat/completions", body)
    answer = response.json()
    assert response.status_code == 200, answer
    assert (answer["object"], answer["model"]) == ("chat.completion", client.app.slug)
    choice = answer["choices"][0]
    assert (choice["message"]["role"], choice["message"]["content"]) == ("assistant", "Hello there, friend.")
    assert choice["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + 3
    said = [(message.role, message.content) for message in world.model.last_messages]
    assert said == [
        ("system", "You are Bob.\n\nBe rude."),
        ("user", "Hi"),
        ("assistant", "What?"),
        ("user", "Who are you?"),
    ]
    run = await in_database(Run.unscoped.get)
    assert (run.source, run.conversation_id) == ("openai", None)


async def test_a_stream_ends_with_finish_reason_usage_and_done(owner: Person, world: World) -> None:
    client = await published(owner)
    body = ask(("user", "Hi"), stream=True, stream_options={"include_usage": True})
    text = await raw_stream(await client.post("/chat/completions", body))
    assert text.endswith("data: [DONE]\n\n")
    chunks = [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    deltas = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]]
    assert "".join(deltas) == "Hello there, friend."
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == 3
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    plain = await chunks_of(await client.post("/chat/completions", ask(("user", "Hi"), stream=True)))
    assert all("usage" not in chunk for chunk in plain) and plain[-1]["choices"][0]["finish_reason"] == "stop"


async def test_the_clients_sampling_overrides_the_apps(owner: Person, world: World) -> None:
    model = {"id": MODEL, "parameters": {"temperature": 0.1, "top_p": 0.5}}
    client = await published(owner, model=model)
    world.model.script = always("one two three four")
    body = ask(("user", "Hi"), temperature=1.5, max_completion_tokens=2, stop="END")
    answer = (await client.post("/chat/completions", body)).json()
    sampling = world.model.requests[-1].sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.stop) == (1.5, 0.5, 2, ("END",))
    assert answer["choices"][0]["message"]["content"] == "one two"


async def test_an_image_goes_to_a_model_that_reads_images_and_is_refused_by_one_that_does_not(
    owner: Person, world: World
) -> None:
    client = await published(owner)
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    refused = await client.post("/chat/completions", ask(("user", content)))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "images_unsupported")
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=100_000, supports_images=True)
    far = [{"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]
    assert (await client.post("/chat/completions", ask(("user", far)))).status_code == 400
    stored = await in_database(StoredFile.unscoped.first)
    assert (stored.kind, stored.app_id, stored.end_user) == ("image", client.app.id, "DEFAULT-USER")


async def test_an_agents_thought_stays_a_paragraph_of_its_own_in_a_stream(owner: Person, world: World) -> None:
    call = ToolCall("c1", "calculator", '{"expression": "6*7"}')
    script = (Reply("I will compute.", (call,), "tool_calls"), Reply("It is 42."))
    client = await published(owner, "agent", tools=[{"name": "calculator"}])
    world.model.script = in_turn(*script)
    chunks = await chunks_of(await client.post("/chat/completions", ask(("user", "6*7?"), stream=True)))
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == "I will compute.\n\nIt is 42."
    world.model.script = in_turn(*script)
    whole = (await client.post("/chat/completions", ask(("user", "6*7?")))).json()
    assert whole["choices"][0]["message"]["content"] == "It is 42."


CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
JSON_OBJECT = {"type": "json_object"}


def knows_schemas(world: World, said: str = '{"city": "Oslo"}') -> None:
    world.model.info = replace(world.model.info, supports_schema=True)
    world.model.script = lambda request: Reply(said, cached_tokens=2)


@pytest.mark.parametrize("mode", ["chat", "completion"])
@pytest.mark.parametrize(("asked", "schema"), [(format_of(CITY), CITY), (JSON_OBJECT, {})], ids=["schema", "object"])
async def test_the_clients_format_reaches_the_model_and_its_json_the_trace(
    owner: Person, world: World, mode: str, asked: object, schema: object
) -> None:
    knows_schemas(world)
    client = await published(owner, mode, prompt="Name a city: {{query}}", variables=[{"name": "query"}])
    answer = (await client.post("/chat/completions", ask(("user", "One?"), response_format=asked))).json()
    assert answer["choices"][0]["message"]["content"] == '{"city": "Oslo"}', answer
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
    assert world.model.requests[-1].response_schema == schema
    events = await in_database(lambda: [event.data for event in RunEvent.objects.filter(kind="node_finished")])
    assert [data["outputs"].get("structured_output") for data in events][-1] == {"city": "Oslo"}


async def test_the_authors_schema_holds_whatever_the_client_leaves_out_but_no_other_one(
    owner: Person, world: World
) -> None:
    knows_schemas(world)
    client = await published(owner, output_schema=CITY)
    for same in (None, {"type": "text"}, JSON_OBJECT, format_of(CITY)):
        response = await client.post("/chat/completions", ask(("user", "a"), response_format=same))
        assert response.status_code == 200 and world.model.requests[-1].response_schema == CITY, same
    other = format_of({"type": "object", "properties": {"name": {"type": "string"}}})
    response = await client.post("/chat/completions", ask(("user", "a"), response_format=other))
    assert (response.status_code, response.json()["error"]["param"]) == (400, "response_format")


async def test_an_agent_and_a_model_without_schemas_refuse_a_format(owner: Person, world: World) -> None:
    agent = await published(owner, "agent")
    response = await agent.post("/chat/completions", ask(("user", "a"), response_format=JSON_OBJECT))
    assert (response.status_code, response.json()["error"]["param"]) == (400, "response_format")
    chat = await published(owner)
    response = await chat.post("/chat/completions", ask(("user", "a"), response_format=JSON_OBJECT))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "schema_unsupported")
    assert not await in_database(Run.unscoped.exists)


WRONG = {
    "no messages": (ask(), "messages"),
    "the assistant last": (ask(("user", "a"), ("assistant", "b")), "messages"),
    "a tool's message": (ask(("tool", "a"), ("user", "b")), "messages.0.role"),
    "an unknown role": (ask(("boss", "a")), "messages.0.role"),
    "tools": (ask(("user", "a"), tools=[{"type": "function"}]), "tools"),
    "two answers": (ask(("user", "a"), n=2), "n"),
    "an unknown format": (ask(("user", "a"), response_format={"type": "yaml"}), "response_format"),
    "a format without its schema": (ask(("user", "a"), response_format={"type": "json_schema"}), "response_format"),
    "a schema we cannot enforce": (ask(("user", "a"), response_format=format_of({"not": {}})), "response_format"),
    "a schema that is none": (ask(("user", "a"), response_format=format_of({"type": 1})), "response_format"),
    "a hot temperature": (ask(("user", "a"), temperature=3), "temperature"),
    "no tokens": (ask(("user", "a"), max_tokens=0), "max_tokens"),
    "a part that is audio": (ask(("user", [{"type": "input_audio"}])), "messages"),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
async def test_a_wrong_request_is_told_in_openais_shape(owner: Person, world: World, case: str) -> None:
    body, param = WRONG[case]
    client = await published(owner)
    response = await client.post("/chat/completions", body)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param), error
    assert not await in_database(Run.unscoped.exists)


async def test_a_prompt_over_the_context_has_openais_code(owner: Person, world: World) -> None:
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=1000)
    client = await published(owner)
    response = await client.post("/chat/completions", ask(("user", "word " * 1200)))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "context_length_exceeded")


async def test_the_key_opens_one_model_the_apps_slug(owner: Person, world: World) -> None:
    client = await published(owner)
    listed = (await client.get("/models")).json()
    assert [model["id"] for model in listed["data"]] == [client.app.slug]
    assert (await client.get(f"/models/{client.app.slug}")).json() == listed["data"][0]
    missing = await client.get("/models/gpt-9")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


async def test_a_wrong_key_is_told_in_openais_shape(owner: Person, world: World) -> None:
    client = await published(owner)
    wrong = type(client)(client.app, "app-wrong")
    response = await wrong.post("/chat/completions", ask(("user", "Hi")))
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
