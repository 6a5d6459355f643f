"""EPUB: the chapters in the order in which the book is read, each a page without a number."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from rag.errors import EncryptedDocumentError, MalformedDocumentError
from rag.extract.archive import Archive, kind_of, open_archive, refuse_other_kind
from rag.extract.blocks import squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.html import decode_html
from rag.extract.hypertext import HypertextWriter, picture_warnings
from rag.extract.trees import Element, name_of, parse_html, parse_xml
from rag.types import Page

_LABEL = "EPUB"
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are scrambled even in books that anybody may read.
_FONT_SCRAMBLING = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")
_CHAPTERS = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


@contextmanager
def _open(path: Path) -> Iterator[Archive]:
    with open_archive(path, _LABEL) as archive:
        if kind_of(archive)[1] != ".epub" and _CONTAINER not in archive.names:
            refuse_other_kind(archive)
        if _ENCRYPTION in archive.names:
            data = archive.part(_ENCRYPTION)
            scrambled = sum(data.count(name) for name in _FONT_SCRAMBLING)
            if data.count(b"EncryptedData>") > 2 * scrambled:
                raise EncryptedDocumentError("the EPUB is locked (DRM); upload a copy that is not")
        yield archive


def read(path: Path) -> Reading:
    """Read a book; a chapter that is damaged is left out with a warning."""
    with _open(path) as archive:
        package_name, package = _package(archive)
        title = next((squeeze(element.text or "") for element in _named(package, "title")), "")
        chapters = _chapters(package_name, package)
    reading = Reading(iter(()), title=clean(title))

    def pages() -> Iterator[Page]:
        pictures = 0
        with _open(path) as archive:
            for chapter in chapters:
                try:
                    root = _chapter(archive, chapter)
                except MalformedDocumentError as error:
                    reading.warnings.append(f"a chapter was left out: {error.message}")
                    continue
                writer = HypertextWriter()
                if root is not None:
                    writer.write(root)
                pictures += writer.pictures
                if writer.blocks:
                    yield Page(clean(writer.blocks.text()))
        reading.warnings += picture_warnings(pictures)

    reading.pages = pages()
    return reading


def _package(archive: Archive) -> tuple[str, Element]:
    """Return the part that lists all others, and its tree."""
    container = parse_xml(archive.part(_CONTAINER), f"{_CONTAINER!r} in the EPUB")
    for element in _named(container, "rootfile"):
        name = unquote(element.get("full-path", ""))
        return name, parse_xml(archive.part(name), f"{name!r} in the EPUB")
    raise MalformedDocumentError("the EPUB does not say where its book is; open it and save it again")


def _chapters(package_name: str, package: Element) -> list[str]:
    folder = posixpath.dirname(package_name)
    parts = {item.get("id", ""): item for item in _named(package, "item")}
    chapters: list[str] = []
    for reference in _named(package, "itemref"):
        item = parts.get(reference.get("idref", ""))
        if item is None or item.get("media-type", "") not in _CHAPTERS or "nav" in item.get("properties", "").split():
            continue
        chapters.append(posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "")))))
    return chapters


def _chapter(archive: Archive, name: str) -> Element | None:
    data = archive.part(name)
    try:
        root: Element | None = parse_xml(data, f"{name!r} in the EPUB")
    except MalformedDocumentError:
        # Many books hold HTML that only calls itself XHTML.
        root = parse_html(decode_html(data))
    return next(_named(root, "body"), root) if root is not None else None


def _named(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if name_of(element) == name)


def check(path: Path) -> None:
    """Refuse what is no EPUB, is locked, or would not be unpacked safely."""
    with _open(path) as archive:
        if not _chapters(*_package(archive)):
            raise MalformedDocumentError("the EPUB lists no chapters; open it and save it again")


FORMAT = Format(
    name="epub",
    label=_LABEL,
    extensions=(".epub",),
    read=read,
    check=check,
    magic=(b"PK\x03\x04",),
    markup="markdown",
)
