"""Reads one file in this process: for the isolated process, and for who trusts the file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.errors import DocumentTooLargeError, EmptyDocumentError, NoTextLayerError
from rag.extract.format import MAX_TEXT_CHARS, Reading
from rag.extract.registry import format_named
from rag.types import Extraction, Page

_LEFT_OUT = "page {} is a picture without a text layer and was left out; install tesseract to have it read"
_DAMAGED = "page {} has a text layer whose letters are not those that are seen; install tesseract to have it read"


def open_reading(path: Path, format_name: str) -> Reading:
    """Start to read the file; its pages come one by one, and raise once the text is too long."""
    reading = format_named(format_name).read(path)
    reading.pages = bounded(reading.pages)
    return reading


def extract(path: Path, format_name: str) -> Extraction:
    """Read the whole file in this process; raises RagError. Files of strangers go through `extract_isolated`.

    Pictures of text stay unread here.
    """
    reading = open_reading(path, format_name)
    pages = tuple(reading.pages)
    return extraction_of(
        pages, title=reading.title, warnings=reading.warnings, language=reading.language, unread=reading.scans
    )


def extraction_of(
    pages: Sequence[Page], *, title: str, warnings: Sequence[str], language: str, unread: Sequence[int]
) -> Extraction:
    """Return what was read; `unread` are the pages to be read from their picture, which nobody has done.

    Raises NoTextLayerError where there is nothing else, and EmptyDocumentError where all is blank.
    """
    if any(page.text.strip() for page in pages):
        by_number = {page.number: page.text for page in pages}
        left_out = [_DAMAGED.format(n) if by_number.get(n, "").strip() else _LEFT_OUT.format(n) for n in unread]
        return Extraction(tuple(pages), title=title, warnings=(*warnings, *left_out), language=language)
    if unread:
        raise NoTextLayerError(
            "the document is scanned: it has no text layer; install tesseract or upload one that has text"
        )
    raise EmptyDocumentError("no text was found in the document; upload one that has text")


def bounded(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield the pages; raises DocumentTooLargeError when their text is more than a document may have."""
    chars = 0
    for page in pages:
        chars += len(page.text)
        if chars > MAX_TEXT_CHARS:
            raise DocumentTooLargeError(f"the text is longer than {MAX_TEXT_CHARS:,} characters; split it into parts")
        yield page
