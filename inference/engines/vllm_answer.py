"""From what vLLM adds at each step to deltas: text, calls, log probabilities, usage."""

from collections.abc import Callable, Mapping

from inference.engines.vllm_core import Logprob, Output
from inference.engines.vllm_wire import logprob_of, reason_of
from inference.tool_parsing import Parsed, ToolParser
from inference.types import Delta, TokenLogprob, Usage


class Writer:
    """Turns what vLLM adds into deltas; the last one carries reason and usage."""

    def __init__(
        self, parser: ToolParser, prompt_tokens: int, resumed: int, top: int | None, piece: Callable[[int], bytes]
    ) -> None:
        self._parser = parser
        self._prompt_tokens = prompt_tokens
        self._made = resumed
        self._top = top
        self._piece = piece
        self._cached = 0
        self._has_calls = False
        self._tokens: list[int] = []
        self._logprobs: list[TokenLogprob] = []

    def replay(self, text: str) -> None:
        """Take in text that was shown already."""
        self._parsed(self._parser.push(text))

    def write(self, output: Output) -> Delta | None:
        """Return the delta of one step, None when nothing of it can be shown yet. Raises EngineFailedError."""
        (added,) = output.outputs
        self._cached = max(self._cached, output.num_cached_tokens or 0)
        self._made += len(added.token_ids)
        self._tokens += added.token_ids
        if self._top is not None and added.logprobs:
            for token, found in zip(added.token_ids, added.logprobs, strict=False):
                self._logprobs.append(self._logprob(token, found))
        parsed = self._parsed(self._parser.push(added.text))
        text, calls = parsed.text, parsed.calls
        if added.finish_reason is None:
            return self._delta(text, parsed) if text or calls else None
        rest = self._parsed(self._parser.finish())
        ending = self._delta(text + rest.text, Parsed("", (*calls, *rest.calls)))
        usage = Usage(self._prompt_tokens, self._made, min(self._cached, self._prompt_tokens))
        reason = reason_of(added.finish_reason, has_calls=self._has_calls)
        return Delta(
            ending.text, tool_calls=ending.tool_calls, finish_reason=reason, usage=usage, logprobs=ending.logprobs,
            tokens=ending.tokens,
        )  # fmt: skip

    def _delta(self, text: str, parsed: Parsed) -> Delta:
        tokens, self._tokens = tuple(self._tokens), []
        logprobs, self._logprobs = tuple(self._logprobs), []
        return Delta(text, tool_calls=parsed.calls, tokens=tokens, logprobs=logprobs)

    def _parsed(self, parsed: Parsed) -> Parsed:
        self._has_calls = self._has_calls or bool(parsed.calls)
        return parsed

    def _logprob(self, token: int, found: Mapping[int, Logprob]) -> TokenLogprob:
        values = {one: chance.logprob for one, chance in found.items()}
        return logprob_of(token, values, self._top or 0, {one: self._piece(one) for one in values})
