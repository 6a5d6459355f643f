"""One request as the server holds it: what to ask of the next engine, and what has come back so far."""

import asyncio
from collections import deque
from dataclasses import replace

from inference.errors import InferenceError
from inference.isolation.messages import Answer, Ask, Failure, Generate, error_of
from inference.types import Delta

_MAX_PENDING = 16  # deltas; what a slow reader leaves beyond these becomes one


class Call:
    """Outlives the engines that work on it. `is_sent`: the present engine has it."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._tokens: list[int] = []
        self._sent_tokens = 0
        self._pending: deque[Delta] = deque()
        self._error: InferenceError | None = None
        self._answer: Answer | None = None
        self._arrived = asyncio.Event()
        self.is_sent = False

    @property
    def id(self) -> int:
        return self._ask.id

    @property
    def progress(self) -> int:
        """Tokens that came since it was last sent."""
        return len(self._tokens) - self._sent_tokens

    def send(self) -> Ask:
        """Return what to ask: after an engine's death, with the tokens that it had made."""
        self.is_sent = True
        self._sent_tokens = len(self._tokens)
        if not isinstance(self._ask, Generate) or not self._tokens:
            return self._ask
        request = self._ask.request
        return Generate(self.id, replace(request, resume_tokens=(*request.resume_tokens, *self._tokens)))

    def take(self, delta: Delta) -> None:
        """Keep a delta until it is read. Bounded: by the answer's length, and past a few, merged."""
        self._tokens += delta.tokens
        if len(self._pending) >= _MAX_PENDING:
            delta = joined(self._pending.pop(), delta)
        self._pending.append(delta)
        self._arrived.set()

    def settle(self, answer: Answer) -> None:
        if isinstance(answer, Failure):
            self.fail(error_of(answer))
        else:
            self._answer = answer
            self._arrived.set()

    def fail(self, error: InferenceError) -> None:
        """Raise the error to the reader, after what has come before it."""
        self._error = error
        self._arrived.set()

    async def next(self) -> Delta:
        """Wait for the next delta. Raises what ended the request."""
        while not self._pending:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()
        return self._pending.popleft()

    async def answer(self) -> Answer:
        """Wait for the one answer of a request that has no deltas. Raises what ended the request."""
        while self._answer is None:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()
        return self._answer


def joined(first: Delta, second: Delta) -> Delta:
    """Return both in one."""
    return Delta(
        text=first.text + second.text,
        reasoning=first.reasoning + second.reasoning,
        tool_calls=first.tool_calls + second.tool_calls,
        finish_reason=second.finish_reason or first.finish_reason,
        usage=second.usage or first.usage,
        logprobs=first.logprobs + second.logprobs,
        tokens=first.tokens + second.tokens,
    )
