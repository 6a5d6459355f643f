"""An engine behind any OpenAI-compatible URL; against our own server it uses our extensions."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx

from inference.engines.circuit import CircuitBreaker
from inference.engines.openai_wire import (
    Dialect,
    chat_body,
    embed_body,
    is_plain,
    read_chunk,
    read_error,
    read_json,
    read_ranking,
    read_vectors,
    rerank_body,
    tokenize_body,
)
from inference.engines.quirks import adapted, quirks_of
from inference.errors import (
    InferenceError,
    InvalidRequestError,
    UpstreamBadResponseError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    FinishReason,
    GenerateRequest,
    ModelInfo,
    ModelKind,
    Ranking,
    RerankRequest,
    Usage,
)

_FIRST_BACKOFF_S = 0.25
_LONGEST_BACKOFF_S = 8.0
_MAX_ERROR_BYTES = 64 * 1024
_MAX_LINE_BYTES = 8 * 2**20
_TEXTS_PER_COUNT = 256
_TOKENS_PER_MESSAGE = 4  # what role and separators cost in the usual templates

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, for an answer to begin (long prompts take long), and between its pieces.

    `attempts` are made at a request whose answer has not begun.
    """

    connect_s: float = 5.0
    first_token_s: float = 300.0
    idle_s: float = 60.0
    attempts: int = 3


_OWN_SERVER = Timeouts(idle_s=300.0)
"""Our own server lets answers that are long already wait for others, and says when a model has failed."""


class OpenAIHttpEngine:
    """Speaks to one base URL (`…/v1`) through a client that the caller made and closes.

    `dialect`: "openai" sends only what OpenAI knows; "atelier" adds what our own server knows (continuation, exact
    token counts, priority, tenant). Failures that may pass are tried again, but never once the answer has begun, and
    a server that keeps failing is left alone for a while: pass the `breaker` that all engines of one server share.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        base_url: str,
        *,
        api_key: str | None = None,
        dialect: Dialect = "openai",
        timeouts: Timeouts | None = None,
        sleep: Sleep = asyncio.sleep,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._client = client
        self._base = base_url.rstrip("/")
        self._headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {api_key}"} if api_key else {}
        )
        self._dialect: Dialect = dialect
        self._quirks = quirks_of(base_url)
        self._wait = timeouts or (_OWN_SERVER if dialect == "atelier" else Timeouts())
        self._timeout = httpx.Timeout(self._wait.first_token_s, connect=self._wait.connect_s)
        self._breaker = breaker
        self._sleep = sleep

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        if request.continue_final_message and self._dialect != "atelier":
            raise InvalidRequestError("This model server cannot continue a message: start the answer anew.")
        if request.resume_tokens:
            raise InvalidRequestError("This model server cannot go on after tokens it made before: start anew.")
        path = "/completions" if is_plain(request) else "/chat/completions"
        body = adapted(chat_body(request, self._dialect), request, self._quirks)
        response = await self._post(path, body)
        try:
            reason: FinishReason | None = None
            usage: Usage | None = None
            async with contextlib.aclosing(self._timed(_events(response))) as chunks:
                async for chunk in chunks:
                    delta = read_chunk(chunk)
                    reason, usage = delta.finish_reason or reason, delta.usage or usage
                    if delta.text or delta.reasoning or delta.tool_calls or delta.logprobs:
                        yield Delta(delta.text, delta.reasoning, delta.tool_calls, logprobs=delta.logprobs)
            if reason is None:
                raise UpstreamBadResponseError("The model server's stream ended without a finish_reason.")
            yield Delta(finish_reason=reason, usage=usage or Usage())
        except httpx.HTTPError as problem:
            raise self._translated(problem) from None
        finally:
            await response.aclose()

    async def embed(self, request: EmbedRequest) -> Embeddings:
        answer = await self._ask("POST", f"{self._base}/embeddings", embed_body(request, self._dialect))
        vectors, usage = read_vectors(answer, len(request.texts) + len(request.token_lists))
        return Embeddings(vectors, usage)

    async def rerank(self, request: RerankRequest) -> Ranking:
        answer = await self._ask("POST", f"{self._base}/rerank", rerank_body(request, self._dialect))
        return read_ranking(answer, len(request.documents))

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return the exact count of our own server, an estimate for others.

        The estimate errs upwards: a token per 3.5 ASCII characters and one per other character, tools as JSON.
        """
        if request.prompt_tokens:
            return len(request.prompt_tokens)
        if self._dialect != "atelier":
            return _estimate(request)
        answer = await self._ask("POST", self._tokenize_url, tokenize_body(request))
        count = answer.get("count")
        if not isinstance(count, int):
            raise UpstreamBadResponseError(f"The model server counted {count!r} tokens.")
        return count

    async def count_texts(self, model: str, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, of our own server with few requests, else estimated."""
        if self._dialect != "atelier":
            return [_estimate(GenerateRequest(model, prompt=text)) for text in texts]
        counts: list[int] = []
        for first in range(0, len(texts), _TEXTS_PER_COUNT):
            some = list(texts[first : first + _TEXTS_PER_COUNT])
            answer = await self._ask("POST", self._tokenize_url, {"model": model, "prompts": some})
            found = answer.get("counts")
            if not isinstance(found, list) or len(found) != len(some) or not all(isinstance(n, int) for n in found):
                raise UpstreamBadResponseError(f"The model server counted {found!r} for {len(some)} texts.")
            counts += found
        return counts

    async def token_ids(self, model: str, text: str) -> list[int]:
        """Return the tokens that a model of our own server reads for a text; none of other servers."""
        if self._dialect != "atelier":
            return []
        answer = await self._ask("POST", self._tokenize_url, {"model": model, "prompt": text})
        tokens = answer.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise UpstreamBadResponseError(f"The model server sent the tokens {tokens!r}.")
        return tokens

    @property
    def _tokenize_url(self) -> str:
        return f"{self._base.removesuffix('/v1')}/tokenize"

    async def models(self) -> list[ModelInfo]:
        answer = await self._ask("GET", f"{self._base}/models", None)
        listed = answer.get("data")
        if not isinstance(listed, list):
            raise UpstreamBadResponseError("The model server's list of models has no 'data'.")
        return [_read_model(item) for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)]

    async def aclose(self) -> None:
        """Nothing is held: the client belongs to the caller."""

    async def _ask(self, method: str, url: str, body: dict[str, object] | None) -> dict[str, object]:
        response = await self._send(method, url, body)
        try:
            return dict(read_json(await response.aread()))
        except httpx.HTTPError as problem:
            raise self._translated(problem) from None
        finally:
            await response.aclose()

    async def _post(self, path: str, body: dict[str, object]) -> httpx.Response:
        return await self._send("POST", self._base + path, body)

    async def _send(self, method: str, url: str, body: dict[str, object] | None) -> httpx.Response:
        """Return an open response of status 200, trying again what may pass."""
        content = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        for attempt in range(1, self._wait.attempts + 1):
            try:
                return await self._guarded(method, url, content)
            except InferenceError as problem:
                if not problem.retryable or attempt == self._wait.attempts or self._is_left_alone:
                    raise
                await self._sleep(_backoff_s(attempt, problem.retry_after_s))
        raise AssertionError("the last attempt returns or raises")

    async def _guarded(self, method: str, url: str, content: bytes | None) -> httpx.Response:
        """Ask once, unless the server rests; what comes of it is remembered."""
        breaker = self._breaker
        if breaker is None:
            return await self._try(method, url, content)
        breaker.enter()
        try:
            response = await self._try(method, url, content)
        except InferenceError as problem:
            breaker.failed(problem)
            raise
        except BaseException:
            breaker.left()
            raise
        breaker.succeeded()
        return response

    @property
    def _is_left_alone(self) -> bool:
        return self._breaker is not None and self._breaker.is_open

    async def _timed(self, chunks: AsyncGenerator[dict[str, object], None]) -> AsyncGenerator[dict[str, object], None]:
        """Yield the chunks, the first after a long wait at most, the others after short ones."""
        limit_s = self._wait.first_token_s
        async with contextlib.aclosing(chunks):
            while True:
                try:
                    async with asyncio.timeout(limit_s):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise UpstreamTimeoutError(
                        f"The model server at {self._base} sent nothing for {limit_s:g} s: try again, or ask for less."
                    ) from None
                yield chunk
                limit_s = self._wait.idle_s

    async def _try(self, method: str, url: str, content: bytes | None) -> httpx.Response:
        request = self._client.build_request(method, url, content=content, headers=self._headers, timeout=self._timeout)
        try:
            response = await self._client.send(request, stream=True)
            if response.status_code == httpx.codes.OK:
                return response
            try:
                raise await _refusal(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as problem:
            raise self._translated(problem) from None

    def _translated(self, problem: httpx.HTTPError) -> InferenceError:
        kind = f"{type(problem).__name__}: {problem}".rstrip(": ")
        if isinstance(problem, httpx.TimeoutException):
            return UpstreamTimeoutError(f"The model server at {self._base} did not answer in time ({kind}).")
        return UpstreamUnreachableError(f"The model server at {self._base} cannot be reached ({kind}): is it running?")


async def _events(response: httpx.Response) -> AsyncGenerator[dict[str, object], None]:
    """Yield the JSON of every server-sent event until [DONE]."""
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            raise UpstreamBadResponseError(f"The model server sent a line of more than {_MAX_LINE_BYTES} bytes.")
        for line in lines:
            data = line.strip()
            if data in {b"data: [DONE]", b"data:[DONE]"}:
                return
            if data.startswith(b"data:"):
                yield dict(read_json(data[5:]))


async def _refusal(response: httpx.Response) -> InferenceError:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _MAX_ERROR_BYTES:
            break
    given = response.headers.get("retry-after", "")
    retry_after_s = float(given) if given.isdigit() else None
    try:
        answer = dict(read_json(body))
    except UpstreamBadResponseError:
        answer = {"message": body[:300].decode("utf-8", "replace")}
    return read_error(response.status_code, answer, retry_after_s)


def _backoff_s(attempt: int, asked_s: float | None) -> float:
    """Wait what the server asks for, else double each time; never long, and never all clients at once."""
    planned = _FIRST_BACKOFF_S * 2 ** (attempt - 1) if asked_s is None else asked_s
    return min(planned, _LONGEST_BACKOFF_S) * random.uniform(1.0, 1.25)  # noqa: S311  # spreads clients, guards nothing


def _estimate(request: GenerateRequest) -> int:
    texts = [request.prompt or ""]
    for message in request.messages:
        texts += [message.content, *(call.name + call.arguments for call in message.tool_calls)]
    texts += [json.dumps([tool.name, tool.description, dict(tool.parameters)]) for tool in request.tools]
    ascii_characters = sum(sum(map(str.isascii, text)) for text in texts)
    others = sum(map(len, texts)) - ascii_characters
    return round(ascii_characters / 3.5) + others + _TOKENS_PER_MESSAGE * max(1, len(request.messages))


def _read_model(item: dict[str, object]) -> ModelInfo:
    """Read one model; what only our server says is guessed for others (tools are the rule today)."""
    name = str(item["id"])
    is_ours = "kind" in item
    kind = _kind(item["kind"] if is_ours else name.lower())
    return ModelInfo(
        id=name,
        kind=kind,
        context_tokens=_integer(item.get("max_model_len")),
        dimensions=_integer(item.get("dimensions")),
        supports_tools=bool(item.get("supports_tools")) if is_ours else kind == "chat",
        supports_images=bool(item.get("supports_images")),
        supports_continuation=bool(item.get("supports_continuation")),
        supports_schema=bool(item.get("supports_schema")),
    )


def _kind(said: object) -> ModelKind:
    said = str(said)
    return "rerank" if "rerank" in said else "embedding" if "embed" in said else "chat"


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
