"""What pdfium knows of a page, as words and rules: in points from the top left corner of what is seen of it."""

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from rag.extract.format import clean
from rag.types import Area

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage  # type: ignore[import-untyped]  # the wheel carries no types

# pdfium has taken the hyphen and the line end of "exam-/ple" and put one of these there.
HYPHENS = "\ufffe\u00ad\x02"
_WORD = re.compile(rf"[^\s{HYPHENS}]*[^\s{HYPHENS}][{HYPHENS}]?")
# Nothing in there needs to be cleaned.
_PLAIN = re.compile(
    rf"[\t\n\r -~\u00a0-\u02ff\u0370-\u05ff\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2100-\u23ff"
    rf"\u25a0-\u25ff\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3{HYPHENS}]*"
)
# Fonts map the same shape to a ligature (\ufb01) or a radical (\u2f00); people search for its letters.
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufb06\u2e80-\u2fdf]")

MAX_OBJECTS = 20_000
"""Maps draw with more; they hold no tables."""
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SAMPLE_CHARS = 400
_GARBLED_SHARE = 0.04
"""A formula has some signs without a meaning; a text whose letters were shifted lacks more."""
_MIN_GARBLED = 12
_VERTICAL_SHARE = 0.6
_MAX_SEGMENTS = 2_000
_RULE_THICKNESS = 3.0
_MIN_RULE_LENGTH = 8.0

Edges = tuple[float, float, float, float]
Transform = Callable[[float, float, float, float], Edges]


class Word(NamedTuple):
    """Characters without space in between; `y` grows downwards. A word `is_glued` to the next one by a hyphen."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    is_glued: bool
    is_vertical: bool


class Rule(NamedTuple):
    """A straight line, horizontal or vertical."""

    x0: float
    y0: float
    x1: float
    y1: float


class _Span(NamedTuple):
    """A word in the page's own space, where y grows upwards; it goes `across` and `up` from first to last character."""

    text: str
    box: Edges
    across: float
    up: float
    size: float
    is_glued: bool


@dataclass(frozen=True, slots=True)
class View:
    """The visible part of a page, turned clockwise: how its own coordinates become those from the top left corner."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def width(self) -> float:
        across, down = self.right - self.left, self.top - self.bottom
        return max(down if self.rotation in (90, 270) else across, 1.0)

    @property
    def height(self) -> float:
        across, down = self.right - self.left, self.top - self.bottom
        return max(across if self.rotation in (90, 270) else down, 1.0)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Edges:
        """Return a box of the page as it is seen in this view."""
        match self.rotation:
            case 90:
                return y0 - self.bottom, x0 - self.left, y1 - self.bottom, x1 - self.left
            case 180:
                return self.right - x1, y0 - self.bottom, self.right - x0, y1 - self.bottom
            case 270:
                return self.top - y1, self.right - x1, self.top - y0, self.right - x0
        return x0 - self.left, self.top - y1, x1 - self.left, self.top - y0

    def back(self, x0: float, y0: float, x1: float, y1: float) -> Edges:
        """Return a box that is seen in this view in the page's own coordinates."""
        match self.rotation:
            case 90:
                return y0 + self.left, x0 + self.bottom, y1 + self.left, x1 + self.bottom
            case 180:
                return self.right - x1, y0 + self.bottom, self.right - x0, y1 + self.bottom
            case 270:
                return self.right - y1, self.top - x1, self.right - y0, self.top - x0
        return x0 + self.left, self.top - y1, x1 + self.left, self.top - y0

    def area(self, box: Edges, *, read: "View") -> Area:
        """Return a box of the view `read` as a part of this one."""
        x0, y0, x1, y1 = self.box(*read.back(*box))
        width, height = self.width, self.height
        return Area(_share(x0, width), _share(y0, height), _share(x1, width), _share(y1, height))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its words in the order of its content, and its rules, in the view in which most of it can be `read`.

    `seen` is how it is shown. It `is_garbled` where letters have no meaning of their own in its fonts: what is seen is
    not what its text says.
    """

    seen: View
    read: View
    words: list[Word]
    rules: list[Rule]
    is_garbled: bool = False


def sheet_of(page: "PdfPage") -> Sheet:
    """Return what stands on a page; a page whose text cannot be read has no words."""
    import pypdfium2 as pdfium

    left, bottom, right, top = page.get_bbox()
    seen = View(left, bottom, right, top, page.get_rotation())
    try:
        text_page = page.get_textpage()
    except pdfium.PdfiumError:
        return Sheet(seen, seen, [], [])
    try:
        spans = list(_spans(text_page))
        is_garbled = _is_garbled(text_page)
    finally:
        text_page.close()
    read = replace(seen, rotation=_direction(spans, seen.rotation))
    words = [_word(span, read) for span in spans]
    return Sheet(seen, read, words, list(_rules(page, read.box)) if words else [], is_garbled)


def _direction(spans: Sequence[_Span], rotation: int) -> int:
    """Return how the page has to be turned for most of its text to go to the right; Japanese may go downwards."""
    long = [span for span in spans if len(span.text) > 2]
    if not long:
        return rotation
    up = sum(span.up > abs(span.across) for span in long)
    down = sum(-span.up > abs(span.across) for span in long)
    if up + down > len(long) * _VERTICAL_SHARE:
        return 90 if up > down else 270
    left = sum(-span.across > abs(span.up) and not RIGHT_TO_LEFT.search(span.text) for span in long)
    return 180 if left > len(long) * _VERTICAL_SHARE else 0


def _word(span: _Span, view: "View") -> Word:
    box = view.box(*span.box)
    along, aside = (span.up, span.across) if view.rotation % 180 == 0 else (span.across, span.up)
    is_vertical = abs(along) > abs(aside) and abs(along) > span.size / 2
    return Word(span.text, *box, span.is_glued, is_vertical)


def _spans(text_page: "PdfTextPage") -> Iterator[_Span]:
    chars = text_page.count_chars()
    if chars <= 0:
        return
    text = _text(text_page, chars)
    box_of = _boxes(text_page)
    is_plain = _PLAIN.fullmatch(text) is not None
    box = (0.0, 0.0, 0.0, 0.0)
    for found in _WORD.finditer(text):
        start, end = found.span()
        word = found[0]
        is_glued = word[-1] in HYPHENS
        if is_glued:
            word, end = word[:-1], end - 1
        if not is_plain:
            word = _cleaned(word)
            if not word:
                continue
        left, top, right, bottom = first = box_of(start)
        last = box_of(end - 1) if end - start > 1 else first
        if left != right or bottom != top:  # a character without a place of its own is where the last one was
            box = (min(left, last[0]), min(bottom, last[3]), max(right, last[2]), max(top, last[1]))
        yield _Span(word, box, last[0] - left, last[3] - bottom, top - bottom, is_glued)


def _text(text_page: "PdfTextPage", chars: int) -> str:
    """Return the text with one character for each that pdfium counts."""
    from pypdfium2 import raw

    text: str = text_page.get_text_range()
    if len(text) == chars:
        return text
    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(chars))
    return "".join(chr(code) if 0 < code < 0xD800 or 0xE000 <= code < 0x110000 else " " for code in codes)


def _is_garbled(text_page: "PdfTextPage") -> bool:
    from pypdfium2 import raw

    chars = text_page.count_chars()
    sample = range(0, chars, max(chars // _SAMPLE_CHARS, 1))
    unknown: int = sum(raw.FPDFText_HasUnicodeMapError(text_page, index) == 1 for index in sample)
    return unknown >= _MIN_GARBLED and unknown > len(sample) * _GARBLED_SHARE


def _boxes(text_page: "PdfTextPage") -> Callable[[int], tuple[float, ...]]:
    """Return what tells left, top, right and bottom of a character, as high as its font."""
    from pypdfium2 import raw

    # The binding converts arguments at each call, which takes longer than the call.
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    get_box = prototype(ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0)
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value
    buffer = (ctypes.c_float * 4)()
    address = ctypes.addressof(buffer)

    def box_of(index: int) -> tuple[float, ...]:
        get_box(handle, index, address)
        return tuple(buffer)

    return box_of


def _cleaned(word: str) -> str:
    word = _PRESENTATION_FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), word)
    return clean(word).strip()


def _rules(page: "PdfPage", transform: Transform) -> Iterator[Rule]:
    """Yield the straight lines of the page, and the edges of its frames."""
    from pypdfium2 import raw

    count = raw.FPDFPage_CountObjects(page)
    if count > MAX_OBJECTS:
        return
    edges = [ctypes.c_float() for _ in range(4)]
    for index in range(count):
        item = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_PATH or not raw.FPDFPageObj_GetBounds(item, *edges):
            continue
        x0, y0, x1, y1 = (edge.value for edge in edges)
        if min(x1 - x0, y1 - y0) <= _RULE_THICKNESS:
            if max(x1 - x0, y1 - y0) >= _MIN_RULE_LENGTH:
                yield _rule(transform(x0, y0, x1, y1))
        else:
            for segment in _segments(item):
                yield _rule(transform(*segment))


def _rule(box: tuple[float, float, float, float]) -> Rule:
    """Return the middle line of a thin box."""
    x0, y0, x1, y1 = box
    if x1 - x0 >= y1 - y0:
        return Rule(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2)
    return Rule((x0 + x1) / 2, y0, (x0 + x1) / 2, y1)


def _segments(path: object) -> Iterator[tuple[float, float, float, float]]:
    """Yield the horizontal and vertical lines of a stroked path, as boxes."""
    from pypdfium2 import raw

    fill, stroke, count = ctypes.c_int(), ctypes.c_int(), raw.FPDFPath_CountSegments(path)
    if not raw.FPDFPath_GetDrawMode(path, fill, stroke) or not stroke.value or not 0 < count <= _MAX_SEGMENTS:
        return
    points = [_point(path, index) for index in range(count)]
    # Points are in the space of the path itself; one that is turned draws no table.
    matrix = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(path, matrix) or (matrix.b, matrix.c) != (0.0, 0.0):
        return
    begin = last = (0.0, 0.0)
    for kind, x, y, closes in points:
        here = (matrix.a * x + matrix.e, matrix.d * y + matrix.f)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begin = here
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield from _straight(last, here)
        last = here
        if closes:
            yield from _straight(last, begin)
            last = begin


def _point(path: object, index: int) -> tuple[int, float, float, bool]:
    from pypdfium2 import raw

    segment = raw.FPDFPath_GetPathSegment(path, index)
    x, y = ctypes.c_float(), ctypes.c_float()
    raw.FPDFPathSegment_GetPoint(segment, x, y)
    return raw.FPDFPathSegment_GetType(segment), x.value, y.value, bool(raw.FPDFPathSegment_GetClose(segment))


def _share(edge: float, full: float) -> float:
    return round(min(max(edge / full, 0.0), 1.0), 4)


def _straight(a: tuple[float, float], b: tuple[float, float]) -> Iterator[tuple[float, float, float, float]]:
    x0, x1 = sorted((a[0], b[0]))
    y0, y1 = sorted((a[1], b[1]))
    if min(x1 - x0, y1 - y0) <= 1.0 and max(x1 - x0, y1 - y0) >= _MIN_RULE_LENGTH:
        yield x0, y0, x1, y1
