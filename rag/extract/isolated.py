"""Reads a stranger's file in a process of its own, so that a bomb or a broken parser takes nothing else with it."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from rag.errors import MalformedDocumentError, ParserCrashedError, RagError, UnsupportedFormatError
from rag.extract.child import Request
from rag.extract.format import HEAD_BYTES, Format, Picture, Reading
from rag.extract.lines import Line, page_of, parsed, picture_of, unexpected
from rag.extract.ocr import Ocr, installed_ocr
from rag.extract.reader import bounded, extraction_of
from rag.extract.registry import format_named, formats
from rag.extract.sniff import sniff
from rag.extract.zygote import ZYGOTE, Zygote, ZygoteEndedError
from rag.types import Extraction, Page

TIMEOUT_S = 60.0
CHECK_TIMEOUT_S = 10.0
DRAW_TIMEOUT_S = 20.0
MEMORY_BYTES = 1 << 30
_TRIES = 2

OnPage = Callable[[int, int | None], None]
"""Called with the pages read so far and their total, which is None where the format does not know it."""


def extract_isolated(
    path: Path,
    format_name: str,
    *,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
    on_page: OnPage | None = None,
    zygote: Zygote = ZYGOTE,
) -> Extraction:
    """Read the file in a process with limits; raises the RagError that stands for what went wrong there.

    Pages that are pictures of text are read with tesseract where it is installed; each has its own time for that.
    """
    request = Request("read", memory_bytes, timeout_s, format_name)
    with _opened(path) as document:
        for _ in range(_TRIES):
            try:
                reading = Reading(iter(()))
                pages = list(_pages(request, document, zygote, reading, on_page))
                _read_scans(request, document, zygote, reading, pages, on_page)
            except ZygoteEndedError:
                continue
            return extraction_of(
                pages, title=reading.title, warnings=reading.warnings, language=reading.language, unread=reading.scans
            )
    raise ParserCrashedError("the processes that read documents are being ended from outside; try again")


def validate_upload(path: Path, name: str, *, zygote: Zygote = ZYGOTE) -> Format:
    """Return the format of an uploaded file, or raise the error (all of them 4xx) that refuses it at once.

    `path` is where the bytes lie, `name` is what the person called them. Scanned PDFs pass: what is to become of them
    is decided when they are read.
    """
    with path.open("rb") as file:
        fmt = sniff(name, file.read(HEAD_BYTES))
    request = Request("check", MEMORY_BYTES, CHECK_TIMEOUT_S, fmt.name)
    with _opened(path) as document:
        for _ in range(_TRIES):
            try:
                with zygote.parsing(request, document) as parsing:
                    for line in parsed(parsing.lines()):
                        unexpected(line)
            except ZygoteEndedError:
                continue
            return fmt
    raise ParserCrashedError("the processes that check documents are being ended from outside; try again")


def draw_page(path: Path, format_name: str, number: int, *, width: int, zygote: Zygote = ZYGOTE) -> Picture:
    """Return a page as it is printed, `width` pixels wide, or less where it is very high; raises RagError.

    The file is drawn in a process with limits, as it is read in one.
    """
    if not can_draw(format_name):
        raise UnsupportedFormatError(f"no page of a {format_name!r} document can be drawn; show its text")
    request = Request("draw", MEMORY_BYTES, DRAW_TIMEOUT_S, format_name, page=number, width=width)
    with _opened(path) as document:
        for _ in range(_TRIES):
            with suppress(ZygoteEndedError):
                return _picture(request, document, zygote)
    raise ParserCrashedError("the processes that draw documents are being ended from outside; try again")


def can_draw(format_name: str) -> bool:
    """Whether documents of this format have pages that can be shown as they are printed."""
    return any(fmt.name == format_name and fmt.draw is not None for fmt in formats())


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    # A pipe or a device would keep the caller waiting here, where no clock runs.
    document = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(document).st_mode):
            raise MalformedDocumentError(f"{path.name!r} is not a file; upload a document")
        yield document
    finally:
        os.close(document)


def _pages(request: Request, document: int, zygote: Zygote, reading: Reading, on_page: OnPage | None) -> Iterator[Page]:
    """Yield the pages that a parser reads, and fill `reading` with what else it says."""
    with zygote.parsing(request, document) as parsing:
        lines = parsed(parsing.lines())
        _take_head(next(lines, None), reading)
        done = 0
        for page in bounded(_told(lines, reading)):
            is_read = not reading.scans or reading.scans[-1] != page.number or installed_ocr(zygote) is None
            done += is_read
            if is_read and on_page is not None:
                on_page(done, reading.page_count)
            yield page


def _take_head(line: Line | None, reading: Reading) -> None:
    match line:
        case {"page_count": int() | None as page_count, "title": str(title)}:
            reading.page_count, reading.title = page_count, title
        case None:
            raise ParserCrashedError("the parser ended before it had begun; the document is broken")
        case _:
            unexpected(line)


def _told(lines: Iterator[Line], reading: Reading) -> Iterator[Page]:
    is_complete = False
    for line in lines:
        match line:
            case {"page": number, "scan": bool(is_scan)} if not is_complete:
                if is_scan and isinstance(number, int):
                    reading.scans.append(number)
                yield page_of(line)
            case {"warnings": list(warnings), "language": str(language)} if not is_complete:
                reading.warnings = [str(warning) for warning in warnings]
                reading.language = language
                is_complete = True
            case _:
                unexpected(line)
    if not is_complete:
        raise ParserCrashedError("the parser ended before the document did; the document is broken")


def _read_scans(
    request: Request, document: int, zygote: Zygote, reading: Reading, pages: list[Page], on_page: OnPage | None
) -> None:
    """Put what is written in the pictures into `pages`, one by one; what has no text gets a warning."""
    ocr = installed_ocr(zygote) if reading.scans and format_named(request.format_name).render else None
    if ocr is None:
        return
    for done, number in enumerate(reading.scans, start=len(pages) - len(reading.scans) + 1):
        index = next(index for index, page in enumerate(pages) if page.number == number)
        try:
            page = _scanned(replace(request, task="render", page=number), document, zygote, ocr)
        except RagError as error:
            reading.warnings.append(f"page {number} is a picture that could not be read: {error.message}")
        else:
            if page.text:
                pages[index] = page
            elif not pages[index].text:
                reading.warnings.append(f"page {number} is a picture in which no text was found")
        if on_page is not None:
            on_page(done, reading.page_count)
    reading.scans = []


def _scanned(request: Request, document: int, zygote: Zygote, ocr: Ocr) -> Page:
    return ocr.read(_picture(request, document, zygote), number=request.page, zygote=zygote)


def _picture(request: Request, document: int, zygote: Zygote) -> Picture:
    with zygote.parsing(request, document) as parsing:
        return picture_of(b"".join(parsing.chunks()))
