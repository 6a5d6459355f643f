"""Counts tokens with as few calls as possible: each may be a request to another process."""

from collections.abc import Iterator, Sequence

from rag.errors import EmbeddingMismatchError
from rag.ports import CountTokens

MAX_TEXTS = 512
MAX_CHARS = 600_000
"""Of one call: a server reads no more than 4 MiB, and a character can take six bytes in JSON."""


async def counted(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    """Return the tokens of each text; raises EmbeddingMismatchError when the counter does not answer for each."""
    counts: list[int] = []
    for batch in _batches(texts):
        got = await count_tokens(batch)
        if len(got) != len(batch):
            raise EmbeddingMismatchError(f"{len(batch)} texts were counted, and {len(got)} counts came back; try again")
        counts += got
    return counts


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    chars = 0
    for text in texts:
        if batch and (len(batch) == MAX_TEXTS or chars + len(text) > MAX_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(text)
        chars += len(text)
    if batch:
        yield batch
