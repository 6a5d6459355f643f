"""Articles of journals in JATS, the XML of PubMed Central and many publishers."""

from collections.abc import Collection, Iterable, Iterator

from rag.extract.blocks import Blocks, Cell, squeeze
from rag.extract.hypertext import rows_of
from rag.extract.trees import Element, name_of

_MAX_DEPTH = 60
_LEFT_OUT_NAMES = (
    "journal-meta permissions history self-uri related-article custom-meta-group kwd-group contrib-group aff"
    " author-notes article-id article-categories pub-date counts funding-group elocation-id volume issue object-id"
    " supplementary-material graphic media inline-graphic title-group sub-article response"
)
_LEFT_OUT = frozenset(_LEFT_OUT_NAMES.split())
_SECTIONS = frozenset(("sec", "ack", "app", "ref-list", "fn-group", "boxed-text", "notes", "abstract"))
_PARAGRAPHS = frozenset(("p", "disp-formula", "disp-quote", "verse-group", "attrib", "license-p", "def", "term"))
_INLINE_NAMES = "bold italic sub sup sc monospace underline xref ext-link named-content styled-content email"
_INLINE = frozenset(_INLINE_NAMES.split())
_INSIDE_PARAGRAPHS = frozenset(("fig", "table-wrap", "list", "boxed-text", "fig-group", "table-wrap-group"))


def is_article(root: Element) -> bool:
    """Say whether the tree is an article in JATS."""
    return name_of(root) == "article" and any(name_of(child) in ("front", "body") for child in root)


def title_of_article(root: Element) -> str:
    """Return the article's title, or an empty string."""
    title = root.find("front/article-meta/title-group/article-title")
    return "" if title is None else _text(title)


def article_text(root: Element) -> str:
    """Return the article as Markdown: title, authors, abstract, sections, figures' captions, tables, references."""
    blocks = Blocks()
    blocks.heading(1, title_of_article(root))
    names = [
        f"{name.findtext('given-names', '')} {name.findtext('surname', '')}".strip()
        for name in root.iterfind("front/article-meta/contrib-group/contrib[@contrib-type='author']/name")
    ]
    if names:
        blocks.paragraph(f"Authors: {', '.join(names)}")
    for part in root:
        if name_of(part) in ("front", "body", "back"):
            _write(blocks, part, 1)
    for letter in root.iterfind("sub-article"):
        blocks.heading(2, letter.findtext("front-stub/title-group/article-title", "") or "Letter")
        body = letter.find("body")
        _write(blocks, () if body is None else body, 2)
    return blocks.text()


def _write(blocks: Blocks, elements: Iterable[Element], level: int) -> None:
    for child in elements:
        name = name_of(child)
        if name in _LEFT_OUT:
            continue
        if level > _MAX_DEPTH:
            blocks.paragraph(_text(child))
        elif name in ("title", "label"):
            blocks.heading(level, _text(child))
        elif name in _PARAGRAPHS:
            _paragraph(blocks, child, level)
        elif name == "list":
            _list(blocks, child, 0)
        elif name in ("fig", "table-wrap"):
            _float(blocks, child)
        elif name == "ref":
            blocks.item(0, _text(child))
        else:
            if name == "abstract" and child.find("title") is None:
                blocks.heading(level + 1, "Abstract")
            _write(blocks, child, level + (name in _SECTIONS))


def _paragraph(blocks: Blocks, paragraph: Element, level: int) -> None:
    """Add the text of a paragraph, then the lists, figures and tables that stand in it."""
    floats = [child for child in paragraph if name_of(child) in _INSIDE_PARAGRAPHS]
    blocks.paragraph(_text(paragraph, without=floats))
    _write(blocks, floats, level)


def _list(blocks: Blocks, element: Element, depth: int) -> None:
    for item in element.findall("list-item"):
        nested = [child for child in item if name_of(child) == "list"]
        blocks.item(depth, _text(item, without=nested))
        for inner in nested:
            if depth < _MAX_DEPTH:
                _list(blocks, inner, depth + 1)


def _float(blocks: Blocks, element: Element) -> None:
    label, caption = element.findtext("label", ""), element.find("caption")
    blocks.paragraph(f"{squeeze(label)} {'' if caption is None else _text(caption)}".strip())
    for table in element.iter("table"):
        blocks.grid([[Cell("" if cell is None else _text(cell)) for cell in row] for row in rows_of(table)])
    for foot in element.findall("table-wrap-foot"):
        blocks.paragraph(_text(foot))


def _text(element: Element, without: Collection[Element] = ()) -> str:
    """Return the text below `element` on one line; parts that are blocks are set apart by a space."""
    return squeeze("".join(_pieces(element, without, 0)))


def _pieces(element: Element, without: Collection[Element], depth: int) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child not in without and name_of(child) not in _LEFT_OUT and depth < _MAX_DEPTH:
            gap = "" if name_of(child) in _INLINE else " "
            yield gap
            yield from _pieces(child, without, depth + 1)
            yield gap
        yield child.tail or ""
