"""Trees of XML and HTML parsed without trust: no entities, no network, no documents that describe themselves.

The one module that imports lxml; the others see an `Element`.
"""

import html
import re
from collections.abc import Iterator
from typing import IO, Protocol

from rag.errors import MalformedDocumentError

_ENCODING_ATTRIBUTE = re.compile(r"\A(\s*<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']")
_MAX_MESSAGE = 200


class Element(Protocol):
    """What is used of lxml's elements. A `tag` is "{namespace}name" in XML and "name" in HTML."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, key: str, default: str, /) -> str: ...
    def items(self) -> list[tuple[str, str]]: ...
    def iter(self, *tags: str) -> "Iterator[Element]": ...
    def itertext(self) -> Iterator[str]: ...
    def iterancestors(self, *tags: str) -> "Iterator[Element]": ...
    def find(self, path: str) -> "Element | None": ...
    def findall(self, path: str) -> "list[Element]": ...
    def iterfind(self, path: str) -> "Iterator[Element]": ...
    def findtext(self, path: str, default: str) -> str: ...
    def getparent(self) -> "Element | None": ...
    def remove(self, element: "Element") -> None: ...
    def clear(self) -> None: ...
    def __iter__(self) -> "Iterator[Element]": ...
    def __len__(self) -> int: ...


def name_of(element: Element) -> str:
    """Return the element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def parse_xml(data: bytes, what: str, *, repair: bool = False) -> Element:
    """Return the root of `data`; `what` names it in the MalformedDocumentError that is raised for bad XML.

    With `repair` what can be read of damaged XML is returned. Declared entities are refused in any case: they are how
    XML reads other files (XXE) and how it explodes (billion laughs).
    """
    from lxml import etree  # type: ignore[import-untyped]  # the wheel carries no types

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=repair,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(data, what, error.msg or "it is empty") from error
    except ValueError as error:
        raise MalformedDocumentError(f"{what} is no XML ({error}); save it anew") from error
    if root is None:
        raise MalformedDocumentError(f"{what} is no XML; open it and save it again")
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:
        raise _declares_entities(what)
    _fill_in_entities(root, etree.Entity)
    found: Element = root
    return found


def iterate_xml(file: IO[bytes], name: str, what: str) -> Iterator[Element]:
    """Yield the elements called `name`, in any namespace, of XML too long for a tree; each is emptied after its turn.

    Raises MalformedDocumentError where the XML ends to be well-formed; what came before has been yielded.
    """
    from lxml import etree

    events = etree.iterparse(
        file,
        events=("end",),
        tag=f"{{*}}{name}",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in events:
            yield element
            element.clear()
            parent = element.getparent()
            if parent is not None and len(parent) > 1:
                # Cleared elements would still pile up: a million of them are a gigabyte.
                parent.remove(next(iter(parent)))
    except etree.XMLSyntaxError as error:
        raise _syntax_error(b"", what, error.msg or "it is empty") from error


def parse_html(text: str) -> Element | None:
    """Return the root of an HTML text, however badly it is nested; None when there is nothing in it."""
    from lxml import etree

    # HTML has no entities that could explode; "huge" only means that 2,048 levels are read instead of 256.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    # A declaration of another encoding would be believed; the text is decoded already.
    data = _ENCODING_ATTRIBUTE.sub(r"\1", text, count=1).encode("utf-8", "replace")
    try:
        root: Element | None = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    return root


def _syntax_error(data: bytes, what: str, message: str) -> MalformedDocumentError:
    if b"<!ENTITY" in data or ("entit" in message.lower() and "loop" in message.lower()):
        return _declares_entities(what)
    return MalformedDocumentError(f"{what} is no well-formed XML: {message[:_MAX_MESSAGE]}; correct it and try again")


def _declares_entities(what: str) -> MalformedDocumentError:
    return MalformedDocumentError(f"{what} declares entities, which are not expanded for safety; save it without a DTD")


def _fill_in_entities(root: Element, entity_tag: str) -> None:
    """Put characters for the named entities (&nbsp;) of a DTD that was not loaded."""
    for node in list(root.iter(entity_tag)):
        parent = node.getparent()
        if parent is None:
            continue
        text = html.unescape(node.text or "") + (node.tail or "")
        node.tail = None
        before: Element | None = None
        for child in parent:
            if child is node:
                break
            before = child
        if before is None:
            parent.text = (parent.text or "") + text
        else:
            before.tail = (before.tail or "") + text
        parent.remove(node)
