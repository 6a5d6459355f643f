"""Headers, footers and page numbers: what stands at the same place of neighbouring pages and says the same. Pure."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from rag.extract.pdf_layout import Line

NEIGHBOURS = 4
"""How many pages before and after are compared: left and right pages may differ, chapters change."""

_MARGIN = 0.12
_MAX_LINES = 4
_SAME_PLACE = 0.012
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]")


class Edge(NamedTuple):
    """A line at the edge of a page; `pattern` has # for numbers, which are in `numbers`, `y` is a share of the height.

    `place` is its index; `is_prominent` are lines larger than the text, such as titles, which some slides repeat.
    """

    place: int
    pattern: str
    numbers: tuple[int, ...]
    y: float
    is_prominent: bool


def edges_of(lines: Sequence[Line], *, height: float, body_size: float) -> list[Edge]:
    """Return the first and last lines of a page, as far as they stand in its margins; `index` is that of the line."""
    top = [(i, line) for i, line in enumerate(lines[:_MAX_LINES]) if line.y1 <= height * _MARGIN]
    first = max(len(top), len(lines) - _MAX_LINES)
    low = [(i, line) for i, line in enumerate(lines[first:], start=first) if line.y0 >= height * (1 - _MARGIN)]
    return [_edge(i, line, height, body_size) for i, line in (*top, *low)]


def furniture(edges: Sequence[Edge], others: Sequence[tuple[int, Sequence[Edge]]], *, pages: int) -> set[int]:
    """Return the places of the lines that other pages have too, from the edge of the page as far as they go.

    `others` are the edges of neighbouring pages with their distance in pages. In a document of two or three pages one
    repetition is enough, in a longer one it takes two, and large letters have to be on all of them.
    """
    needed = 1 if pages <= 3 else 2
    repeated = {
        edge.place
        for edge in edges
        if sum(any(_is_same(edge, other, distance) for other in page) for distance, page in others)
        >= (max(len(others), 2) if edge.is_prominent else needed)
    }
    above = [edge.place for edge in edges if edge.y < 0.5]
    below = [edge.place for edge in reversed(edges) if edge.y >= 0.5]
    return {place for side in (above, below) for place in takewhile(repeated.__contains__, side)}


def _edge(index: int, line: Line, height: float, body_size: float) -> Edge:
    text = " ".join(word.text for run in line.runs for word in run.words)
    numbers = tuple(int(found[-9:]) for found in _DIGITS.findall(text))
    return Edge(index, _DIGITS.sub("#", text), numbers, (line.y0 + line.y1) / 2 / height, line.size > 1.25 * body_size)


def _is_same(edge: Edge, other: Edge, distance: int) -> bool:
    if edge.pattern != other.pattern or abs(edge.y - other.y) > _SAME_PLACE:
        return False
    if not edge.numbers or edge.numbers == other.numbers or len(_LETTERS.findall(edge.pattern)) > 3:
        return True
    # Numbers alone are those of pages only if they count them: a table that goes on has numbers there as well.
    return any(theirs - ours == distance for ours, theirs in zip(edge.numbers, other.numbers, strict=False))
