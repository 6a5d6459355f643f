"""Log probabilities in OpenAI's two shapes: that of chats, and the older one of plain completions."""

import codecs
import math
from collections.abc import Sequence

from inference.server.wire import Answer
from inference.types import TokenChance, TokenLogprob

_LEAST = -9999.0  # OpenAI's number for a token that cannot come; JSON has no infinity


def chat_logprobs(entries: Sequence[TokenLogprob]) -> Answer:
    """Return the `logprobs` of a chat's choice."""
    content = [
        _candidate(entry.chosen) | {"top_logprobs": [_candidate(chance) for chance in entry.top]} for entry in entries
    ]
    return {"content": content, "refusal": None}


def _candidate(chance: TokenChance) -> dict[str, object]:
    return {"token": _text(chance), "bytes": list(chance.token), "logprob": _finite(chance.logprob)}


class LegacyLogprobs:
    """Writes the `logprobs` of a plain completion's choice, piece by piece; offsets are characters of its text."""

    def __init__(self) -> None:
        self._characters = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def write(self, entries: Sequence[TokenLogprob]) -> Answer:
        offsets = []
        for entry in entries:
            offsets.append(self._characters)
            self._characters += len(self._decoder.decode(entry.chosen.token))
        return {
            "tokens": [_text(entry.chosen) for entry in entries],
            "token_logprobs": [_finite(entry.chosen.logprob) for entry in entries],
            "top_logprobs": [
                {_text(chance): _finite(chance.logprob) for chance in (entry.chosen, *entry.top)} for entry in entries
            ],
            "text_offset": offsets,
        }


def _text(chance: TokenChance) -> str:
    return chance.token.decode("utf-8", "replace")


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else _LEAST
