"""PDF by pdfium: the text of each page in the order in which it is read, and a true reason where there is none."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from rag.errors import EmptyDocumentError, EncryptedDocumentError, MalformedDocumentError, RagError
from rag.extract.format import PICTURE_DPI, Format, Picture, Reading, clean
from rag.extract.pdf_furniture import NEIGHBOURS, Edge, edges_of, furniture
from rag.extract.pdf_layout import Run, blocks_of, lines_of, runs_of
from rag.extract.pdf_page import View, sheet_of
from rag.extract.pdf_tables import ruled_tables, table_run
from rag.extract.pdf_text import page_of
from rag.types import Page

if TYPE_CHECKING:
    from pypdfium2 import PdfBitmap, PdfDocument, PdfPage  # type: ignore[import-untyped]  # the wheel carries no types

PAGES_CHECKED_AT_UPLOAD = 50
_MAX_PICTURE_PIXELS = 20_000_000
_MAX_DRAWN_PIXELS = 10_000_000
_POINTS_PER_INCH = 72
_DEFAULT_SIZE = 10.0
_NOWHERE = View(0.0, 0.0, 1.0, 1.0, 0)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A page that waits for its neighbours: `edges` are the lines that may be headers or footers."""

    number: int
    seen: View
    read: View
    runs: list[Run]
    edges: list[Edge]
    sizes: list[float]
    is_garbled: bool = False


def read(path: Path) -> Reading:
    """Read a PDF page by page; only a page and its neighbours are in memory at a time."""
    document = _open(path)
    count = len(document)
    title = clean(document.get_metadata_dict().get("Title", "")).strip()
    reading = Reading(iter(()), page_count=count, title=title)
    reading.pages = _pages(document, count, reading)
    return reading


def check(path: Path) -> None:
    """Refuse a PDF that is encrypted, broken or blank; it looks at no more than its first pages."""
    document = _open(path)
    count = len(document)
    if count > PAGES_CHECKED_AT_UPLOAD:
        return
    for index in range(count):
        page = _load(document, index)
        if page is None or _has_text(page) or _has_images(page):
            return
        page.close()
    raise EmptyDocumentError("every page of the PDF is blank; upload one that has text")


def render(path: Path, number: int) -> Picture:
    """Draw a page as it is printed."""
    document = _open(path)
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(PICTURE_DPI / _POINTS_PER_INCH, (_MAX_PICTURE_PIXELS / max(width * height, 1.0)) ** 0.5)
    return _picture(page.render(scale=scale, grayscale=True), 1)


def draw(path: Path, number: int, width: int) -> Picture:
    """Draw a page in colour for people, with what was filled into its form."""
    from pypdfium2 import raw

    document = _open(path)
    if not 1 <= number <= len(document):
        raise MalformedDocumentError(f"the PDF has no page {number!r}; its last one is {len(document)}")
    page = _load(document, number - 1)
    if page is None:
        raise MalformedDocumentError(f"page {number!r} of the PDF is broken and cannot be drawn; look at its text")
    if document.get_formtype() != raw.FORMTYPE_NONE:
        page = _filled_in(document, page, number - 1)
    points, height = page.get_size()
    scale = min(width / max(points, 1.0), (_MAX_DRAWN_PIXELS / max(points * height, 1.0)) ** 0.5)
    return _picture(page.render(scale=scale, rev_byteorder=True), 3)


def _picture(bitmap: "PdfBitmap", channels: Literal[1, 3]) -> Picture:
    data, stride, row = bytes(bitmap.buffer), bitmap.stride, bitmap.width * channels
    rows = (data[start : start + row] for start in range(0, stride * bitmap.height, stride))
    return Picture(bitmap.width, bitmap.height, b"".join(rows), channels)


def _open(path: Path) -> "PdfDocument":
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise _opening_error(error.err_code, pdfium.raw.FPDF_ERR_PASSWORD) from error
    if len(document) == 0:
        raise MalformedDocumentError("the PDF has no pages that can be read; open it and save it again")
    return document


def _opening_error(err_code: int | None, password_code: int) -> RagError:
    if err_code == password_code:
        return EncryptedDocumentError("the PDF is encrypted; remove the password and upload it again")
    return MalformedDocumentError("the PDF is broken and does not open; open it in a viewer and save it again")


def _load(document: "PdfDocument", index: int) -> "PdfPage | None":
    import pypdfium2 as pdfium

    try:
        return document[index]
    except pdfium.PdfiumError:
        return None


def _pages(document: "PdfDocument", count: int, reading: Reading) -> Iterator[Page]:
    """Yield each page when the pages after it that it is compared with are known."""
    from pypdfium2 import raw

    has_text, broken, attached = False, 0, document.count_attachments()
    has_form = document.get_formtype() != raw.FORMTYPE_NONE
    near: deque[_Sheet] = deque(maxlen=2 * NEIGHBOURS + 1)
    for index in range(count + NEIGHBOURS):
        if index < count:
            page = _load(document, index)
            if page is None:
                broken += 1
                reading.warnings.append(f"page {index + 1} is broken and was left out")
                near.append(_Sheet(index + 1, _NOWHERE, _NOWHERE, [], [], []))
            else:
                attached += _attached_files(page)
                if has_form:
                    page = _filled_in(document, page, index)
                near.append(_sheet(page, index + 1))
                page.close()
        if index >= NEIGHBOURS:
            number = index - NEIGHBOURS + 1
            sheet = next(sheet for sheet in near if sheet.number == number)
            text = _text(sheet, near, count)
            if sheet.is_garbled or (not sheet.runs and _is_scan(document, number)):
                reading.scans.append(number)
            has_text = has_text or bool(text.text)
            yield text
    document.close()
    if attached:
        reading.warnings.append(
            f"files attached to the PDF were not read ({attached}); upload them as documents of their own"
        )
    if has_text or reading.scans:
        return
    if broken == count:
        raise MalformedDocumentError("no page of the PDF can be read; open it in a viewer and save it again")
    raise EmptyDocumentError("every page of the PDF is blank; upload one that has text")


def _sheet(page: "PdfPage", number: int) -> _Sheet:
    sheet = sheet_of(page)
    tables, words = ruled_tables(sheet.words, sheet.rules)
    runs = [*runs_of(words), *map(table_run, tables)]
    sizes = [word.y1 - word.y0 for word in sheet.words if not word.is_vertical]
    edges = edges_of(lines_of(runs), height=sheet.read.height, body_size=_body_size(sizes))
    return _Sheet(number, sheet.seen, sheet.read, runs, edges, sizes, sheet.is_garbled)


def _text(sheet: _Sheet, near: Iterable[_Sheet], pages: int) -> Page:
    others = [(other.number - sheet.number, other.edges) for other in near if other is not sheet]
    gone = furniture(sheet.edges, others, pages=pages)
    blocks = blocks_of(
        [run for index, line in enumerate(lines_of(sheet.runs)) if index not in gone for run in line.runs]
    )
    return page_of(
        blocks,
        number=sheet.number,
        area_of=partial(sheet.seen.area, read=sheet.read),
        body_size=_body_size([size for other in near for size in other.sizes]),
    )


def _body_size(sizes: Sequence[float]) -> float:
    return median(sizes) if sizes else _DEFAULT_SIZE


def _attached_files(page: "PdfPage") -> int:
    """Return how many files hang on the page as notes."""
    from pypdfium2 import raw

    found = 0
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        note = raw.FPDFPage_GetAnnot(page, index)
        found += raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_FILEATTACHMENT
        raw.FPDFPage_CloseAnnot(note)
    return found


def _filled_in(document: "PdfDocument", page: "PdfPage", index: int) -> "PdfPage":
    """Return the page with what was filled into its form as part of its text."""
    from pypdfium2 import raw

    if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _is_scan(document: "PdfDocument", number: int) -> bool:
    page = _load(document, number - 1)
    return page is not None and _has_images(page)


def _has_text(page: "PdfPage") -> bool:
    import pypdfium2 as pdfium

    try:
        text_page = page.get_textpage()
    except pdfium.PdfiumError:
        return False
    return bool(text_page.get_text_range().strip())


def _has_images(page: "PdfPage") -> bool:
    import pypdfium2 as pdfium

    return any(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


FORMAT = Format(
    name="pdf",
    label="PDF",
    extensions=(".pdf",),
    read=read,
    check=check,
    magic=(b"%PDF-",),
    markup="markdown",
    imports=("pypdfium2",),
    render=render,
    draw=draw,
)
