"""Parents with children: sentences are found, the paragraph or the document around them is read."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import replace

from rag.chunk.general import Cutter
from rag.chunk.parts import Part, windows
from rag.chunk.settings import MAX_PARENT_TOKENS, ChunkSettings
from rag.chunk.sheets import cut_sheets
from rag.types import ChildText, ChunkText, Page

_PARENTS_AT_ONCE = 4_000


async def parents(
    parts: Iterator[Part], settings: ChunkSettings, cutter: Cutter, *, at_least: int | None
) -> AsyncGenerator[ChunkText, None]:
    """Yield parents with their children, which are together all of the parent's text and share nothing."""
    is_document = settings.parent_mode == "document"
    longest = MAX_PARENT_TOKENS if is_document else settings.parent_tokens
    above = replace(cutter, max_tokens=longest, overlap_tokens=0)
    texts: Iterable[Part] = windows(parts) if is_document else parts
    waiting: list[ChunkText] = []
    at_once = min(_PARENTS_AT_ONCE, at_least or _PARENTS_AT_ONCE)
    async for parent in above.cut(texts, at_least=at_least):
        waiting.append(parent)
        if len(waiting) == at_once:
            for made in await _with_children(waiting, cutter):
                yield made
            waiting = []
    for made in await _with_children(waiting, cutter):
        yield made


async def _with_children(chunks: list[ChunkText], cutter: Cutter) -> list[ChunkText]:
    sheets = [cutter.sheet(Part(Page(chunk.text))) for chunk in chunks]
    await cut_sheets(sheets, max_tokens=cutter.max_tokens, overlap_tokens=0, count_tokens=cutter.count_tokens)
    return [
        replace(chunk, children=tuple(ChildText(span.text_of(sheet.text), span.tokens) for span in sheet.spans))
        for chunk, sheet in zip(chunks, sheets, strict=True)
    ]
