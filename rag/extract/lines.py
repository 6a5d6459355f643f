"""What a parser's process says, as JSON lines: one end writes what it reads, the other trusts none of it.

{"page_count", "title"} · {"page", "text", "boxes", "rows", "scan"} per page · {"warnings", "language"} at the end ·
or {"error", "message"}. A picture is {"width", "height", "channels"}, and its bytes follow the line.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NoReturn

from rag.errors import ParserCrashedError, error_from_code
from rag.extract.format import MAX_TEXT_CHARS, Picture
from rag.types import Area, Box, Page

# A character takes one to four bytes, mostly fewer than three; cells come twice, in the text and in the rows.
MAX_BYTES = 8 * MAX_TEXT_CHARS
MAX_PICTURE_PIXELS = 40_000_000
"""A3 at 300 dpi has 17 million."""

Line = Mapping[str, object]


def line_bytes(**fields: object) -> bytes:
    """Return the fields as one line."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def page_bytes(page: Page, *, is_scan: bool) -> bytes:
    """Return a page as one line."""
    boxes = [(box.start, box.end, box.area.x0, box.area.y0, box.area.x1, box.area.y1) for box in page.boxes]
    return line_bytes(page=page.number, text=page.text, boxes=boxes, rows=page.rows, scan=is_scan)


def parsed(lines: Iterator[bytes | bytearray]) -> Iterator[Line]:
    """Yield the lines as objects; raises the RagError that one of them reports."""
    for raw in lines:
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            _refuse(raw)
        match line:
            case {"error": str(code), "message": str(message)}:
                raise error_from_code(code, message)
            case dict():
                yield line
            case _:
                _refuse(raw)


def page_of(line: Line) -> Page:
    """Return the page of a line that has one."""
    match line:
        case {"page": int() | None as number, "text": str(text), "boxes": list(boxes), "rows": list(rows)}:
            return Page(text, number, tuple(_box(box, len(text)) for box in boxes), tuple(_row(row) for row in rows))
    unexpected(line)


def picture_of(data: bytes) -> Picture:
    """Return the picture of a line and the bytes that follow it; raises the RagError that the line reports."""
    head, _, pixels = data.partition(b"\n")
    (line,) = parsed(iter((head,)))
    match line:
        case {"width": int(width), "height": int(height), "channels": (1 | 3) as channels} if (
            width > 0 and height > 0 and width * height <= MAX_PICTURE_PIXELS
        ):
            wanted = width * height * channels
            if len(pixels) != wanted:
                raise ParserCrashedError(
                    f"the parser drew {len(pixels)} of {wanted} bytes of a picture; the document is broken"
                )
            return Picture(width, height, pixels, channels)
    unexpected(line)


def picture_header(picture: Picture) -> bytes:
    """Return the line that announces the bytes of a picture."""
    return line_bytes(width=picture.width, height=picture.height, channels=picture.channels)


def unexpected(line: Line) -> NoReturn:
    """Raise for a line that has no place here."""
    raise ParserCrashedError(f"the parser wrote a line that is not its protocol: {list(line)[:8]!r}")


def _refuse(raw: bytes | bytearray) -> NoReturn:
    raise ParserCrashedError(f"the parser wrote a line that is not its protocol: {bytes(raw[:40])!r}")


def _box(fields: object, chars: int) -> Box:
    match fields:
        case [int(start), int(end), *edges] if 0 <= start <= end <= chars and len(edges) == 4:
            x0, y0, x1, y1 = (_fraction(edge) for edge in edges)
            return Box(start, end, Area(x0, y0, x1, y1))
    raise ParserCrashedError(f"the parser wrote a box that is none: {fields!r:.80}")


def _fraction(value: object) -> float:
    if isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)
    raise ParserCrashedError(f"the parser wrote an edge that is not within the page: {value!r:.40}")


def _row(cells: object) -> tuple[str, ...]:
    if isinstance(cells, list) and all(isinstance(cell, str) for cell in cells):
        return tuple(cells)
    raise ParserCrashedError(f"the parser wrote a row that is none: {cells!r:.80}")
