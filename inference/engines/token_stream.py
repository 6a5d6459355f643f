"""From tokens in the engine thread to deltas in one consumer's event loop: text, calls, log probabilities, usage."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from inference.batching import sequence as batching
from inference.batching.sequence import Token
from inference.errors import InferenceError
from inference.stopping import StopFilter
from inference.tool_parsing import Parsed, ToolParser
from inference.types import Delta, FinishReason, TokenChance, TokenLogprob, Usage

Piece = Callable[[int], bytes]


@dataclass(slots=True)
class Step:
    """What came out since the consumer looked last; `tokens` are those behind `text`, held-back ones included."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    finish_reason: FinishReason | None = None
    error: InferenceError | None = None


class TokenStream:
    """Implements Listener: turns tokens into certain text and carries it to the event loop that made the stream."""

    def __init__(self, piece: Piece, stops: Sequence[str]) -> None:
        self._piece = piece
        self._filter = StopFilter(stops)
        self._home = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._held: list[Token] = []  # engine thread: tokens whose text is not certain yet
        self._pending = Step()  # event loop: what was not taken yet

    @property
    def is_stopped(self) -> bool:
        return self._filter.is_stopped

    def replay(self, tokens: Sequence[int]) -> str:
        """Take in tokens of a former engine before the generation starts; return the text they made certain."""
        return "".join(self._filter.push(self._piece(token)) for token in tokens)

    def flush(self) -> str:
        """Return what is held back, at the end."""
        return self._filter.flush()

    async def next(self) -> Step:
        """Wait for something new; tokens that came meanwhile are one step."""
        await self._arrived.wait()
        self._arrived.clear()
        step, self._pending = self._pending, Step()
        return step

    def token(self, token: Token) -> bool:
        self._held.append(token)
        text = self._filter.push(self._piece(token.id))
        if text:
            self._send(text)
        return self._filter.is_stopped

    def finished(self, reason: FinishReason, sequence: batching.Sequence) -> None:
        self._send(self._filter.flush(), reason)

    def failed(self, error: InferenceError) -> None:
        self._send("", error=error)

    def _send(self, text: str, reason: FinishReason | None = None, error: InferenceError | None = None) -> None:
        held, self._held = self._held, []
        try:
            self._home.call_soon_threadsafe(self._receive, text, held, reason, error)
        except RuntimeError:  # the consumer's event loop has ended: nobody listens
            return

    def _receive(
        self, text: str, tokens: list[Token], reason: FinishReason | None, error: InferenceError | None
    ) -> None:
        pending = self._pending
        pending.text += text
        pending.tokens += tokens
        pending.finish_reason = pending.finish_reason or reason
        pending.error = pending.error or error
        self._arrived.set()


class DeltaWriter:
    """Turns steps into deltas; the last one carries reason and usage."""

    def __init__(self, parser: ToolParser, chance: Callable[[int, float], TokenChance] | None) -> None:
        """`chance` names a token with its log probability; None when nobody asked for them."""
        self._parser = parser
        self._chance = chance
        self._has_calls = False
        self._tokens: list[Token] = []

    def replay(self, text: str) -> None:
        """Take in text that was shown already."""
        self._parsed(self._parser.push(text))

    def write(self, step: Step, sequence: batching.Sequence) -> Delta | None:
        """Return the delta of one step, or None when nothing of it can be shown yet."""
        if step.finish_reason is not None:
            return self.last(step, sequence)
        self._tokens += step.tokens
        parsed = self._parsed(self._parser.push(step.text))
        if not parsed.text and not parsed.calls:
            return None
        return self._with_tokens(Delta(parsed.text, tool_calls=parsed.calls))

    def last(self, step: Step, sequence: batching.Sequence) -> Delta:
        """Return the delta of a step that carries the reason of the end."""
        self._tokens += step.tokens
        parsed, rest = self._parsed(self._parser.push(step.text)), self._parsed(self._parser.finish())
        reason = "tool_calls" if self._has_calls and step.finish_reason == "stop" else step.finish_reason
        usage = Usage(sequence.prompt_tokens, sequence.generated, sequence.cached_tokens)
        text, calls = parsed.text + rest.text, (*parsed.calls, *rest.calls)
        return self._with_tokens(Delta(text, tool_calls=calls, finish_reason=reason, usage=usage))

    def _with_tokens(self, delta: Delta) -> Delta:
        tokens, self._tokens = self._tokens, []
        chance = self._chance
        logprobs = () if chance is None else tuple(_logprob(token, chance) for token in tokens)
        return replace(delta, tokens=tuple(token.id for token in tokens), logprobs=logprobs)

    def _parsed(self, parsed: Parsed) -> Parsed:
        self._has_calls = self._has_calls or bool(parsed.calls)
        return parsed


def _logprob(token: Token, chance: Callable[[int, float], TokenChance]) -> TokenLogprob:
    return TokenLogprob(chance(token.id, token.logprob), tuple(chance(other, value) for other, value in token.top))
