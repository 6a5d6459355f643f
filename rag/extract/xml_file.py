"""XML: articles in JATS are read as articles, any other document as lines of names and values."""

from collections.abc import Iterator
from pathlib import Path

from rag.extract.blocks import squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.html import title_of
from rag.extract.hypertext import HypertextWriter
from rag.extract.jats import article_text, is_article, title_of_article
from rag.extract.text import check, read_bytes
from rag.extract.trees import Element, name_of, parse_xml
from rag.types import Page

PARAGRAPHS_PER_PAGE = 500
_MAX_DEPTH = 100
_XHTML = "{http://www.w3.org/1999/xhtml}html"


def read(path: Path) -> Reading:
    """Read an XML file; each element below the root, or below its only child, is a paragraph."""
    root = parse_xml(read_bytes(path), "the file")
    if is_article(root):
        return Reading(iter([Page(clean(article_text(root)))]), title=clean(title_of_article(root)))
    if root.tag == _XHTML:
        writer = HypertextWriter(is_page=True)
        writer.write(root)
        return Reading(iter([Page(clean(writer.blocks.text()))]), title=title_of(root))
    return Reading(_pages(root))


def _pages(root: Element) -> Iterator[Page]:
    top = root
    while len(top) == 1 and len(next(iter(top))) > 0 and not _is_prose(top):
        top = next(iter(top))
    paragraphs: list[str] = []
    for lines in _paragraphs(top):
        if paragraph := "\n".join(lines):
            paragraphs.append(clean(paragraph))
        if len(paragraphs) == PARAGRAPHS_PER_PAGE:
            yield Page("\n\n".join(paragraphs))
            paragraphs = []
    if paragraphs:
        yield Page("\n\n".join(paragraphs))


def _paragraphs(top: Element) -> Iterator[Iterator[str]]:
    if _is_prose(top) or not len(top):
        yield _lines(top, 0)
        return
    yield _attributes(top, "")
    for child in top:
        yield _lines(child, 0)


def _lines(element: Element, depth: int) -> Iterator[str]:
    indent = "  " * depth
    name = name_of(element)
    if not len(element) or _is_prose(element) or depth >= _MAX_DEPTH:
        text = squeeze("".join(element.itertext()))
        attributes = list(_attributes(element, indent + "  "))
        if text or attributes:
            yield f"{indent}{name}: {text}".rstrip()
        yield from attributes
        return
    yield f"{indent}{name}:"
    yield from _attributes(element, indent + "  ")
    for child in element:
        yield from _lines(child, depth + 1)


def _attributes(element: Element, indent: str) -> Iterator[str]:
    for key, value in element.items():
        if value.strip() and not key.startswith("{"):
            yield f"{indent}{key}: {squeeze(value)}"


def _is_prose(element: Element) -> bool:
    """Say whether the element holds text between its children, as a paragraph with marked words does."""
    if len(element) and (element.text or "").strip():
        return True
    return any((child.tail or "").strip() for child in element)


FORMAT = Format(name="xml", label="XML", extensions=(".xml",), read=read, check=check, is_text=True, markup="markdown")
