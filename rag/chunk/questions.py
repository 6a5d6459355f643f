"""Chunks that are questions with answers: from the rows of a table, or written by a model for each chunk of prose."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.chunk.counting import MAX_TEXTS, counted
from rag.chunk.general import Cutter
from rag.chunk.pairs import Pair, parsed_pairs, prompt_for, row_pairs
from rag.chunk.parts import Part
from rag.errors import DocumentError, InvalidSettingsError
from rag.ports import Write
from rag.types import ChunkText, Page

_ANSWERS_AT_ONCE = 2
_ANSWER_TOKENS = 512


@dataclass(slots=True)
class Tally:
    """How many pairs were found, and what became none, and why."""

    max_tokens: int
    rows: int = 0
    chunks: int = 0
    long_questions: int = 0
    found: int = 0

    def warnings(self) -> list[str]:
        """Return one line for each reason."""
        said = [
            (self.rows, "rows without a question or without an answer were skipped"),
            (self.chunks, "parts of the text were skipped: the model wrote no question with an answer for them"),
            (
                self.long_questions,
                f"questions of more than {self.max_tokens} tokens were skipped; shorten them or allow longer chunks",
            ),
        ]
        return [f"{count} {what}" for count, what in said if count]


async def from_rows(pages: Sequence[Page], cutter: Cutter, tally: Tally) -> AsyncGenerator[ChunkText, None]:
    """Yield a chunk per row that has both; raises DocumentError when there is none."""
    batch: list[Pair] = []
    for pair in row_pairs(pages):
        if pair is None:
            tally.rows += 1
            continue
        batch.append(pair)
        if len(batch) == MAX_TEXTS:
            for made in await _chunks(batch, cutter, tally):
                yield made
            batch = []
    for made in await _chunks(batch, cutter, tally):
        yield made
    if not tally.found:
        raise DocumentError(
            "no row has both a question and an answer; name two columns question and answer, "
            "or put the questions in the first column and the answers in the second"
        )


async def from_prose(
    parts: Iterable[Part], cutter: Cutter, tally: Tally, *, write: Write | None, language: str, at_least: int | None
) -> AsyncGenerator[ChunkText, None]:
    """Yield what the model writes for each general chunk, in order; raises DocumentError when it is not one pair."""
    if write is None:
        raise InvalidSettingsError(
            "mode is 'qa', and this document is no table: choose the model that writes its questions, or another mode"
        )
    waiting: deque[asyncio.Task[list[Pair]]] = deque()
    try:
        async with aclosing(replace(cutter, overlap_tokens=0).cut(parts, at_least=at_least)) as chunks:
            async for chunk in chunks:
                waiting.append(asyncio.create_task(_written(chunk, write, language, tally)))
                if len(waiting) == _ANSWERS_AT_ONCE:
                    for made in await _chunks(await waiting.popleft(), cutter, tally):
                        yield made
        while waiting:
            for made in await _chunks(await waiting.popleft(), cutter, tally):
                yield made
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    if not tally.found:
        raise DocumentError(
            "the model wrote no question with an answer for any part of the text; "
            "choose a larger model, or the general or parent-child mode"
        )


async def _written(chunk: ChunkText, write: Write, language: str, tally: Tally) -> list[Pair]:
    pairs = parsed_pairs(await write(prompt_for(chunk.text, language), _ANSWER_TOKENS), chunk.page)
    tally.chunks += not pairs
    return pairs


async def _chunks(pairs: Sequence[Pair], cutter: Cutter, tally: Tally) -> list[ChunkText]:
    """Return the chunks of pairs whose question the embedding model reads whole."""
    counts = await counted([pair.question for pair in pairs], cutter.count_tokens)
    kept = [(pair, count) for pair, count in zip(pairs, counts, strict=True) if count <= cutter.max_tokens]
    tally.long_questions += len(pairs) - len(kept)
    tally.found += len(kept)
    return [ChunkText(pair.question, pair.page, 0, count, answer=pair.answer) for pair, count in kept]
