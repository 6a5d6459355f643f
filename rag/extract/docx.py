"""DOCX: the body in reading order, with its notes and comments; page headers and footers are left out."""

from collections.abc import Iterator
from pathlib import Path

from rag.extract.docx_body import BodyWriter, read_notes
from rag.extract.docx_styles import read_numbering, read_styles
from rag.extract.format import Format, Reading, clean
from rag.extract.hypertext import picture_warnings
from rag.extract.ooxml import Package, W, open_package
from rag.types import Page

_LABEL = "DOCX"


def read(path: Path) -> Reading:
    """Read a DOCX as one page without a number: its pages exist only where it is printed."""
    with open_package(path, _LABEL) as package:
        reading = Reading(iter(()), title=clean(package.title()))

    def pages() -> Iterator[Page]:
        with open_package(path, _LABEL, reading.warnings) as package:
            yield Page(clean(_text(package)))

    reading.pages = pages()
    return reading


def _text(package: Package) -> str:
    main = package.main_part("word/document.xml")
    writer = BodyWriter(
        read_styles(package.optional_tree(package.related_of_kind(main, "styles"))),
        read_numbering(package.optional_tree(package.related_of_kind(main, "numbering"))),
        read_notes(package, main),
    )
    body = package.tree(main).find(f"{W}body")
    if body is not None:
        writer.write(body)
    package.warnings += picture_warnings(writer.pictures)
    if writer.embedded:
        package.warnings.append(f"{writer.embedded} embedded documents were left out")
    return writer.blocks.text()


def check(path: Path) -> None:
    """Refuse what is no DOCX, is encrypted, or would not be unpacked safely."""
    with open_package(path, _LABEL) as package:
        package.archive.part(package.main_part("word/document.xml"))


FORMAT = Format(
    name="docx",
    label=_LABEL,
    extensions=(".docx", ".docm", ".dotx"),
    read=read,
    check=check,
    magic=(b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    markup="markdown",
)
