"""RTF: text in the code page of its font, with headings, tables and footnotes."""

from collections.abc import Iterator
from pathlib import Path

from rag.errors import EmptyDocumentError
from rag.extract.format import Format, Reading, clean
from rag.extract.hypertext import picture_warnings
from rag.extract.rtf_parser import RtfParser
from rag.extract.text import read_bytes
from rag.types import Page

_MAGIC = b"{\\rtf"


def read(path: Path) -> Reading:
    """Read an RTF document as one page without a number."""
    data = read_bytes(path)
    parser = RtfParser(data[data.find(_MAGIC) :].decode("latin-1"))
    parser.run()
    reading = Reading(iter(()), title=clean(_whole(parser.title).strip()))
    if parser.depth > 0:
        reading.warnings.append("the RTF is cut off; a part of its text may be missing")
    reading.warnings += picture_warnings(parser.pictures)

    def pages() -> Iterator[Page]:
        yield Page(clean(_whole(parser.blocks.text())))

    reading.pages = pages()
    return reading


def _whole(text: str) -> str:
    """Join the characters that RTF writes in two halves (surrogates)."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def check(path: Path) -> None:
    """Refuse an RTF with nothing behind its first words."""
    if path.stat().st_size <= len(_MAGIC) + 1:
        raise EmptyDocumentError("the RTF is empty; save it again")


FORMAT = Format(
    name="rtf", label="RTF", extensions=(".rtf",), read=read, check=check, magic=(_MAGIC,), markup="markdown"
)
