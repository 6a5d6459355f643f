"""Streams a model's answer to whoever reads the node, its reasoning told apart."""

from dataclasses import dataclass, replace

from agents.loop.memory import Fitted
from agents.loop.stream import StreamEnd, opened
from agents.loop.thinking import CLOSE, OPEN, ThinkSplitter
from agents.nodes.base import NodeContext
from agents.ports import ChatModel
from inference.types import Delta, FinishReason, Message, Usage


@dataclass(frozen=True, slots=True)
class Written:
    """A reply: `answer` without the reasoning, and `text` as it was shown, with or without it."""

    text: str
    answer: str
    reasoning: str
    finish_reason: FinishReason
    usage: Usage


class _Page:
    """What is shown of one reply while it is written; `kept` is its beginning, from before a crash."""

    def __init__(self, ctx: NodeContext, kept: str, *, is_tagged: bool) -> None:
        self._ctx = ctx
        self._is_tagged = is_tagged
        self._splitter = ThinkSplitter(kept)
        self._is_open = False
        self.answer = [kept]
        self.reasoning: list[str] = []
        self.text = [kept]

    async def add(self, delta: Delta) -> None:
        """Take a delta in, and show what of it can be shown."""
        part = self._splitter.feed(delta.text)
        if part.restarts:
            self.answer.clear()
        self.answer.append(part.text)
        self.reasoning += [delta.reasoning, part.reasoning]
        if self._is_tagged:
            await self._say(self._with_marks(delta))
            return
        if part.restarts:
            self.text.clear()
            await self._ctx.reset("")
        await self._say(part.text)

    async def end(self) -> None:
        """Show what was held back."""
        rest = self._splitter.rest()
        self.answer.append(rest.text)
        self.reasoning.append(rest.reasoning)
        closing = CLOSE if self._is_open else ""
        await self._say(closing if self._is_tagged else rest.text)

    def _with_marks(self, delta: Delta) -> str:
        """Return the delta as one text; a server that tells reasoning apart has taken its marks away."""
        text = ""
        if delta.reasoning:
            text = ("" if self._is_open else OPEN) + delta.reasoning
            self._is_open = True
        if delta.text:
            text += (f"{CLOSE}\n\n" if self._is_open else "") + delta.text
            self._is_open = False
        return text

    async def _say(self, text: str) -> None:
        if text:
            self.text.append(text)
            await self._ctx.show(text)


async def written(ctx: NodeContext, model: ChatModel, fitted: Fitted, kept: str, *, is_tagged: bool) -> Written:
    """Stream the reply; `kept`, which is already shown, is its beginning and is not generated again.

    With `is_tagged` the reasoning stands in the text; such a reply cannot go on after what was kept.
    """
    assert not (kept and is_tagged), "nobody knows whether the marks of what was kept are the model's own"
    request, kept_tokens = fitted.request, 0
    if kept:
        continued = (*request.messages, Message("assistant", kept))
        request = replace(request, messages=continued, continue_final_message=True)
        kept_tokens = max(1, await model.count_tokens(request) - await model.count_tokens(fitted.request))
        if request.sampling.max_tokens is not None:
            remaining = request.sampling.max_tokens - kept_tokens
            if remaining <= 0:
                return Written(kept, kept, "", "length", Usage(0, kept_tokens))
            request = replace(request, sampling=replace(request.sampling, max_tokens=remaining))
    page, end = _Page(ctx, kept, is_tagged=is_tagged), StreamEnd()
    async with opened(model, request) as stream:
        async for delta in stream:
            end.note(delta)
            await page.add(delta)
    await page.end()
    reason = end.reason(model.info.id)
    # The tokens that were made before the interruption count as made, not as read.
    read = max(0, end.usage.prompt_tokens - kept_tokens)
    usage = Usage(read, end.usage.completion_tokens + kept_tokens, min(read, end.usage.cached_tokens))
    reasoning = "" if is_tagged else "".join(page.reasoning)
    return Written("".join(page.text), "".join(page.answer), reasoning, reason, usage)
