"""The HTTP engine against scripted servers: what it sends, how it reads, when it tries again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from inference.engines.openai_http import OpenAIHttpEngine
from inference.engines.openai_wire import Dialect
from inference.errors import (
    ContextOverflowError,
    InferenceError,
    InvalidRequestError,
    UnknownModelError,
    UpstreamAuthError,
    UpstreamBadResponseError,
    UpstreamError,
    UpstreamRateLimitError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from inference.types import (
    Delta,
    EmbedRequest,
    GenerateRequest,
    Image,
    Message,
    Ranking,
    RerankRequest,
    SamplingParams,
    TokenChance,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    Usage,
)

ASK = GenerateRequest("m", (Message("user", "Hi"),))
Answer = Callable[[httpx.Request], httpx.Response]


def stream(*chunks: object, done: bool = True) -> httpx.Response:
    lines = [f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks]
    return httpx.Response(200, text="".join(lines) + ("data: [DONE]\n\n" if done else ""))


def piece(**delta: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


class Upstream:
    """A scripted server that keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def body(self) -> dict[str, object]:
        body = json.loads(self.requests[-1].content)
        assert isinstance(body, dict)
        return body

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def engine(self, dialect: Dialect = "openai") -> OpenAIHttpEngine:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return OpenAIHttpEngine(client, "http://up/v1/", api_key="k", dialect=dialect, sleep=self.sleep)

    async def deltas(self, request: GenerateRequest = ASK, dialect: Dialect = "openai") -> list[Delta]:
        return [delta async for delta in self.engine(dialect).generate(request)]


async def test_text_reason_and_usage_are_read() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    up = Upstream(
        stream(
            piece(role="assistant", content=""),
            piece(content="Hel"),
            piece(content="lo"),
            END,
            {"choices": [], "usage": usage},
        )
    )
    assert await up.deltas() == [Delta("Hel"), Delta("lo"), Delta(finish_reason="stop", usage=Usage(3, 2, 1))]
    assert str(up.requests[0].url) == "http://up/v1/chat/completions"
    assert up.requests[0].headers["authorization"] == "Bearer k"
    assert up.body()["stream_options"] == {"include_usage": True}


async def test_tool_calls_and_reasoning_are_read_in_pieces() -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "add", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"a":1}'}}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    up = Upstream(stream(piece(reasoning_content="hm"), piece(tool_calls=[call]), piece(tool_calls=[more]), end))
    assert await up.deltas() == [
        Delta(reasoning="hm"),
        Delta(tool_calls=(ToolCallDelta(0, "c1", "add", ""),)),
        Delta(tool_calls=(ToolCallDelta(0, "", "", '{"a":1}'),)),
        Delta(finish_reason="tool_calls", usage=Usage()),
    ]


async def test_a_conversation_with_tools_and_images_is_written_as_openai_does() -> None:
    request = GenerateRequest(
        "m",
        (
            Message("user", "Look", images=(Image("data:image/png;base64,AA=="),)),
            Message("assistant", "", tool_calls=(ToolCall("c1", "add", "{}"),)),
            Message("tool", "2", tool_call_id="c1"),
        ),
        tools=(ToolSpec("add", "Adds.", {"type": "object"}),),
        tool_choice="required",
        sampling=SamplingParams(temperature=0.1, stop=("x",), max_tokens=5, top_k=3),
        tenant="t",
        priority="batch",
    )
    up = Upstream(stream(END))
    await up.deltas(request)
    body = up.body()
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]
    assert (body["tool_choice"], body["stop"], body["max_tokens"]) == ("required", ["x"], 5)
    assert not {"top_k", "cache_salt", "priority", "continue_final_message"} & set(body), "strict servers refuse these"


async def test_our_own_server_gets_our_extensions() -> None:
    request = GenerateRequest(
        "m",
        (Message("assistant", "So"),),
        continue_final_message=True,
        tenant="t",
        priority="batch",
        sampling=SamplingParams(top_k=3),
    )
    up = Upstream(stream(END))
    await up.deltas(request, "atelier")
    body = up.body()
    assert (body["continue_final_message"], body["cache_salt"], body["priority"], body["top_k"]) == (
        True,
        "t",
        "batch",
        3,
    )


async def test_other_servers_are_not_asked_to_continue() -> None:
    with pytest.raises(InvalidRequestError):
        await Upstream().deltas(GenerateRequest("m", (Message("assistant", "So"),), continue_final_message=True))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"message": "bad key"}}, UpstreamAuthError),
        (403, {"error": "no"}, UpstreamAuthError),
        (404, {"error": {"message": "no such model"}}, UnknownModelError),
        (400, {"error": {"message": "bad", "code": "context_length_exceeded"}}, ContextOverflowError),
        (400, {"error": {"message": "This model's maximum context length is 4096"}}, ContextOverflowError),
        (422, {"detail": "temperature"}, InvalidRequestError),
        (429, {"error": {"message": "slow"}}, UpstreamRateLimitError),
        (500, {"error": {"message": "boom"}}, UpstreamError),
        (504, "<html>", UpstreamTimeoutError),
    ],
)
async def test_refusals_become_errors_of_our_tree(status: int, body: object, kind: type[InferenceError]) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    up = Upstream(*(httpx.Response(status, text=text) for _ in range(3)))
    with pytest.raises(kind) as raised:
        await up.deltas()
    assert type(raised.value) is kind
    assert len(up.requests) == (3 if raised.value.retryable else 1)


async def test_what_may_pass_is_tried_again_with_growing_pauses() -> None:
    up = Upstream(httpx.ConnectError("refused"), httpx.Response(503), stream(piece(content="ok"), END))
    assert (await up.deltas())[0] == Delta("ok")
    assert len(up.waits) == 2
    assert up.waits[0] < up.waits[1] < 1


async def test_the_server_says_how_long_to_wait() -> None:
    up = Upstream(httpx.Response(429, headers={"Retry-After": "3"}), stream(END))
    await up.deltas()
    assert 3 <= up.waits[0] < 4


async def test_an_answer_that_has_begun_is_never_asked_for_again() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b'data: {"choices":[{"delta":{"content":"Hal"}}]}\n\n'
        raise httpx.ReadError("reset")

    up = Upstream(httpx.Response(200, content=broken()), stream(END))
    seen: list[str] = []

    async def read() -> None:
        async for delta in up.engine().generate(ASK):
            seen.append(delta.text)

    with pytest.raises(UpstreamUnreachableError):
        await read()
    assert seen == ["Hal"]
    assert len(up.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (stream("{not json"), UpstreamBadResponseError),
        (stream("[1]"), UpstreamBadResponseError),
        (stream(piece(content="Hi"), done=False), UpstreamBadResponseError),
        (stream({"error": {"message": "boom", "code": "engine_failed"}}), UpstreamError),
    ],
)
async def test_a_stream_that_is_not_the_protocol_is_an_error(
    answer: httpx.Response, kind: type[InferenceError]
) -> None:
    with pytest.raises(kind):
        await Upstream(answer).deltas()


@pytest.mark.parametrize(("dialect", "idle_s"), [("openai", 60), ("atelier", 300)])
async def test_our_own_server_may_let_an_answer_wait_longer(
    dialect: Dialect, idle_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []

    def limited(delay_s: float | None) -> asyncio.Timeout:
        limits.append(delay_s)
        return asyncio.Timeout(None)

    monkeypatch.setattr(asyncio, "timeout", limited)
    engine = Upstream(stream(piece(content="a"), piece(content="b"), END)).engine(dialect)
    assert "".join([delta.text async for delta in engine.generate(ASK)]) == "ab"
    assert limits[0] == 300
    assert set(limits[1:]) == {idle_s}


async def test_timeouts_are_told_apart() -> None:
    with pytest.raises(UpstreamTimeoutError):
        await Upstream(*(httpx.ReadTimeout("slow") for _ in range(3))).deltas()


async def test_closing_the_iterator_closes_the_connection() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'

    answer = httpx.Response(200, content=endless())
    deltas = Upstream(answer).engine().generate(ASK)
    assert (await anext(deltas)).text == "a"
    await deltas.aclose()  # type: ignore[attr-defined]  # it is a generator; the port promises less
    assert answer.is_closed


async def test_characters_and_lines_may_be_cut_anywhere() -> None:
    text = 'data: {"choices":[{"delta":{"content":"é漢"}}]}\r\n\r\n: ping\n\n'
    end = 'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n'
    raw = (text + end).encode()

    async def bytewise() -> AsyncIterator[bytes]:
        for number in range(len(raw)):
            yield raw[number : number + 1]

    deltas = await Upstream(httpx.Response(200, content=bytewise())).deltas()
    assert deltas == [Delta("é漢"), Delta(finish_reason="length", usage=Usage())]


async def test_vectors_are_read_in_order_in_both_encodings() -> None:
    rows = [{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": "AACAPwAAAAA="}]
    up = Upstream(httpx.Response(200, json={"data": rows, "usage": {"prompt_tokens": 4}}))
    made = await up.engine().embed(EmbedRequest("e", ("a", "b")))
    assert [list(vector) for vector in made.vectors] == [[1.0, 0.0], [0.0, 1.0]]
    assert made.usage == Usage(prompt_tokens=4)


@pytest.mark.parametrize("rows", [[], [{"index": 0, "embedding": "%%"}], [{"index": 0}], [{"embedding": ["x"]}]])
async def test_wrong_vectors_are_an_error(rows: list[object]) -> None:
    with pytest.raises(UpstreamBadResponseError):
        await Upstream(httpx.Response(200, json={"data": rows})).engine().embed(EmbedRequest("e", ("a",)))


async def test_tokens_are_counted_exactly_by_our_server_and_estimated_for_others() -> None:
    up = Upstream(httpx.Response(200, json={"count": 42}))
    assert await up.engine("atelier").count_tokens(ASK) == 42
    assert str(up.requests[0].url) == "http://up/tokenize"
    english = GenerateRequest("m", (Message("user", "The quick brown fox jumps over the lazy dog. " * 10),))
    chinese = GenerateRequest("m", (Message("user", "量子计算机" * 10),))
    assert 100 <= await Upstream().engine().count_tokens(english) <= 150
    assert 50 <= await Upstream().engine().count_tokens(chinese) <= 60


async def test_models_are_listed_with_what_is_known() -> None:
    data = [{"id": "gpt-5"}, {"id": "text-embedding-3-small"}, {"no": "id"}]
    models = await Upstream(httpx.Response(200, json={"data": data})).engine().models()
    assert [(model.id, model.kind) for model in models] == [("gpt-5", "chat"), ("text-embedding-3-small", "embedding")]


async def test_what_shapes_an_answer_is_passed_on() -> None:
    request = GenerateRequest(
        "m",
        (Message("user", "Hi"),),
        tools=(ToolSpec("add", "Adds.", {"type": "object"}),),
        tool_choice="required",
        tool_name="add",
        parallel_tool_calls=False,
        response_schema={"type": "object"},
        adapter="poet",
        sampling=SamplingParams(logit_bias=((7, -100.0),), top_logprobs=2, ignore_eos=True, deterministic=True),
    )
    up = Upstream(stream(END), stream(END), stream(END))
    await up.deltas(request, "atelier")
    body = up.body()
    assert (body["model"], body["logit_bias"], body["logprobs"], body["top_logprobs"]) == ("poet", {"7": -100}, True, 2)
    assert body["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}  # type: ignore[index]
    assert (body["parallel_tool_calls"], body["ignore_eos"], body["deterministic"]) == (False, True, True)
    await up.deltas(request)
    assert not {"ignore_eos", "deterministic"} & set(up.body()), "strict servers refuse these"
    await up.deltas(GenerateRequest("m", (Message("user", "Hi"),), response_schema={}))
    assert up.body()["response_format"] == {"type": "json_object"}


async def test_token_ids_are_a_plain_prompt() -> None:
    up = Upstream(stream(END))
    await up.deltas(GenerateRequest("m", prompt_tokens=(1, 2), sampling=SamplingParams(top_logprobs=9)))
    assert str(up.requests[0].url) == "http://up/v1/completions"
    assert (up.body()["prompt"], up.body()["logprobs"]) == ([1, 2], 5)


async def test_log_probabilities_are_read_in_both_shapes() -> None:
    entry = {"token": "?", "bytes": [195], "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -1}]}
    chat = {"choices": [{"delta": {"content": ""}, "logprobs": {"content": [entry]}}]}
    written = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"b": -2.0, "a": -0.5}]}
    plain = {"choices": [{"text": "a", "logprobs": written}]}
    first, second, _ = await Upstream(stream(chat, plain, END)).deltas()
    assert first.logprobs == (TokenLogprob(TokenChance(b"\xc3", -0.5), (TokenChance(b"a", -1.0),)),)
    best = (TokenChance(b"a", -0.5), TokenChance(b"b", -2.0))
    assert second.logprobs == (TokenLogprob(best[0], best),)


async def test_documents_get_their_scores_in_their_own_order() -> None:
    rows = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    up = Upstream(*(httpx.Response(200, json={"results": rows, "usage": {"total_tokens": 7}}) for _ in range(2)))
    assert await up.engine().rerank(RerankRequest("r", "q", ("a", "b"))) == Ranking((0.1, 0.9), Usage(7))
    assert str(up.requests[0].url) == "http://up/v1/rerank"
    with pytest.raises(UpstreamBadResponseError):
        await up.engine().rerank(RerankRequest("r", "q", ("a", "b", "c")))


async def test_many_texts_are_counted_with_few_requests() -> None:
    def count(request: httpx.Request) -> httpx.Response:
        sizes.append(len(texts := json.loads(request.content)["prompts"]))
        return httpx.Response(200, json={"counts": [len(text.split()) for text in texts]})

    sizes: list[int] = []
    client = httpx.AsyncClient(transport=httpx.MockTransport(count))
    engine = OpenAIHttpEngine(client, "http://up/v1", dialect="atelier")
    assert await engine.count_texts("m", ["a b"] * 300) == [2] * 300
    assert len(sizes) == 2
    assert await Upstream().engine().count_texts("m", ["a" * 35]) == [14]
