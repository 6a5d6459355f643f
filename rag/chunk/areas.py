"""Where a chunk stands on its page: the boxes of its lines, joined to a few rectangles."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from rag.types import Area, Box

MAX_AREAS = 12
_LEAST_SHARED_WIDTH = 0.3
"""Lines of one column overlap by at least this share of the narrower one."""
_GAP_LINES = 1.2
"""Lines of one rectangle are at most so many of their heights apart."""


def areas_of(boxes: Sequence[Box], start: int, end: int) -> tuple[Area, ...]:
    """Return rectangles over the boxes that the slice `[start, end)` touches; `boxes` are in the order of the text."""
    if start >= end:
        return ()
    first = bisect_left(boxes, start, key=lambda box: box.end)
    joined: list[Area] = []
    line = 0.0
    for box in boxes[first:]:
        if box.start >= end:
            break
        if box.end <= start:
            continue
        height = box.area.y1 - box.area.y0
        if joined and _is_one_block(joined[-1], box.area, max(line, height)):
            joined[-1] = _union(joined[-1], box.area)
        else:
            joined.append(box.area)
        line = height
    return tuple(_fewest(joined))


def _is_one_block(block: Area, area: Area, line: float) -> bool:
    shared = min(block.x1, area.x1) - max(block.x0, area.x0)
    narrower = min(block.x1 - block.x0, area.x1 - area.x0)
    gap = max(area.y0 - block.y1, block.y0 - area.y1)
    if gap <= -0.5 * line:
        # On the same line: cells or words side by side.
        return max(area.x0 - block.x1, block.x0 - area.x1) <= line
    return shared >= _LEAST_SHARED_WIDTH * narrower and gap <= _GAP_LINES * line


def _fewest(areas: list[Area]) -> list[Area]:
    """Join the neighbours that grow least until there are few enough."""
    while len(areas) > MAX_AREAS:
        grown = [_size(_union(a, b)) - _size(a) - _size(b) for a, b in pairwise(areas)]
        least = grown.index(min(grown))
        areas[least : least + 2] = [_union(areas[least], areas[least + 1])]
    return areas


def _union(a: Area, b: Area) -> Area:
    return Area(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1))


def _size(area: Area) -> float:
    return (area.x1 - area.x0) * (area.y1 - area.y0)
