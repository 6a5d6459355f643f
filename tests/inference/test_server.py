"""The HTTP server over a scripted engine: shapes, refusals, keys, hosts."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.config import ModelConfig, ServerConfig
from inference.engines.fake import FakeEngine, Pause, Script, call, say
from inference.errors import ContextOverflowError, EngineFailedError, OverloadedError
from inference.registry import GROUP, Registry
from inference.server.app import create_app
from inference.types import Delta, ToolCall, Usage
from tests.inference import serving

MODEL = "m"
MESSAGES = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
JsonValue = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    "messages", "model", "stream", "n", "temperature", "top_p", "top_k", "min_p", "seed", "stop", "max_tokens",
    "tools", "tool_choice", "logit_bias", "logprobs", "response_format", "stream_options", "priority", "cache_salt",
    "presence_penalty", "repeat_penalty", "continue_final_message", "max_completion_tokens",
]  # fmt: skip


@pytest.fixture
def engine() -> FakeEngine:
    serving.FAKE = FakeEngine()
    return serving.FAKE


def make_client(host: str = "127.0.0.1", key: str | None = None) -> tuple[httpx.AsyncClient, Registry]:
    model = ModelConfig(id=MODEL, kind="chat", path=Path("nowhere"), engine="fake")
    point = EntryPoint(name="fake", value="tests.inference.serving:fake_factory", group=GROUP)
    registry = Registry((model,), {"fake": point})
    config = ServerConfig(home=Path("nowhere"), host=host, api_key=key, models=(model,))
    transport = httpx.ASGITransport(create_app(config, registry))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001"), registry


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx.AsyncClient]:
    client, registry = make_client()
    await registry.load(MODEL)
    async with client:
        yield client


async def chat(client: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await client.post("/v1/chat/completions", json={"model": MODEL, "messages": MESSAGES} | changes)


def events(response: httpx.Response) -> list[dict[str, object]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def test_an_answer_has_openais_shape(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [say("Hello dear world")]
    answer = (await chat(client)).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello dear world"},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ]
    assert answer["usage"]["total_tokens"] == 4


async def test_a_stream_says_the_same_in_pieces(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [say("Hello dear world")]
    response = await chat(client, stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *chunks, last = events(response)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 4  # type: ignore[index]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]  # type: ignore[index]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == "Hello dear world"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"  # type: ignore[index]


async def test_tool_calls_have_openais_shape(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [call(ToolCall("c1", "add", '{"a":1}'))]
    choice = (await chat(client, tools=[TOOL])).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    ]
    (chunk,) = events(await chat(client, tools=[TOOL], stream=True))
    assert chunk["choices"][0]["delta"]["tool_calls"][0]["index"] == 0  # type: ignore[index]


async def test_a_request_reaches_the_engine_as_it_was_meant(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    await chat(
        client,
        messages=[
            {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "add", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "2"},
            {"role": "assistant", "content": "So"},
        ],
        tools=[TOOL, {"type": "function", "function": {"name": "sub"}}],
        tool_choice={"type": "function", "function": {"name": "add"}},
        continue_final_message=True, max_completion_tokens=7, stop="x", seed=1, top_k=-1,
        priority="batch", cache_salt="t",
    )  # fmt: skip
    (request,) = engine.requests
    assert [message.role for message in request.messages] == ["system", "assistant", "tool", "assistant"]
    assert request.messages[0].content == "Be\nbrief"
    assert request.messages[1].tool_calls == (ToolCall("c", "add", "{}"),)
    assert [tool.name for tool in request.tools] == ["add"]
    assert (request.tool_choice, request.continue_final_message) == ("required", True)
    assert (request.sampling.max_tokens, request.sampling.stop, request.sampling.top_k) == (7, ("x",), 0)
    assert (request.priority, request.tenant) == ("batch", "t")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [{"role": "king", "content": "Hi"}]}, "messages.0.role"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**12}, "max_tokens"),
        ({"n": 2}, "n=2"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": "x" * 501}, "stop"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "sub"}}}, "sub"),
        ({"seed": 1e308}, "seed"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, changes: dict[str, object], said: str) -> None:
    response = await chat(client, **changes)
    assert response.status_code == 400
    assert said in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"model":' * 50_000, b"1e999",
        b'{"model":"m","messages":[{"role":"user","content":"a"}],"temperature":NaN}',
        b'{"model":"m","messages":[{"role":"user","content":"a"}],"top_p":1e999}',
        b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":'
        + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}}]}",
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused(client: httpx.AsyncClient, raw: bytes) -> None:
    for path in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize"):
        response = await client.post(path, content=raw)
        is_refused = response.status_code == 400
        assert is_refused or (path == "/tokenize" and b"messages" in raw), "it reads fewer fields"
        if is_refused:
            assert response.json()["error"]["type"] == "invalid_request_error"


@given(field=st.sampled_from(FIELDS), value=JsonValue)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_any_field_breaks_the_server(field: str, value: object) -> None:
    async def ask() -> int:
        serving.FAKE = FakeEngine()
        client, registry = make_client()
        await registry.load(MODEL)
        async with client:
            raw = json.dumps({"model": MODEL, "messages": MESSAGES, "tools": [TOOL]} | {field: value})
            return (await client.post("/v1/chat/completions", content=raw)).status_code

    assert asyncio.run(ask()) in {200, 400, 404}


async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", content=b" " * (17 * 2**20))
    assert response.status_code == 400
    assert "MiB" in response.json()["error"]["message"]


async def test_engine_errors_keep_their_status_code_and_wait(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [
        [OverloadedError("Full.", retry_after_s=7)],
        [ContextOverflowError.of(needed_tokens=9, allowed_tokens=5, model=MODEL)],
        [EngineFailedError("It broke.")],
    ]
    full = await chat(client, stream=True)
    assert (full.status_code, full.headers["retry-after"]) == (429, "7")
    assert full.json()["error"]["type"] == "rate_limit_error"
    overflow = await chat(client)
    assert (overflow.status_code, overflow.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert (await chat(client)).status_code == 500


async def test_an_error_after_the_start_ends_the_stream_with_an_event(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.scripts = [[Delta("Hal"), EngineFailedError("It broke.")]]
    response = await chat(client, stream=True)
    assert response.status_code == 200
    last = [line for line in response.text.split("\n\n") if line][-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "engine_failed"


async def test_a_fault_of_ours_shows_no_trace(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [[KeyError("secret")]]  # type: ignore[list-item]  # what no engine should do
    response = await chat(client)
    assert response.status_code in {200, 500}
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_embeddings_come_as_numbers_or_base64(engine: FakeEngine) -> None:
    client, registry = make_client()
    await registry.load(MODEL)
    engine.embedding_model = MODEL
    async with client:
        asked = {"model": MODEL, "input": ["a", "b"]}
        plain = (await client.post("/v1/embeddings", json=asked)).json()["data"]
        packed = (await client.post("/v1/embeddings", json=asked | {"encoding_format": "base64"})).json()["data"]
        assert [row["index"] for row in plain] == [0, 1]
        for number, row in enumerate(packed):
            vector = struct.unpack("<8f", base64.b64decode(row["embedding"]))
            assert vector == pytest.approx(plain[number]["embedding"], abs=1e-6)
        refused = await client.post("/v1/embeddings", json=asked | {"dimensions": 3})
        assert refused.status_code == 400
        assert (await client.post("/v1/embeddings", json={"model": MODEL, "input": []})).status_code == 400


async def test_tokenize_answers_in_vllms_shape(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/tokenize", json={"model": MODEL, "prompt": "a b c"})).json()
    assert answer["count"] == 3
    assert answer["tokens"] == [0, 1, 2]
    assert (await client.post("/tokenize", json={"model": MODEL})).status_code == 400


async def test_unknown_models_and_paths_are_404(client: httpx.AsyncClient) -> None:
    assert (await chat(client, model="x")).json()["error"]["code"] == "model_not_found"
    assert (await client.get("/v1/models/x")).status_code == 404
    assert (await client.get(f"/v1/models/{MODEL}")).json()["id"] == MODEL
    assert (await client.get("/nope")).json()["error"]["code"] == "not_found"
    assert (await client.get("/v1/chat/completions")).status_code == 405


async def test_health_is_200_only_when_every_model_is_loaded(engine: FakeEngine) -> None:
    client, registry = make_client()
    async with client:
        loading = await client.get("/health")
        assert (loading.status_code, loading.json()["status"]) == (503, "loading")
        busy = await chat(client)
        assert (busy.status_code, busy.json()["error"]["code"]) == (503, "model_loading")
        await registry.load(MODEL)
        healthy = await client.get("/health")
        assert (healthy.status_code, healthy.json()["models"][MODEL]["state"]) == (200, "loaded")
        registry.fail("m", "unused: it is loaded")
        assert (await client.get("/health")).status_code == 200


async def test_metrics_count_requests_tokens_and_times(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [say("a b"), [OverloadedError("Full.", retry_after_s=1)]]
    await chat(client)
    await chat(client)
    text = (await client.get("/metrics")).text
    assert 'atelier_requests_total{code="200",route="/v1/chat/completions"} 1.0' in text
    assert "atelier_rejects_429_total 1.0" in text
    assert 'atelier_generation_tokens_total{model="m"} 2.0' in text
    assert 'atelier_ttft_seconds_count{model="m"} 1.0' in text
    assert 'atelier_itl_seconds_count{model="m"} 2.0' in text
    assert 'atelier_kv_used_tokens{model="m"} 0.0' in text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8001", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8001", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example:8001", 403), ("localhost:x", 403), ("", 403),
    ],
)  # fmt: skip
async def test_on_loopback_only_loopbacks_names_are_answered(client: httpx.AsyncClient, host: str, status: int) -> None:
    assert (await client.get("/v1/models", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [("Bearer secret", 200), ("bearer secret", 200), ("Bearer wrong", 401), ("Basic secret", 401), ("", 401)],
)
async def test_where_a_key_is_set_it_is_needed(engine: FakeEngine, header: str, status: int) -> None:
    client, _ = make_client(host="0.0.0.0", key="secret")
    async with client:
        headers = {"Authorization": header, "Host": "atelier.example"}
        response = await client.get("/v1/models", headers=headers)
        assert response.status_code == status
        if status == 401:
            assert response.headers["www-authenticate"] == "Bearer"
        assert (await client.get("/health", headers={"Host": "atelier.example"})).status_code == 503


async def test_a_client_that_leaves_ends_its_generation(engine: FakeEngine) -> None:
    """The ASGI server says so with http.disconnect, before or after the first delta."""
    scripts: list[Script] = [[Pause(3600)], [Delta("a"), Pause(3600), Delta(finish_reason="stop", usage=Usage())]]
    for script in scripts:
        engine.scripts = [script]
        engine.requests.clear()
        client, registry = make_client()
        await registry.load(MODEL)
        app = client._transport.app  # type: ignore[attr-defined]
        body = json.dumps({"model": MODEL, "messages": MESSAGES, "stream": True}).encode()
        incoming: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        incoming.put_nowait({"type": "http.request", "body": body, "more_body": False})
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
            "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions", "query_string": b"", "root_path": "",
            "scheme": "http", "headers": [(b"host", b"localhost")], "client": ("x", 1), "server": ("localhost", 1),
        }  # fmt: skip

        async def send(_message: object) -> None:
            pass

        serving_one = asyncio.create_task(app(scope, incoming.get, send))
        while not engine.running:
            await asyncio.sleep(0)
        incoming.put_nowait({"type": "http.disconnect"})
        await serving_one
        assert engine.running == 0
        await client.aclose()
