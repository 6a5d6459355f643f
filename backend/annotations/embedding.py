"""Questions as vectors: what a model cannot read whole is not embedded at all, for its beginning may mislead."""

from collections.abc import Sequence

from agents.errors import InvalidInput
from rag.ports import Embedder

SPECIAL_TOKENS = 2
"""What a model puts around a text; of the rest, a token is at least one character."""


async def unreadable(embedder: Embedder, questions: Sequence[str]) -> list[int]:
    """Return the places of the questions that have more tokens than the model reads."""
    room = embedder.max_tokens - SPECIAL_TOKENS
    long = [at for at, text in enumerate(questions) if len(text) > room]
    if not long:
        return []
    counts = await embedder.count_tokens([questions[at] for at in long])
    return [at for at, count in zip(long, counts, strict=True) if count > embedder.max_tokens]


def too_long(embedder: Embedder) -> str:
    """Return why a question is not embedded."""
    return f"the question is longer than the {embedder.max_tokens} tokens that {embedder.model!r} reads"


async def question_vector(embedder: Embedder, question: str) -> list[float]:
    """Return the vector of a question; raises `InvalidInput` for one that is too long for the model."""
    if await unreadable(embedder, [question]):
        raise InvalidInput(too_long(embedder))
    (vector,) = await embedder.embed([question])
    return vector
