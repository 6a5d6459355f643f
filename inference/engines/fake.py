"""A scripted engine for tests: answers what it was told, after the delays it was told, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from inference.errors import InferenceError, InvalidRequestError, UnknownModelError
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    Message,
    ModelInfo,
    ToolCall,
    ToolCallDelta,
    Usage,
)

_DIMENSIONS = 8


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

    Without a script it answers "ok". Vectors depend on the text only; equal texts have equal vectors.
    """

    scripts: Sequence[Script] = ()
    chat_model: str = "fake-chat"
    embedding_model: str = "fake-embedding"
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
                        yield step
                    case InferenceError():
                        raise step
        finally:
            self.running -= 1

    async def embed(self, request: EmbedRequest) -> Embeddings:
        if request.model != self.embedding_model:
            raise UnknownModelError.of(request.model, (self.embedding_model,))
        self.embed_requests.append(request)
        tokens = sum(len(text.split()) for text in request.texts)
        return Embeddings([_vector(text) for text in request.texts], Usage(prompt_tokens=tokens))

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        """Count words, as tokens 0, 1, 2 …"""
        self._check(request)
        texts = [request.prompt or "", *(message.content for message in request.messages)]
        return list(range(sum(len(text.split()) for text in texts)))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self.chat_model,
                kind="chat",
                context_tokens=4096,
                supports_tools=True,
                supports_continuation=self.supports_continuation,
            ),
            ModelInfo(id=self.embedding_model, kind="embedding", dimensions=_DIMENSIONS),
        ]

    def stats(self) -> EngineStats:
        return EngineStats(active=self.running)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _check(self, request: GenerateRequest) -> None:
        if request.model != self.chat_model:
            raise UnknownModelError.of(request.model, (self.chat_model,))
        if request.prompt is None and not request.messages:
            raise InvalidRequestError("'messages' is empty: send at least one.", param="messages")
        last: Message | None = request.messages[-1] if request.messages else None
        if request.continue_final_message and (last is None or last.role != "assistant"):
            raise InvalidRequestError("'continue_final_message' needs an assistant's message at the end.")


def _vector(text: str) -> list[float]:
    values = [1.0] * _DIMENSIONS
    for position, byte in enumerate(text.encode()):
        values[(position + byte) % _DIMENSIONS] += byte
    norm = sum(value * value for value in values) ** 0.5
    return [value / norm for value in values]
