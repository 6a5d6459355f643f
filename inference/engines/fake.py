"""A scripted engine for tests: answers what it was told, after the delays it was told, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from inference.errors import ContextOverflowError, InferenceError, InvalidRequestError, UnknownModelError
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    Message,
    ModelInfo,
    Ranking,
    RerankRequest,
    TokenChance,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_DIMENSIONS = 8
_CONTEXT_TOKENS = 4096
_VOCABULARY = 1000


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this long before what follows."""

    seconds: float


Step = Delta | Pause | InferenceError
Script = Sequence[Step]


def say(text: str) -> Script:
    """Answer `text`, one word per delta."""
    words = text.split(" ")
    pieces = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
    return (*map(Delta, pieces), Delta(finish_reason="stop", usage=Usage(1, len(pieces))))


def call(*calls: ToolCall) -> Script:
    """Answer with tool calls."""
    deltas = tuple(ToolCallDelta(i, made.id, made.name, made.arguments) for i, made in enumerate(calls))
    return (Delta(tool_calls=deltas, finish_reason="tool_calls", usage=Usage(1, 1)),)


@dataclass(slots=True)
class FakeEngine:
    """Plays one script per generation, in order, then the last one again and again.

    Without a script it answers "ok". Vectors depend on the text only; equal texts have equal vectors. A document's
    score is the share of the query's words that are in it. Every text delta counts as one token where log
    probabilities are asked for.
    """

    scripts: Sequence[Script] = ()
    chat_model: str = "fake-chat"
    embedding_model: str = "fake-embedding"
    rerank_model: str = "fake-rerank"
    adapters: tuple[str, ...] = ()
    supports_continuation: bool = True
    requests: list[GenerateRequest] = field(default_factory=list)
    embed_requests: list[EmbedRequest] = field(default_factory=list)
    running: int = 0

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        self._check(request)
        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)] if self.scripts else say("ok")
        self.requests.append(request)
        self.running += 1
        try:
            for step in script:
                match step:
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Delta():
                        yield _with_logprobs(step, request.sampling.top_logprobs)
                    case InferenceError():
                        raise step
        finally:
            self.running -= 1

    async def embed(self, request: EmbedRequest) -> Embeddings:
        if request.model != self.embedding_model:
            raise UnknownModelError.of(request.model, (self.embedding_model,))
        self.embed_requests.append(request)
        for tokens in request.token_lists:
            _check_tokens(tokens, "input")
        texts = [*request.texts, *(" ".join(map(str, tokens)) for tokens in request.token_lists)]
        spent = sum(len(text.split()) for text in texts)
        return Embeddings([_vector(text) for text in texts], Usage(prompt_tokens=spent))

    async def rerank(self, request: RerankRequest) -> Ranking:
        if request.model != self.rerank_model:
            raise UnknownModelError.of(request.model, (self.rerank_model,))
        wanted = set(request.query.split())
        scores = [len(wanted & set(text.split())) / max(1, len(wanted)) for text in request.documents]
        spent = sum(len(wanted) + len(text.split()) for text in request.documents)
        return Ranking(tuple(scores), Usage(prompt_tokens=spent))

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        """Count words, as tokens 0, 1, 2 …"""
        if request.prompt is None or request.model != self.embedding_model:
            self._check(request)
        return list(range(_words(request)))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self.chat_model,
                kind="chat",
                context_tokens=_CONTEXT_TOKENS,
                supports_tools=True,
                supports_continuation=self.supports_continuation,
                adapters=self.adapters,
            ),
            ModelInfo(id=self.embedding_model, kind="embedding", dimensions=_DIMENSIONS),
            ModelInfo(id=self.rerank_model, kind="rerank"),
        ]

    def stats(self) -> EngineStats:
        return EngineStats(active=self.running)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _check(self, request: GenerateRequest) -> None:
        if request.model != self.chat_model:
            raise UnknownModelError.of(request.model, (self.chat_model,))
        if request.prompt is None and not request.messages and not request.prompt_tokens:
            raise InvalidRequestError("'messages' is empty: send at least one.", param="messages")
        last: Message | None = request.messages[-1] if request.messages else None
        if request.continue_final_message and (last is None or last.role != "assistant"):
            raise InvalidRequestError("'continue_final_message' needs an assistant's message at the end.")
        _check_tokens(request.prompt_tokens, "prompt")
        _check_tokens([token for token, _ in request.sampling.logit_bias], "logit_bias")
        words = _words(request)
        if words >= _CONTEXT_TOKENS:
            raise ContextOverflowError.of(needed_tokens=words, allowed_tokens=_CONTEXT_TOKENS, model=self.chat_model)


def _words(request: GenerateRequest) -> int:
    texts = [request.prompt or "", *(message.content for message in request.messages)]
    return len(request.prompt_tokens) + sum(len(text.split()) for text in texts)


def _check_tokens(tokens: Sequence[int], param: str) -> None:
    for token in tokens:
        if not 0 <= token < _VOCABULARY:
            raise InvalidRequestError(f"{param} has the token {token!r}, but there are {_VOCABULARY}.", param=param)


def _with_logprobs(delta: Delta, top: int | None) -> Delta:
    if top is None or not delta.text or delta.logprobs:
        return delta
    others = [TokenChance(f"~{rank}".encode(), -2.0 - rank) for rank in range(top)]
    chosen = TokenChance(delta.text.encode(), -0.5)
    return replace(delta, logprobs=(TokenLogprob(chosen, (chosen, *others)[:top]),))


def _vector(text: str) -> list[float]:
    values = [1.0] * _DIMENSIONS
    for position, byte in enumerate(text.encode()):
        values[(position + byte) % _DIMENSIONS] += byte
    norm = sum(value * value for value in values) ** 0.5
    return [value / norm for value in values]
