"""The circuit breaker: when a server is left alone, when it is tried again, and by how many."""

import asyncio
import json

import httpx
import pytest

from inference.engines.circuit import CircuitBreaker, Patience
from inference.engines.openai_http import OpenAIHttpEngine, Timeouts
from inference.errors import (
    InvalidRequestError,
    UpstreamAuthError,
    UpstreamError,
    UpstreamRateLimitError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from inference.types import GenerateRequest, Message, SamplingParams

ASK = GenerateRequest("m", (Message("user", "Hi"),), sampling=SamplingParams(seed=1, max_tokens=5))
DOWN = UpstreamUnreachableError("refused")
OK = 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker("http://up/v1", Patience(failures=3, first_rest_s=5, longest_rest_s=8), clock)
    for _ in range(3):
        breaker.enter()
        breaker.failed(DOWN)
    return breaker


def test_a_server_that_keeps_failing_is_left_alone_and_named() -> None:
    breaker = opened(Clock())
    with pytest.raises(UpstreamUnreachableError, match=r"http://up/v1 has failed 3 times.*refused.*in 5 s") as raised:
        breaker.enter()
    assert raised.value.retry_after_s == 5


def test_after_its_rest_one_request_tries_and_the_others_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now_s += 5
    breaker.enter()
    with pytest.raises(UpstreamUnreachableError):
        breaker.enter()
    breaker.succeeded()
    breaker.enter()
    breaker.enter()


def test_a_failed_try_doubles_the_rest_up_to_a_limit() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now_s += 5
    breaker.enter()
    breaker.failed(DOWN)
    with pytest.raises(UpstreamUnreachableError) as raised:
        breaker.enter()
    assert raised.value.retry_after_s == 8


def test_who_gives_up_while_trying_leaves_the_try_to_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now_s += 5
    breaker.enter()
    breaker.left()
    breaker.enter()


@pytest.mark.parametrize(
    "answer", [UpstreamAuthError("key"), UpstreamRateLimitError("slow"), InvalidRequestError("no")]
)
def test_an_answer_that_refuses_is_still_an_answer(answer: UpstreamError | InvalidRequestError) -> None:
    breaker = CircuitBreaker("http://up/v1", Patience(failures=2))
    for problem in (DOWN, answer, DOWN):
        breaker.enter()
        breaker.failed(problem)
    breaker.enter()


async def test_the_engine_asks_a_resting_server_nothing_and_does_not_wait_for_it() -> None:
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused")

    async def sleep(_seconds: float) -> None:
        return

    client = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    breaker = CircuitBreaker("http://up/v1", Patience(failures=4))
    engine = OpenAIHttpEngine(client, "http://up/v1", sleep=sleep, breaker=breaker)
    for wanted in (3, 4, 4):
        with pytest.raises(UpstreamUnreachableError):
            await anext(engine.generate(ASK))
        assert len(asked) == wanted


async def test_a_stream_that_falls_silent_ends_in_an_error() -> None:
    class Silent(httpx.AsyncByteStream):
        async def __aiter__(self):  # type: ignore[no-untyped-def]  # an async generator of bytes
            yield b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
            await asyncio.sleep(600)

    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Silent())))
    engine = OpenAIHttpEngine(client, "http://up/v1", timeouts=Timeouts(idle_s=0.01))
    deltas = engine.generate(ASK)
    assert (await anext(deltas)).text == "a"
    with pytest.raises(UpstreamTimeoutError, match=r"nothing for 0\.01 s"):
        await anext(deltas)


@pytest.mark.parametrize(
    ("url", "written", "missing"),
    [
        ("https://api.openai.com/v1", {"max_completion_tokens": 5, "seed": 1}, "max_tokens"),
        ("https://api.mistral.ai/v1", {"max_tokens": 5, "random_seed": 1}, "stream_options"),
        ("https://api.anthropic.com/v1", {"max_tokens": 5, "stream": True}, "seed"),
        ("http://127.0.0.1:11434/v1", {"max_tokens": 5, "seed": 1}, "max_completion_tokens"),
    ],
)
async def test_what_a_server_calls_differently_is_written_as_it_wants(
    url: str, written: dict[str, object], missing: str
) -> None:
    bodies: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, text=OK)

    engine = OpenAIHttpEngine(httpx.AsyncClient(transport=httpx.MockTransport(answer)), url)
    assert (await anext(engine.generate(ASK))).text == "a"
    assert written.items() <= bodies[0].items()
    assert missing not in bodies[0]


async def test_a_schema_that_a_server_would_ignore_is_refused() -> None:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=OK)))
    engine = OpenAIHttpEngine(client, "https://api.anthropic.com/v1")
    with pytest.raises(InvalidRequestError, match="schema"):
        await anext(engine.generate(GenerateRequest("m", (Message("user", "Hi"),), response_schema={})))
