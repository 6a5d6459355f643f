"""From a tree of HTML to Markdown: headings, lists, tables and preformatted text keep their shape."""

from dataclasses import dataclass, field

from rag.extract.blocks import Blocks, Cell, squeeze
from rag.extract.trees import Element, name_of

MAX_DEPTH = 200
MAX_SPAN = 100
_LONG_CELL = 2000
"""A cell of this many characters is a column of a layout rather than a value."""
_MAIN_SHARE = 0.3
"""A <main> with less of the page's text than this is not the page's content."""

_SKIPPED_TAGS = (
    "head script style noscript template svg iframe object embed applet canvas audio video map button"
    " select input textarea datalist progress meter annotation annotation-xml rp"
)
_SKIPPED = frozenset(_SKIPPED_TAGS.split())
_PICTURES = frozenset(["img", "image", "svg", "object", "embed", "video", "audio", "canvas", "iframe"])
_CHROME = frozenset(("nav", "footer", "aside", "menu", "dialog"))
_CHROME_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alert"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS_TAGS = (
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption"
    " figure footer form frameset header hgroup hr html legend main nav p section summary td th tr tbody"
    " thead tfoot table"
)
_BLOCKS = frozenset(_BLOCKS_TAGS.split())
_TRANSPARENT = frozenset(("thead", "tbody", "tfoot"))


@dataclass(slots=True)
class HypertextWriter:
    """Writes an HTML tree as Markdown into `blocks`. With `is_page` what surrounds a web page's content is left out."""

    is_page: bool = False
    blocks: Blocks = field(default_factory=Blocks)
    pictures: int = 0
    _line: list[str] = field(default_factory=list)
    _item: tuple[int, str] | None = None
    _lists: list[int | None] = field(default_factory=list)

    def write(self, root: Element) -> None:
        """Add the whole tree below `root`."""
        self._walk(root, 0)
        self._flush()

    def _walk(self, element: Element, depth: int) -> None:
        tag = name_of(element).lower()
        self.pictures += tag in _PICTURES
        if not self._is_left_out(element, tag):
            if depth > MAX_DEPTH:
                self._line.append(" ".join(element.itertext()))
            else:
                self._element(element, tag, depth)
        if element.tail:
            self._line.append(element.tail.replace("\n", " "))

    def _element(self, element: Element, tag: str, depth: int) -> None:
        if tag in _HEADINGS:
            self._heading(element, _HEADINGS[tag], depth)
        elif tag in ("ul", "ol"):
            self._list(element, tag, depth)
        elif tag == "li":
            self._list_item(element, depth)
        elif tag == "pre":
            self._flush()
            self.blocks.code("".join(element.itertext()))
        elif tag == "table":
            self._flush()
            self._table(element, depth)
        elif tag == "br":
            self._line.append("\n")
        elif tag in _BLOCKS:
            self._flush()
            self._children(element, depth)
            self._flush()
        else:
            self._children(element, depth)

    def _children(self, element: Element, depth: int) -> None:
        if element.text:
            self._line.append(element.text.replace("\n", " "))
        for child in element:
            self._walk(child, depth + 1)

    def _is_left_out(self, element: Element, tag: str) -> bool:
        if tag in _SKIPPED or element.get("hidden", "-") != "-" or element.get("aria-hidden", "") == "true":
            return True
        if "display:none" in element.get("style", "").replace(" ", "").lower():
            return True
        if not self.is_page:
            return False
        if tag == "header":
            return not _is_inside_content(element) and not any(True for _ in element.iter("h1"))
        is_chrome = tag in _CHROME or element.get("role", "") in _CHROME_ROLES
        return is_chrome and (tag == "nav" or not _is_inside_content(element))

    def _heading(self, element: Element, level: int, depth: int) -> None:
        self._flush()
        inner = HypertextWriter(self.is_page)
        inner._children(element, depth)
        inner._flush()
        self.pictures += inner.pictures
        self.blocks.heading(level, inner.blocks.text().replace("\n", " "))

    def _list(self, element: Element, tag: str, depth: int) -> None:
        self._flush()
        self._lists.append(_number(element.get("start", ""), 1) if tag == "ol" else None)
        self._children(element, depth)
        self._flush()
        self._lists.pop()

    def _list_item(self, element: Element, depth: int) -> None:
        self._flush()
        marker = "-"
        if self._lists and (count := self._lists[-1]) is not None:
            marker = f"{count}."
            self._lists[-1] = count + 1
        outer, self._item = self._item, (max(len(self._lists) - 1, 0), marker)
        self._children(element, depth)
        self._flush()
        self._item = outer

    def _table(self, element: Element, depth: int) -> None:
        caption = element.find("caption")
        if caption is not None:
            self.blocks.paragraph("".join(caption.itertext()))
        rows = [[self._cell(cell, depth) for cell in row] for row in rows_of(element)]
        texts = [cell.text for row in rows for cell in row]
        if any(len(text) > _LONG_CELL for text in texts) or element.get("role", "") in ("presentation", "none"):
            rows = [[cell] for row in rows for cell in row]
        self.blocks.grid(rows)

    def _cell(self, cell: "Element | None", depth: int) -> Cell:
        if cell is None:
            return Cell("")
        inner = HypertextWriter(self.is_page)
        inner._children(cell, depth + 3)
        inner._flush()
        self.pictures += inner.pictures
        is_rich = any(True for _ in cell.iter("table", "pre", *_HEADINGS))
        text = inner.blocks.text()
        return Cell(squeeze(text), inner.blocks if is_rich or len(text) > _LONG_CELL else None)

    def _flush(self) -> None:
        text = "".join(self._line)
        self._line.clear()
        if not text.strip():
            return
        if self._item is not None:
            depth, marker = self._item
            self.blocks.item(depth, text, marker)
            self._item = (depth, " " * len(marker))  # what follows in the same item is set below its first line
        else:
            self.blocks.paragraph(text)


def rows_of(table: Element) -> list[list["Element | None"]]:
    """Return the cells of a table, with None where a cell spans columns and the cell again where it spans rows."""
    rows: list[list[Element | None]] = []
    spanning: dict[int, tuple[Element, int]] = {}
    for row in _row_elements(table):
        cells: list[Element | None] = []
        todo = [cell for cell in row if name_of(cell).lower() in ("td", "th")]
        while todo or any(at >= len(cells) for at in spanning):
            if (above := spanning.pop(len(cells), None)) is not None:
                cell, left = above
                if left > 1:
                    spanning[len(cells)] = (cell, left - 1)
                cells.append(cell)
                continue
            if not todo:
                cells.append(None)
                continue
            cell = todo.pop(0)
            if (down := min(_number(cell.get("rowspan", ""), 1), MAX_SPAN)) > 1:
                spanning[len(cells)] = (cell, down - 1)
            cells += [cell, *[None] * (min(_number(cell.get("colspan", ""), 1), MAX_SPAN) - 1)]
        rows.append(cells)
    return rows


def _row_elements(table: Element) -> list[Element]:
    rows: list[Element] = []
    for child in table:
        tag = name_of(child).lower()
        if tag == "tr":
            rows.append(child)
        elif tag in _TRANSPARENT:
            rows += [row for row in child if name_of(row).lower() == "tr"]
    return rows


def _number(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 7 else default


def _is_inside_content(element: Element) -> bool:
    return any(True for _ in element.iterancestors("main", "article"))


def content_of(root: Element) -> Element:
    """Return the element that holds a web page's content: its <main> where that has a good part of the text."""
    body = root.find("body")
    whole = root if body is None else body
    mains = [
        element for element in whole.iter("main", "div") if element.tag == "main" or element.get("role", "") == "main"
    ]
    if len(mains) == 1 and _length(mains[0]) >= _MAIN_SHARE * _length(whole):
        return mains[0]
    return whole


def _length(element: Element) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def picture_warnings(pictures: int) -> list[str]:
    """Return the warning that pictures were left out, if there were any."""
    if not pictures:
        return []
    return ["1 picture was left out" if pictures == 1 else f"{pictures} pictures were left out"]
