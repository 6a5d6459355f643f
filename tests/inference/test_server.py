"""The HTTP server over a scripted engine: shapes, keys, hosts."""

import base64
import json
import struct
from collections.abc import AsyncIterator

import httpx
import pytest

from inference.engines.fake import FakeEngine, call, say
from inference.errors import ContextOverflowError, EngineFailedError, OverloadedError
from inference.server.loading import load_all
from inference.types import Delta, ToolCall, ToolCallDelta, Usage
from tests.inference.scripted import (
    ADAPTER,
    EMBEDDING,
    MODEL,
    RERANK,
    TOOL,
    chat,
    events,
    fresh_engine,
    loaded_client,
    make_client,
)


@pytest.fixture
def engine() -> FakeEngine:
    return fresh_engine()


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with loaded_client() as client:
        yield client


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
    assert [tool.name for tool in request.tools] == ["add", "sub"]
    assert (request.tool_choice, request.tool_name) == ("required", "add")
    assert (request.tool_choice, request.continue_final_message) == ("required", True)
    assert (request.sampling.max_tokens, request.sampling.stop, request.sampling.top_k) == (7, ("x",), 0)
    assert (request.priority, request.tenant) == ("batch", "t")


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


async def test_embeddings_come_as_numbers_or_base64_and_only_in_the_models_size(client: httpx.AsyncClient) -> None:
    asked = {"model": EMBEDDING, "input": ["a", "b"]}
    plain = (await client.post("/v1/embeddings", json=asked | {"dimensions": 8})).json()["data"]
    packed = (await client.post("/v1/embeddings", json=asked | {"encoding_format": "base64"})).json()["data"]
    assert [row["index"] for row in plain] == [0, 1]
    for number, row in enumerate(packed):
        vector = struct.unpack("<8f", base64.b64decode(row["embedding"]))
        assert vector == pytest.approx(plain[number]["embedding"], abs=1e-6)
    refused = await client.post("/v1/embeddings", json=asked | {"dimensions": 3})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "dimensions")
    assert (await client.post("/v1/embeddings", json={"model": EMBEDDING, "input": []})).status_code == 400


@pytest.mark.parametrize(
    ("given", "texts", "tokens"),
    [
        ("a", ("a",), ()),
        (["a", "b"], ("a", "b"), ()),
        ([1, 2], (), ((1, 2),)),
        ([[1, 2], [3]], (), ((1, 2), (3,))),
    ],
)
async def test_inputs_are_texts_or_the_models_own_token_ids(
    client: httpx.AsyncClient, engine: FakeEngine, given: object, texts: object, tokens: object
) -> None:
    answer = await client.post("/v1/embeddings", json={"model": EMBEDDING, "input": given})
    (request,) = engine.embed_requests
    assert (request.texts, request.token_lists) == (texts, tokens)
    assert len(answer.json()["data"]) == max(len(request.texts), len(request.token_lists))
    assert answer.json()["usage"]["prompt_tokens"] > 0


async def test_documents_are_ranked_best_first(client: httpx.AsyncClient) -> None:
    asked = {"model": RERANK, "query": "red fox", "documents": ["a dog", {"text": "the red fox"}, "a fox"]}
    for path in ("/v1/rerank", "/rerank"):
        answer = (await client.post(path, json=asked)).json()
        assert [row["index"] for row in answer["results"]] == [1, 2, 0]
        assert answer["results"][0] == {"index": 1, "relevance_score": 1.0}
        assert answer["usage"]["total_tokens"] > 0
    best = (await client.post("/v1/rerank", json=asked | {"top_n": 1, "return_documents": True})).json()
    assert best["results"] == [{"index": 1, "relevance_score": 1.0, "document": {"text": "the red fox"}}]
    assert (await client.post("/v1/rerank", json=asked | {"top_n": 0})).status_code == 400


async def test_an_adapter_is_asked_by_its_name(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    listed = {model["id"]: model for model in (await client.get("/v1/models")).json()["data"]}
    assert (listed[ADAPTER]["parent"], listed[MODEL]["parent"]) == (MODEL, None)
    assert (await chat(client, model=ADAPTER)).json()["model"] == ADAPTER
    await chat(client)
    assert [(asked.model, asked.adapter) for asked in engine.requests] == [(MODEL, ADAPTER), (MODEL, None)]
    assert (await client.get(f"/v1/models/{ADAPTER}")).json()["root"] == ADAPTER


async def test_the_pieces_of_a_call_name_it_once(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    pieces = [ToolCallDelta(0, "c1", "add", '{"a'), ToolCallDelta(0, arguments='":1}')]
    engine.scripts = [[*(Delta(tool_calls=(piece,)) for piece in pieces), Delta(finish_reason="tool_calls")]] * 2
    first, second, _ = events(await chat(client, tools=[TOOL], stream=True))
    assert first["choices"][0]["delta"]["tool_calls"][0]["id"] == "c1"  # type: ignore[index]
    assert second["choices"][0]["delta"]["tool_calls"] == [  # type: ignore[index]
        {"index": 0, "function": {"arguments": '":1}'}}
    ]
    (whole,) = (await chat(client, tools=[TOOL])).json()["choices"]
    assert whole["message"]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a":1}'}


async def test_cached_tokens_and_the_fingerprint_are_shown(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [[Delta("a", finish_reason="stop", usage=Usage(9, 1, cached_tokens=8))]]
    first, second = (await chat(client)).json(), (await chat(client)).json()
    assert first["usage"]["prompt_tokens_details"] == {"cached_tokens": 8}
    assert first["system_fingerprint"].startswith("fp_")
    assert first["system_fingerprint"] == second["system_fingerprint"]


async def test_tokenize_answers_in_vllms_shape(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/tokenize", json={"model": MODEL, "prompt": "a b c"})).json()
    assert answer["count"] == 3
    assert answer["tokens"] == [0, 1, 2]
    assert (await client.post("/tokenize", json={"model": MODEL})).status_code == 400
    many = (await client.post("/tokenize", json={"model": EMBEDDING, "prompts": ["a b", "", "c"]})).json()
    assert (many["counts"], many["count"]) == ([2, 0, 1], 3)


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
        await load_all(registry)
        healthy = await client.get("/health")
        assert (healthy.status_code, healthy.json()["models"][MODEL]["state"]) == (200, "loaded")
        assert healthy.json()["models"][MODEL]["restarts"] == 0
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
    assert 'atelier_e2e_seconds_count{model="m"} 1.0' in text
    assert 'atelier_generations_total{model="m",reason="stop"} 1.0' in text
    assert 'atelier_generations_total{model="m",reason="broken off"} 1.0' in text


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
