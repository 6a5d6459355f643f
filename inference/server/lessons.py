"""Which requests are in a format that the starter adapter was taught; the rest are the model's as it came (ADR 11)."""

import re
from collections.abc import Iterator

from inference.types import GenerateRequest

# A line of a passage, as `rag` numbers them, and the line of ReAct's instructions that names its JSON.
_TAUGHT = re.compile(r"^\[1\] \S|^Action Input: JSON$", re.MULTILINE)


def is_lesson(request: GenerateRequest) -> bool:
    """Does a request bring tools, passages or the ReAct format? A prompt without messages counts as one that does."""
    if not request.messages or request.tools:
        return True
    return any(map(_TAUGHT.search, _texts(request)))


def _texts(request: GenerateRequest) -> Iterator[str]:
    """Yield what people and the platform wrote: an answer that cites makes no lesson of the next question."""
    return (message.content for message in request.messages if message.role in ("system", "user", "tool"))
