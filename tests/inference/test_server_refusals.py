"""What the server refuses, and that no body breaks it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engines.fake import FakeEngine
from tests.inference.scripted import EMBEDDING, MESSAGES, MODEL, RERANK, TOOL, chat, fresh_engine, loaded_client

JsonValue = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 2**31, 2**63, 10**30, 1e308, -1e308])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SAMPLING = [
    "model", "stream", "stream_options", "n", "temperature", "top_p", "top_k", "min_p", "presence_penalty",
    "frequency_penalty", "repeat_penalty", "seed", "stop", "max_tokens", "logit_bias", "ignore_eos", "deterministic",
    "priority", "cache_salt", "logprobs", "grammar",
]  # fmt: skip
ROUTES: dict[str, tuple[dict[str, object], list[str]]] = {
    "/v1/chat/completions": (
        {"model": MODEL, "messages": MESSAGES, "tools": [TOOL]},
        [*SAMPLING, "messages", "tools", "tool_choice", "parallel_tool_calls", "max_completion_tokens", "top_logprobs",
         "response_format", "continue_final_message", "modalities", "audio", "metadata", "store", "user"],
    ),
    "/v1/completions": ({"model": MODEL, "prompt": "x"}, [*SAMPLING, "prompt", "best_of", "echo", "suffix"]),
    "/v1/embeddings": (
        {"model": EMBEDDING, "input": "x"}, ["model", "input", "encoding_format", "dimensions", "cache_salt"]
    ),
    "/v1/rerank": (
        {"model": RERANK, "query": "x", "documents": ["y"]},
        ["model", "query", "documents", "top_n", "return_documents", "cache_salt"],
    ),
    "/tokenize": (
        {"model": MODEL, "prompt": "x"},
        ["model", "prompt", "prompts", "messages", "tools", "tool_choice", "continue_final_message"],
    ),
}  # fmt: skip
PLACES = [(path, field) for path, (_, fields) in ROUTES.items() for field in fields]
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
CHAT = b'{"model":"m","messages":[{"role":"user","content":"a"}],%s}'


@pytest.fixture
def engine() -> FakeEngine:
    return fresh_engine()


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with loaded_client() as client:
        yield client


def is_openais_error(response: httpx.Response) -> bool:
    error = response.json()["error"]
    return set(error) == {"message", "type", "param", "code"} and bool(error["message"])


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
        ({"max_tokens": 1, "max_completion_tokens": 2}, "differ"),
        ({"n": 0}, "n"),
        ({"n": 17}, "n"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": "x" * 501}, "stop"),
        ({"top_logprobs": 3}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"logit_bias": {"-1": 1}}, "logit_bias"),
        ({"logit_bias": {"99999": 1}}, "99999"),
        ({"logit_bias": {str(i): 1 for i in range(1025)}}, "1025"),
        ({"response_format": {"type": "json_schema"}}, "json_schema"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "sub"}}}, "sub"),
        ({"tools": [TOOL, TOOL]}, "same name"),
        ({"tool_choice": "required"}, "no tools"),
        ({"stream_options": {"include_usage": True}}, "stream"),
        ({"seed": 1e308}, "seed"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "alloy"}}, "audio"),
        ({"functions": []}, "functions"),
        ({"guided_json": {}}, "guided_json"),
        ({"continue_final_message": True}, "assistant"),
        ({"messages": [{"role": "user", "content": "word " * 5000}]}, "4096"),
    ],
)
async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient, changes: dict[str, object], said: str) -> None:
    response = await chat(client, **changes)
    assert response.status_code == 400
    assert is_openais_error(response)
    assert said in response.json()["error"]["message"]


@pytest.mark.parametrize("changes", [{"echo": True}, {"suffix": "x"}, {"best_of": 2}, {"logprobs": 6}, {"prompt": []}])
async def test_what_plain_completions_do_not_have_is_named(
    client: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    response = await client.post("/v1/completions", json={"model": MODEL, "prompt": "x"} | changes)
    assert response.status_code == 400
    assert next(iter(changes)) in response.json()["error"]["message"]


async def test_what_changes_nothing_is_accepted(client: httpx.AsyncClient) -> None:
    harmless: dict[str, object] = {
        "metadata": {"a": "b"}, "store": False, "user": "u", "service_tier": "auto", "reasoning_effort": "low",
        "audio": None, "modalities": ["text"], "prompt_cache_key": "k", "parallel_tool_calls": True, "tools": [],
        "logit_bias": None, "n": 1, "stop": None, "logprobs": False, "response_format": {"type": "text"},
    }  # fmt: skip
    assert (await chat(client, **harmless)).status_code == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"model":' * 50_000, b"1e999",
        CHAT % b'"temperature":NaN', CHAT % b'"top_p":1e999', CHAT % b'"model":"other"', CHAT % b'"zz":NaN',
        CHAT % b'"zz":{"a":1,"a":2}', CHAT % b'"user":"\xff"', CHAT % (b'"zz":' + b"9" * 5000),
        CHAT % (b'"zz":' + DEEP),
        b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
        CHAT % (b'"tools":[{"type":"function","function":{"name":"f","parameters":' + DEEP + b"}}]"),
        CHAT % (b'"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":' + DEEP + b"}}"),
        CHAT % (b'"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"maximum":1e999}}}'),
        CHAT % (b'"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":'
                + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}}"),
        CHAT % (b'"zz":[' + b"{}," * 200_000 + b"{}]"),
        CHAT % (b'"tools":[{"type":"function","function":{"name":"f","parameters":{"enum":['
                + b"1," * 50_000 + b"1]}}}]"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused(client: httpx.AsyncClient, raw: bytes) -> None:
    response = await client.post("/v1/chat/completions", content=raw)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert is_openais_error(response)


@pytest.mark.parametrize("path", list(ROUTES))
async def test_no_route_reads_what_is_nested_too_deep(client: httpx.AsyncClient, path: str) -> None:
    body, _ = ROUTES[path]
    levels = 40_000  # fewer brackets than are refused at once: the parser itself must stop
    raw = json.dumps(body).encode()[:-1] + b',"zz":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"
    response = await client.post(path, content=raw)
    assert response.status_code == 400
    assert "recursion" in response.json()["error"]["message"]


@given(place=st.sampled_from(PLACES), value=JsonValue)
@settings(max_examples=400, deadline=None)
def test_r44_no_value_of_any_field_breaks_the_server(place: tuple[str, str], value: object) -> None:
    path, field = place
    body, _ = ROUTES[path]
    raw = json.dumps(body | {field: value})

    async def ask() -> httpx.Response:
        fresh_engine()
        async with loaded_client() as client:
            return await client.post(path, content=raw)

    response = asyncio.run(ask())
    assert response.status_code in {200, 400, 404}
    if response.status_code == 404:
        assert field == "model"
    if response.status_code != 200:
        assert is_openais_error(response)


async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/chat/completions", content=b" " * (17 * 2**20))
    assert response.status_code == 400
    assert "MiB" in response.json()["error"]["message"]
