"""Reads pictures of text with tesseract, where it is installed; it runs as shut in as the parsers do."""

import csv
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rag.errors import ParserCrashedError
from rag.extract.child import Request
from rag.extract.format import PICTURE_DPI, Picture, clean
from rag.extract.zygote import Zygote
from rag.types import Area, Box, Page

MAX_LANGUAGES = 4
"""Each language that is tried takes its time; English goes first, then those that are installed, by name."""
PAGE_TIMEOUT_S = 120.0
MEMORY_BYTES = 1 << 30

_LIST_TIMEOUT_S = 10.0
_ORIENTATION = "osd"
_MIN_CONFIDENCE = 20.0  # below, it is a stain or a drawing
_BETWEEN_LINES, _BETWEEN_PARAGRAPHS = "\n", "\n\n"


@dataclass(frozen=True, slots=True)
class Ocr:
    """An installed tesseract and the languages that it knows."""

    program: str
    languages: tuple[str, ...]

    def read(self, picture: Picture, *, number: int, zygote: Zygote) -> Page:
        """Return the text of a picture as the page `number`, with a box per paragraph; raises RagError."""
        # It turns pages that were scanned sideways if it has what it needs for that.
        mode = "1" if _ORIENTATION in self.languages else "3"
        spoken = [name for name in self.languages if name != _ORIENTATION]
        spoken.sort(key=lambda name: (name != "eng", name))
        argv = (self.program, "stdin", "stdout", "-l", "+".join(spoken[:MAX_LANGUAGES]), "--dpi", str(PICTURE_DPI))
        out = _run((*argv, "--psm", mode, "tsv"), _portable(picture), PAGE_TIMEOUT_S, zygote)
        return _page(out, picture, number)


def installed_ocr(zygote: Zygote) -> Ocr | None:
    """Return the tesseract of this machine, or None where there is none that knows a language."""
    program = shutil.which("tesseract")
    return _known(program, zygote) if program else None


@lru_cache(maxsize=1)
def _known(program: str, zygote: Zygote) -> Ocr | None:
    try:
        listing = _run((program, "--list-langs"), b"", _LIST_TIMEOUT_S, zygote)
    except ParserCrashedError:
        return None
    languages = tuple(line.strip() for line in listing.splitlines()[1:] if line.strip())
    return Ocr(program, languages) if set(languages) - {_ORIENTATION} else None


def _run(argv: Sequence[str], data: bytes, timeout_s: float, zygote: Zygote) -> str:
    """Return what the program says about `data`. Raises ParserCrashedError, or ExtractionTimeoutError."""
    document = os.memfd_create("picture")
    try:
        with open(document, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(document, 0, os.SEEK_SET)
        with zygote.parsing(Request("run", MEMORY_BYTES, timeout_s, argv=argv), document) as running:
            return b"".join(running.chunks()).decode("utf-8", "replace")
    finally:
        os.close(document)


def _portable(picture: Picture) -> bytes:
    """Return the picture as a portable graymap, the simplest format there is."""
    return b"P5 %d %d 255\n" % (picture.width, picture.height) + picture.pixels


def _page(table: str, picture: Picture, number: int) -> Page:
    text = io.StringIO()
    boxes: list[Box] = []
    for _, words in groupby(_words(table), key=lambda word: (word["block_num"], word["par_num"])):
        paragraph = list(words)
        lines = (
            " ".join(clean(word["text"]).strip() for word in line)
            for _, line in groupby(paragraph, key=lambda word: word["line_num"])
        )
        if text.tell():
            text.write(_BETWEEN_PARAGRAPHS)
        start = text.tell()
        text.write(_BETWEEN_LINES.join(lines))
        boxes.append(Box(start, text.tell(), _area(paragraph, picture)))
    return Page(text.getvalue(), number, tuple(boxes))


def _words(table: str) -> Iterator[dict[str, str]]:
    for word in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if word["level"] == "5" and (word["text"] or "").strip() and float(word["conf"]) >= _MIN_CONFIDENCE:
            yield word


def _area(words: Sequence[dict[str, str]], picture: Picture) -> Area:
    left = min(int(word["left"]) for word in words)
    top = min(int(word["top"]) for word in words)
    right = max(int(word["left"]) + int(word["width"]) for word in words)
    bottom = max(int(word["top"]) + int(word["height"]) for word in words)
    width, height = picture.width, picture.height
    return Area(
        *(round(min(max(edge, 0.0), 1.0), 4) for edge in (left / width, top / height, right / width, bottom / height))
    )
