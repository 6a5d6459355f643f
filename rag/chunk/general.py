"""General chunks: cut at the structure first, then fill a budget of tokens, with an overlap.

A chunk is a slice of its (cleaned) page, but for one that begins with a row of a table: it repeats the table's header.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from rag.chunk.areas import areas_of
from rag.chunk.atoms import Atom
from rag.chunk.code import code_atoms
from rag.chunk.parts import Part
from rag.chunk.prose import prose_atoms
from rag.chunk.sheets import Sheet, cut_sheets
from rag.extract.format import Markup
from rag.ports import CountTokens
from rag.types import ChunkText

_MOST_ATOM_CHARS = (40, 200)
"""The least and the most that the longest atom may have: about as many as a chunk has tokens, so it has several."""
_BATCH_CHARS = 4_000_000
_BATCH_ATOMS = 60_000
_CHARS_PER_TOKEN = 6


@dataclass(frozen=True, slots=True)
class Cutter:
    """How texts are cut; `language` is the programming language where `markup` is "code"."""

    markup: Markup
    language: str
    max_tokens: int
    overlap_tokens: int
    count_tokens: CountTokens

    def sheet(self, part: Part) -> Sheet:
        """Return the text with its atoms."""
        return Sheet(part.page.text, self._atoms(part))

    def _atoms(self, part: Part) -> list[Atom]:
        least, most = _MOST_ATOM_CHARS
        most_chars = min(max(self.max_tokens, least), most)
        if self.markup == "code":
            return code_atoms(part.page.text, language=self.language, most_chars=most_chars)
        is_markdown = self.markup != "plain"
        return prose_atoms(part.page.text, is_markdown=is_markdown, most_chars=most_chars, header=part.header)

    async def cut(self, parts: Iterable[Part], *, at_least: int | None = None) -> AsyncGenerator[ChunkText, None]:
        """Yield the chunks of all parts in order; who needs `at_least` so many waits for little more."""
        chars = _BATCH_CHARS
        if at_least is not None:
            chars = min(chars, at_least * self.max_tokens * _CHARS_PER_TOKEN)
        for batch in self._batches(parts, chars):
            sheets = [sheet for _, sheet in batch]
            await cut_sheets(
                sheets,
                max_tokens=self.max_tokens,
                overlap_tokens=self.overlap_tokens,
                count_tokens=self.count_tokens,
            )
            for part, sheet in batch:
                for span in sheet.spans:
                    areas = areas_of(part.page.boxes, span.start, span.end)
                    yield ChunkText(span.text_of(sheet.text), part.page.number, 0, span.tokens, areas)

    def _batches(self, parts: Iterable[Part], most_chars: int) -> Iterable[list[tuple[Part, Sheet]]]:
        batch: list[tuple[Part, Sheet]] = []
        chars = atoms = 0
        for part in parts:
            sheet = self.sheet(part)
            if not sheet.atoms:
                continue
            batch.append((part, sheet))
            chars += len(sheet.text)
            atoms += len(sheet.atoms)
            if chars >= most_chars or atoms >= _BATCH_ATOMS:
                yield batch
                batch, chars, atoms = [], 0, 0
        if batch:
            yield batch
