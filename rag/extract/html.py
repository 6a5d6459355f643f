"""HTML pages as they were saved: nothing that they refer to is fetched."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from rag.errors import EmptyDocumentError
from rag.extract.blocks import squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.hypertext import HypertextWriter, content_of, picture_warnings
from rag.extract.text import check, decode, read_bytes, utf16_codec
from rag.extract.trees import Element, parse_html
from rag.types import Page

_DECLARED_WITHIN = 4096
_DECLARATION = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
# What browsers make of these names: the larger code page that people's tools really wrote.
_ALIASES = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "big5": "cp950",
}


def read(path: Path) -> Reading:
    """Read an HTML file as one page without a number."""
    root = parse_html(clean(decode_html(read_bytes(path))))
    reading = Reading(iter(()), title=title_of(root))

    def pages() -> Iterator[Page]:
        if root is None:
            raise EmptyDocumentError("there is no element in the HTML; upload a page that has text")
        writer = HypertextWriter(is_page=True)
        writer.write(content_of(root))
        reading.warnings += picture_warnings(writer.pictures)
        text = writer.blocks.text()
        # The title is what people search a page by, and often stands nowhere else.
        is_told = reading.title.casefold() in text.casefold()
        yield Page(text if is_told or not text else f"{reading.title}\n\n{text}")

    reading.pages = pages()
    return reading


def title_of(root: Element | None) -> str:
    """Return the page's title, else its first heading, else an empty string."""
    if root is None:
        return ""
    for tag in ("title", "h1"):
        for element in root.iter(tag):
            if title := squeeze("".join(element.itertext())):
                return title
    return ""


def decode_html(data: bytes) -> str:
    """Return the text of a page: by its byte order mark, else by what it declares, else by how its bytes look."""
    head = data[:_DECLARED_WITHIN]
    if head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or utf16_codec(head):
        return decode(data)
    declared = _DECLARATION.search(head)
    codec = known_codec(declared.group(1).decode("ascii")) if declared else None
    if codec is None or codec.startswith("utf-16"):  # that declaration could not have been read from UTF-16
        return decode(data)
    if codec == "utf-8":
        return decode(data)
    return data.decode(codec, "replace")


def known_codec(label: str) -> str | None:
    """Return Python's name of the encoding that HTML and mail call `label`, or None when there is none."""
    try:
        found = codecs.lookup(label)
    except LookupError:
        return None
    if not found._is_text_encoding:
        return None
    return _ALIASES.get(found.name, found.name)


FORMAT = Format(
    name="html",
    label="HTML",
    extensions=(".html", ".htm", ".xhtml"),
    read=read,
    check=check,
    is_text=True,
    markup="markdown",
)
