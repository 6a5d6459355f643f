"""A model's stream that is closed however its reader leaves, so that the model stops at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agents.errors import ModelStreamEnded
from agents.loop.json_text import cleaned, is_storable
from agents.ports import ChatModel
from inference.types import Delta, FinishReason, GenerateRequest, Usage


@asynccontextmanager
async def opened(model: ChatModel, request: GenerateRequest) -> AsyncIterator[AsyncIterator[Delta]]:
    """Yield the stream of `request`; what no database keeps is replaced in it."""
    stream = model.generate(request)
    try:
        yield _storable(stream)
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def _storable(stream: AsyncIterator[Delta]) -> AsyncIterator[Delta]:
    async for delta in stream:
        if is_storable(delta.text) and is_storable(delta.reasoning):
            yield delta
        else:
            yield replace(delta, text=cleaned(delta.text), reasoning=cleaned(delta.reasoning))


class StreamEnd:
    """Remembers how a stream ended: what it cost and why it stopped."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._reason: FinishReason | None = None

    def note(self, delta: Delta) -> None:
        """Take one delta into account."""
        self.usage = delta.usage or self.usage
        self._reason = delta.finish_reason or self._reason

    def reason(self, model_id: str) -> FinishReason:
        """Return why the stream stopped; raises `ModelStreamEnded` when it never said."""
        if self._reason is None:
            raise ModelStreamEnded(f"model {model_id!r} stopped in the middle of its answer: run it again")
        return self._reason
