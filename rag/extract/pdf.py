"""PDF by pdfium: the text of each page in the order of its content, and a true reason where there is none."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import EmptyDocumentError, EncryptedDocumentError, MalformedDocumentError, NoTextLayerError, RagError
from rag.extract.format import Format, Reading, clean
from rag.types import Page

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage  # type: ignore[import-untyped]  # the wheel carries no types

PAGES_CHECKED_AT_UPLOAD = 50

# pdfium has already taken the hyphen and the line end of "exam-/ple" and put this mark there.
_SOFT_HYPHEN = re.compile("[\ufffe\u00ad\x02]\\s*")
# Fonts map the same shape to a ligature (\ufb01) or a radical (\u2f00); people search for its letters.
_PRESENTATION_FORMS = re.compile("[\ufb00-\ufb06\u2e80-\u2fdf]")
_TRAILING_SPACE = re.compile(r"[ \t\u00a0]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_WRAPPED_SHARE = 0.7
"""A line this long, against the longest of its page, was wrapped by the page and not ended by the author."""


def read(path: Path) -> Reading:
    """Read a PDF page by page; only one page is in memory at a time."""
    document = _open(path)
    count = len(document)
    title = clean(document.get_metadata_dict().get("Title", "")).strip()
    reading = Reading(iter(()), page_count=count, title=title)
    reading.pages = _pages(document, count, reading.warnings)
    return reading


def check(path: Path) -> None:
    """Refuse a PDF that is encrypted, broken or blank; it looks at no more than its first pages."""
    document = _open(path)
    count = len(document)
    if count > PAGES_CHECKED_AT_UPLOAD:
        return
    for index in range(count):
        page = _load(document, index)
        if page is None or _page_text(page).strip() or _has_images(page):
            return
        page.close()
    raise EmptyDocumentError("every page of the PDF is blank; upload one that has text")


def reflow(text: str) -> str:
    """Join the lines that a page has wrapped, so that a sentence is one line; headings and lists keep theirs."""
    lines = [line.rstrip() for line in _SOFT_HYPHEN.sub("", text).split("\n")]
    longest = max((len(line) for line in lines), default=0)
    out: list[str] = []
    wrapped = False
    for line in lines:
        if out and wrapped and _continues(out[-1], line):
            out[-1] += line if _is_unspaced(out[-1][-1]) else f" {line}"
        else:
            out.append(line)
        wrapped = bool(line) and len(line) >= longest * _WRAPPED_SHARE
    return _BLANK_LINES.sub("\n\n", "\n".join(out)).strip("\n")


def _continues(line: str, following: str) -> bool:
    return following[:1].isalpha() and (line[-1] == "," or line[-1].isalpha())


def _is_unspaced(char: str) -> bool:
    """Say whether `char` belongs to a script that puts no spaces between words (kana and Han)."""
    return "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\u2e80" <= char <= "\u2fdf"


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


def _pages(document: "PdfDocument", count: int, warnings: list[str]) -> Iterator[Page]:
    with_text = with_images = broken = 0
    for index in range(count):
        page = _load(document, index)
        if page is None:
            broken += 1
            warnings.append(f"page {index + 1} is broken and was left out")
            yield Page("", index + 1)
            continue
        text = reflow(_page_text(page))
        if text.strip():
            with_text += 1
        elif _has_images(page):
            with_images += 1
            warnings.append(f"page {index + 1} is a picture without a text layer and was left out")
        page.close()
        yield Page(text, index + 1)
    document.close()
    if with_text:
        return
    if with_images:
        raise NoTextLayerError("the PDF is scanned: it has no text layer; install tesseract or upload a PDF with text")
    if broken == count:
        raise MalformedDocumentError("no page of the PDF can be read; open it in a viewer and save it again")
    raise EmptyDocumentError("every page of the PDF is blank; upload one that has text")


def _page_text(page: "PdfPage") -> str:
    import pypdfium2 as pdfium

    try:
        text_page = page.get_textpage()
    except pdfium.PdfiumError:
        return ""
    try:
        text = _SOFT_HYPHEN.sub("\ufffe", text_page.get_text_range())
        text = _PRESENTATION_FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
        return _TRAILING_SPACE.sub("", clean(text))
    finally:
        text_page.close()


def _has_images(page: "PdfPage") -> bool:
    import pypdfium2 as pdfium

    return any(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))


FORMAT = Format(name="pdf", label="PDF", extensions=(".pdf",), read=read, check=check, magic=(b"%PDF-",))
