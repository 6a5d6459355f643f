"""ODT, ODS and ODP: one XML content with text, sheets or slides."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rag.errors import EncryptedDocumentError, MalformedDocumentError
from rag.extract.archive import Archive, kind_of, open_archive, refuse_other_kind
from rag.extract.blocks import MAX_COLUMNS, squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.hypertext import picture_warnings
from rag.extract.opendocument_body import DRAW, OFFICE, PRESENTATION, TABLE, BodyWriter, repeated, rows_spanned, text_of
from rag.extract.sheets import Row, pages_of_sheet
from rag.extract.trees import Element, parse_xml
from rag.types import Page

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MAX_REPEATED = 200
"""As often is a cell or a row repeated at most; what fills a sheet to its end is decoration."""
_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_MAX_GAP = 2


@contextmanager
def open_document(path: Path, label: str) -> Iterator[Archive]:
    """Yield the archive of the document, or raise the RagError that says what is wrong with it."""
    with open_archive(path, label) as archive:
        if kind_of(archive)[1] != f".{label.lower()}":
            refuse_other_kind(archive)
        if "META-INF/manifest.xml" in archive.names and b"encryption-data" in archive.part("META-INF/manifest.xml"):
            raise EncryptedDocumentError(f"the {label} is encrypted; remove the password and upload it again")
        yield archive


def _content(archive: Archive, warnings: list[str]) -> Element:
    """Return the body of the document."""
    data, what = archive.part("content.xml"), f"'content.xml' in the {archive.label}"
    try:
        root = parse_xml(data, what)
    except MalformedDocumentError:
        root = parse_xml(data, what, repair=True)
        warnings.append(f"{what} is damaged; a part of its text may be missing")
    body = root.find(f"{OFFICE}body")
    if body is None or not len(body):
        raise MalformedDocumentError(f"the {archive.label} has no body; open it and save it again")
    return next(iter(body))


def _title(archive: Archive) -> str:
    if "meta.xml" not in archive.names:
        return ""
    try:
        root = parse_xml(archive.part("meta.xml"), "'meta.xml'", repair=True)
    except MalformedDocumentError:
        return ""  # the document can be read without its properties
    return next((clean(squeeze(element.text or "")) for element in root.iter(_TITLE)), "")


def read(path: Path, label: str) -> Reading:
    """Read the document: a text is one page, a slide is a page, a table of a sheet is a page."""
    with open_document(path, label) as archive:
        reading = Reading(iter(()), title=_title(archive))

    def pages() -> Iterator[Page]:
        with open_document(path, label) as archive:
            body = _content(archive, reading.warnings)
        match label:
            case "ODS":
                found = _sheets(body)
            case "ODP":
                found = _slides(body, reading.warnings)
            case _:
                found = _text(body, reading.warnings)
        for page in found:
            yield Page(clean(page.text), page.number, rows=page.rows)

    reading.pages = pages()
    return reading


def _text(body: Element, warnings: list[str]) -> Iterator[Page]:
    writer = BodyWriter()
    writer.write(body)
    warnings += picture_warnings(writer.pictures)
    yield Page(writer.blocks.text())


def _slides(body: Element, warnings: list[str]) -> Iterator[Page]:
    pictures = 0
    for number, slide in enumerate(body.findall(f"{DRAW}page"), start=1):
        writer = BodyWriter()
        frames = [child for child in slide if child.get(f"{PRESENTATION}class", "") == "title"]
        for frame in frames:
            writer.blocks.heading(2, text_of(frame))
        for child in slide:
            if child.tag == f"{PRESENTATION}notes":
                notes = BodyWriter()
                notes.write(child)
                if notes.blocks:
                    writer.blocks.paragraph(f"Notes: {notes.blocks.text()}")
            elif child not in frames:
                writer.shape(child)
        pictures += writer.pictures
        yield Page(writer.blocks.text(), number)
    warnings += picture_warnings(pictures)


def _sheets(body: Element) -> Iterator[Page]:
    for number, sheet in enumerate(body.findall(f"{TABLE}table"), start=1):
        yield from pages_of_sheet(_rows(sheet), heading=sheet.get(f"{TABLE}name", ""), number=number)


def _rows(sheet: Element) -> Iterator[Row]:
    spanning: dict[int, tuple[str, int]] = {}
    for row in sheet.iter(f"{TABLE}table-row"):
        cells: list[str] = []
        for cell in row:
            if cell.tag in _CELLS:
                _add_cell(cells, cell, spanning)
        yield from [cells] * min(repeated(row, "rows"), _MAX_REPEATED if any(cells) else _MAX_GAP)


def _add_cell(cells: list[str], cell: Element, spanning: dict[int, tuple[str, int]]) -> None:
    """Add a cell, as often as it is repeated; `spanning` are the texts that reach down from above, by column."""
    text = text_of(cell)
    most = _MAX_REPEATED if text else MAX_COLUMNS
    for _ in range(min(repeated(cell, "columns"), most, MAX_COLUMNS - len(cells))):
        above, left = spanning.get(len(cells), ("", 0))
        if left:
            spanning[len(cells)] = (above, left - 1)
        if (down := rows_spanned(cell)) > 1:
            spanning[len(cells)] = (text, down - 1)
        cells.append(text or (above if left else ""))


def check(path: Path, label: str) -> None:
    """Refuse what is no such document, is encrypted, or would not be unpacked safely."""
    with open_document(path, label) as archive:
        if "content.xml" not in archive.names:
            raise MalformedDocumentError(f"the {label} lacks its part 'content.xml'; open it and save it again")


def _format(label: str, *extensions: str, table: bool = False) -> Format:
    return Format(
        name=label.lower(),
        label=label,
        extensions=extensions,
        read=partial(read, label=label),
        check=partial(check, label=label),
        magic=(b"PK\x03\x04", b"PK\x05\x06"),
        markup="table" if table else "markdown",
    )


ODT = _format("ODT", ".odt", ".ott")
ODS = _format("ODS", ".ods", ".ots", table=True)
ODP = _format("ODP", ".odp", ".otp")
FORMATS = (ODT, ODS, ODP)
