"""Reads one file in this process: for the isolated process, and for who trusts the file."""

from collections.abc import Iterator
from pathlib import Path

from rag.errors import DocumentTooLargeError, EmptyDocumentError
from rag.extract.format import MAX_TEXT_CHARS, Reading
from rag.extract.registry import format_named
from rag.types import Extraction, Page


def open_reading(path: Path, format_name: str) -> Reading:
    """Start to read the file; its pages come one by one, and raise once the text is too long."""
    reading = format_named(format_name).read(path)
    reading.pages = _bounded(reading.pages)
    return reading


def extract(path: Path, format_name: str) -> Extraction:
    """Read the whole file in this process; raises RagError. Files of strangers go through `extract_isolated`."""
    reading = open_reading(path, format_name)
    pages = tuple(reading.pages)
    return extraction_of(pages, reading.title, reading.warnings)


def extraction_of(pages: tuple[Page, ...], title: str, warnings: list[str]) -> Extraction:
    """Return what was read, or raise EmptyDocumentError where it is all blank."""
    if not any(page.text.strip() for page in pages):
        raise EmptyDocumentError("no text was found in the document; upload one that has text")
    return Extraction(pages, title=title, warnings=tuple(warnings))


def _bounded(pages: Iterator[Page]) -> Iterator[Page]:
    chars = 0
    for page in pages:
        chars += len(page.text)
        if chars > MAX_TEXT_CHARS:
            raise DocumentTooLargeError(f"the text is longer than {MAX_TEXT_CHARS:,} characters; split it into parts")
        yield page
