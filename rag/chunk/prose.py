"""Atoms of prose and Markdown: headings, fences, rows of tables, lines and sentences."""

import re

from rag.chunk.atoms import Atom, AtomWriter, Break

# Two lines: cells between bars, then bars and dashes.
_TABLE = re.compile(r"[ \t]*(\|[^\n]*)\n[ \t]*(\|[ \t:|-]*)(?=\n|\Z)")
_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_FENCES = ("```", "~~~")
_END = re.compile(r"[.!?…]+[\"')\]»”’*_]*\s+|[。！？；]+[」』”’）\"]*\s*")
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")
_LEAST_SENTENCE = 5
"""Shorter is the number of a list, an initial or a "Dr."."""
_ABBREVIATED = """
    mr mrs ms dr prof st vs fig figs vol pp cf eq sec approx им ул пр гл см рис стр ср тов проф акад тыс млн млрд табл
    nr bzw ca abb mme dra sra
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
"""Words that end with a full stop before a name or a number."""


def prose_atoms(text: str, *, is_markdown: bool, most_chars: int, header: str = "") -> list[Atom]:
    """Return the atoms of a text; `header` names the columns where the text begins inside a table."""
    return _Prose(text, is_markdown, most_chars, header).atoms()


class _Prose:
    """Goes through the lines of one text; `fence` and `header` say what it is inside of."""

    def __init__(self, text: str, is_markdown: bool, most_chars: int, header: str) -> None:
        self._text = text
        self._is_markdown = is_markdown
        self._writer = AtomWriter(text, most_chars)
        self._fence = ""
        self._header = header
        self._after_heading = False

    def atoms(self) -> list[Atom]:
        position, length = 0, len(self._text)
        while position < length:
            end = self._text.find("\n", position) + 1 or length
            position = self._line(position, end)
        return self._writer.atoms

    def _line(self, start: int, end: int) -> int:
        """Read the line `[start, end)` and return where the next one begins."""
        while start < end and self._text[start].isspace():
            start += 1
        if start == end:
            self._blank()
            return end
        after_heading, self._after_heading = self._after_heading, False
        if self._is_markdown and self._text.startswith(_FENCES, start):
            self._fence_line(start, end)
        elif self._fence:
            self._writer.add(start, end, Break.LINE)
        elif self._text[start] == "|":
            return self._table_line(start, end)
        elif self._is_markdown and _HEADING.match(self._text, start, end):
            self._heading(start, end, after_heading)
        else:
            self._header = ""
            self._sentences(start, end)
        return end

    def _blank(self) -> None:
        if self._fence or self._after_heading:
            return
        self._header = ""
        self._writer.raise_break(Break.PARAGRAPH)

    def _fence_line(self, start: int, end: int) -> None:
        mark = self._text[start : start + 3]
        if not self._fence:
            self._fence = mark
            self._writer.add(start, end, Break.WORD)
        else:
            closes = mark == self._fence
            self._writer.add(start, end, Break.PARAGRAPH if closes else Break.LINE)
            self._fence = "" if closes else self._fence

    def _heading(self, start: int, end: int, after_heading: bool) -> None:
        self._header = ""
        if not after_heading:
            self._writer.raise_break(Break.HEADING)
        # A heading is never the end of a chunk while there is a better one.
        self._writer.add(start, end, Break.WORD)
        self._after_heading = True

    def _table_line(self, start: int, end: int) -> int:
        if self._header:
            self._writer.add_whole(start, end, Break.LINE, self._header)
            return end
        table = _TABLE.match(self._text, start)
        if table is None or "-" not in table[2]:
            self._sentences(start, end)
            return end
        self._header = table[0].rstrip()
        self._writer.add_whole(start, table.end(), Break.WORD)
        return min(table.end() + 1, len(self._text))

    def _sentences(self, start: int, end: int) -> None:
        for match in _END.finditer(self._text, start, end):
            if match.end() == end or self._is_end(start, match):
                self._writer.add(start, match.end(), Break.SENTENCE)
                start = match.end()
        if start < end:
            ended = _END.search(self._text, max(start, end - 8), end) if end == len(self._text) else None
            self._writer.add(start, end, Break.SENTENCE if ended else Break.LINE)

    def _is_end(self, start: int, match: re.Match[str]) -> bool:
        """Say whether a sentence ends here: the next begins in capitals, and the stop is not an abbreviation's."""
        stop = match.start()
        if not match[0].startswith((".", "…")):
            return match[0][0] not in "!?" or not self._text[match.end()].islower()
        if stop - start < _LEAST_SENTENCE or self._text[match.end()].islower():
            return False
        word = _LAST_WORD.search(self._text, max(start, stop - 12), stop)
        return word is None or not (len(word[0]) == 1 or word[0].lower() in _ABBREVIATIONS)
