"""Parts: pages, and pieces of long ones, cleaned and cut at the dataset's separator; made as they are asked for."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.chunk.settings import ChunkSettings
from rag.clean import clean_page, rules
from rag.extract.format import Markup
from rag.types import Box, Extraction, Page

PART_CHARS = 65_536
"""The text that is worked on at once; a longer page is cut at the best place in the last quarter."""
_WINDOW_CHARS = 131_072
"""Of a document that becomes one parent: ten thousand tokens of any language."""
_ROW = re.compile(r"[ \t]*\|")


@dataclass(frozen=True, slots=True)
class Part:
    """A page or a piece of one; `header` names the columns of the table it begins inside of."""

    page: Page
    header: str = ""


def parts_of(extraction: Extraction, settings: ChunkSettings, markup: Markup) -> Iterator[Part]:
    """Yield what is cut into chunks, in order; no chunk crosses a part."""
    chosen = rules(
        whitespace=settings.clean_whitespace and markup != "code",
        urls_emails=settings.remove_urls_emails,
        keeps_indentation=markup != "plain",
    )
    for page in extraction.pages:
        for part in _pieces(page, settings.cut_at):
            cleaned = Part(clean_page(part.page, chosen), part.header)
            yield from _separated(cleaned, settings.cut_at) if settings.separator else (cleaned,)


def windows(parts: Iterable[Part]) -> Iterator[Part]:
    """Join the parts of a document; what is longer than any one parent comes in several."""
    texts: list[str] = []
    pages: list[Page] = []
    chars = 0
    for part in parts:
        if texts and chars + len(part.page.text) > _WINDOW_CHARS:
            yield _joined(texts, pages)
            texts, pages, chars = [], [], 0
        texts.append(part.page.text)
        pages.append(part.page)
        chars += len(part.page.text)
    if texts:
        yield _joined(texts, pages)


def _joined(texts: list[str], pages: list[Page]) -> Part:
    if len(pages) == 1:
        return Part(pages[0])
    numbers = {page.number for page in pages}
    # A chunk of several pages is on none of them, so it has no place on one either.
    return Part(Page("\n\n".join(texts), numbers.pop() if len(numbers) == 1 else None))


def _pieces(page: Page, separator: str) -> Iterator[Part]:
    start, header = 0, ""
    while len(page.text) - start > PART_CHARS:
        end = _best_cut(page.text, start, separator)
        yield Part(_sliced(page, start, end), header)
        header = _open_header(page.text, start, end, header)
        start = end
    # Cells are for those who ask for questions; cleaning them here would be for nothing.
    rest = _sliced(page, start, len(page.text)) if start else Page(page.text, page.number, page.boxes)
    yield Part(rest, header)


def _best_cut(text: str, start: int, separator: str) -> int:
    limit = start + PART_CHARS
    lowest = limit - PART_CHARS // 4
    for mark in (separator, "\n\n", "\n", " "):
        at = text.rfind(mark, lowest, limit) if mark else -1
        if at >= 0:
            return at + len(mark)
    return limit


def _open_header(text: str, start: int, end: int, header: str) -> str:
    """Return the header of the table that goes on after `end`, which is where a line begins; or an empty string."""
    if not _ROW.match(text, end) or text[max(0, end - 2) : end] == "\n\n":
        return ""
    first = end
    while first > start:
        before = text.rfind("\n", start, first - 1) + 1 or start
        if not _ROW.match(text, before):
            break
        first = before
    if first == start and header:
        return header
    lines = text[first:end].split("\n", 2)
    return "\n".join(lines[:2]) if len(lines) > 2 and set(lines[1].strip()) <= set("|-: \t") else ""


def _separated(part: Part, separator: str) -> Iterator[Part]:
    start, page = 0, part.page
    while (at := page.text.find(separator, start)) >= 0:
        yield Part(_sliced(page, start, at), part.header if start == 0 else "")
        start = at + len(separator)
    yield Part(_sliced(page, start, len(page.text)), part.header if start == 0 else "")


def _sliced(page: Page, start: int, end: int) -> Page:
    """Return the slice `[start, end)` of a page with the boxes that it touches."""
    boxes: list[Box] = []
    for box in page.boxes[bisect_left(page.boxes, start + 1, key=lambda box: box.end) :]:
        if box.start >= end:
            break
        boxes.append(Box(max(box.start, start) - start, min(box.end, end) - start, box.area))
    return Page(page.text[start:end], page.number, tuple(boxes))
