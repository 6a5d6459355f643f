"""The door: the chunks of an extraction, by the settings of its dataset."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.chunk.general import Cutter
from rag.chunk.parent_child import parents
from rag.chunk.parts import parts_of
from rag.chunk.questions import Tally, from_prose, from_rows
from rag.chunk.settings import MAX_PARENT_TOKENS, ChunkSettings
from rag.extract.format import Markup
from rag.ports import CountTokens, Write
from rag.types import ChunkText, Extraction


@dataclass(frozen=True, slots=True)
class Chunked:
    """Chunks in the order of the text, their positions counted from 0; `is_complete` is False when there are more."""

    chunks: tuple[ChunkText, ...]
    warnings: tuple[str, ...] = ()
    is_complete: bool = True


async def chunk(  # noqa: PLR0913  # the one door of the package
    extraction: Extraction,
    *,
    format_name: str,
    markup: Markup,
    settings: ChunkSettings,
    count_tokens: CountTokens,
    write: Write | None = None,
    limit: int | None = None,
    language: str = "",
) -> Chunked:
    """Cut a document; the same input gives the same chunks, unless a model writes them (mode qa on prose).

    `format_name` names the programming language where `markup` is "code". `language` (ISO 639-1, or empty) is that of
    the text: the model is asked in it. `limit` returns the first chunks without working on the rest. Raises
    InvalidSettingsError for mode qa on prose without `write`, and DocumentError when not one pair was found.
    """
    cutter = Cutter(markup, format_name, settings.max_tokens, settings.overlap_tokens, count_tokens)
    tally = Tally(settings.max_tokens)
    at_least = None if limit is None else limit + 1
    made = _made(extraction, settings, cutter, tally, write=write, language=language, at_least=at_least)
    chunks: list[ChunkText] = []
    is_complete = True
    async with aclosing(made):
        async for each in made:
            if len(chunks) == limit:
                is_complete = False
                break
            chunks.append(replace(each, position=len(chunks)))
    return Chunked(tuple(chunks), tuple(_warnings(chunks, settings, tally)), is_complete)


def _made(
    extraction: Extraction,
    settings: ChunkSettings,
    cutter: Cutter,
    tally: Tally,
    *,
    write: Write | None,
    language: str,
    at_least: int | None,
) -> AsyncGenerator[ChunkText, None]:
    parts = parts_of(extraction, settings, cutter.markup)
    match settings.mode:
        case "general":
            return cutter.cut(parts, at_least=at_least)
        case "parent_child":
            return parents(parts, settings, cutter, at_least=at_least)
        case "qa" if any(page.rows for page in extraction.pages):
            return from_rows(extraction.pages, cutter, tally)
        case "qa":
            return from_prose(parts, cutter, tally, write=write, language=language, at_least=at_least)


def _warnings(chunks: Sequence[ChunkText], settings: ChunkSettings, tally: Tally) -> list[str]:
    is_document = settings.mode == "parent_child" and settings.parent_mode == "document"
    if is_document and len(chunks) > 1:
        return [f"the document is longer than a parent may be ({MAX_PARENT_TOKENS:,} tokens) and was cut into several"]
    return tally.warnings()
