"""Writes the content of an OpenDocument file as Markdown."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.extract.blocks import Blocks, Cell, squeeze
from rag.extract.trees import Element, name_of

_PREFIX = "urn:oasis:names:tc:opendocument:xmlns"
OFFICE = f"{{{_PREFIX}:office:1.0}}"
TEXT = f"{{{_PREFIX}:text:1.0}}"
TABLE = f"{{{_PREFIX}:table:1.0}}"
DRAW = f"{{{_PREFIX}:drawing:1.0}}"
PRESENTATION = f"{{{_PREFIX}:presentation:1.0}}"

MAX_DEPTH = 60
_MAX_SPAN = 100
_MAX_SPACES = 1000
_LEFT_OUT = frozenset(
    (f"{TEXT}tracked-changes", f"{TEXT}table-of-content", f"{TEXT}sequence-decls", f"{TEXT}ruby-text", f"{OFFICE}forms")
)
_FRAMES = frozenset(
    f"{DRAW}{name}" for name in ("frame", "text-box", "g", "a", "custom-shape", "rect", "ellipse", "line")
)
_ASIDES = frozenset((f"{OFFICE}annotation", f"{TEXT}note"))
_CONTAINERS = frozenset(f"{TEXT}{name}" for name in ("section", "index-body", "bibliography", "illustration-index"))
_ROW_GROUPS = frozenset(f"{TABLE}{name}" for name in ("table-header-rows", "table-rows", "table-row-group"))
_PICTURES = frozenset((f"{DRAW}image", f"{DRAW}object", f"{DRAW}object-ole", f"{DRAW}plugin"))


def repeated(element: Element, what: str) -> int:
    """Return how many times a cell ("columns") or row ("rows") is repeated; at least once."""
    count = element.get(f"{TABLE}number-{what}-repeated", "1")
    return max(int(count[:7]), 1) if count.isdecimal() else 1


def text_of(element: Element) -> str:
    """Return the text in all paragraphs below `element` on one line, without comments."""
    writer = BodyWriter()
    for paragraph in element.iter(f"{TEXT}p", f"{TEXT}h"):
        if not _is_aside(paragraph, element):
            writer.blocks.paragraph("".join(writer.inline(paragraph, 0)))
    return squeeze(writer.blocks.text())


def _is_aside(paragraph: Element, within: Element) -> bool:
    for ancestor in paragraph.iterancestors():
        if ancestor is within:
            return False
        if ancestor.tag in _ASIDES:
            return True
    return False


@dataclass(slots=True)
class BodyWriter:
    """Writes block elements into `blocks` and counts the pictures and embedded objects it leaves out."""

    blocks: Blocks = field(default_factory=Blocks)
    pictures: int = 0
    is_cell: bool = False
    _aside: list[str] = field(default_factory=list)
    _frames: list[Element] = field(default_factory=list)

    def write(self, container: Element, depth: int = 0) -> None:
        """Add all blocks in `container`, in order."""
        for child in container:
            self.write_one(child, depth)

    def write_one(self, element: Element, depth: int) -> None:
        """Add one block."""
        tag = element.tag
        if tag in _LEFT_OUT:
            return
        if depth > MAX_DEPTH:
            self.blocks.paragraph(" ".join(element.itertext()))
        elif tag == f"{TEXT}h":
            level = element.get(f"{TEXT}outline-level", "1")
            self.blocks.heading(int(level) if level.isdecimal() else 1, self._line(element))
        elif tag == f"{TEXT}p":
            self.blocks.paragraph(self._line(element))
        elif tag == f"{TEXT}list":
            self._list(element, 0)
        elif tag == f"{TABLE}table":
            self.blocks.grid(self._rows(element, depth))
        elif tag in _CONTAINERS:
            self.write(element, depth + 1)
        else:
            self.shape(element, depth)
        self._write_aside(depth)

    def shape(self, element: Element, depth: int = 0) -> None:
        """Add the text in a frame or a drawn shape."""
        self.pictures += element.tag in _PICTURES
        if element.tag in _PICTURES or name_of(element) in ("thumbnail", "page-thumbnail"):
            return
        if element.tag in _FRAMES or element.tag.startswith(DRAW):
            # A table in a slide brings its picture along, an object its preview: the first child is what counts.
            children = list(element)
            if any(child.tag == f"{TABLE}table" for child in children):
                children = [child for child in children if child.tag not in _PICTURES]
            for child in children[:1] if element.tag == f"{DRAW}frame" and len(children) > 1 else children:
                if child.tag.startswith((TEXT, TABLE)):
                    self.write_one(child, depth + 1)
                elif depth <= MAX_DEPTH:
                    self.shape(child, depth + 1)

    def _line(self, paragraph: Element) -> str:
        return "".join(self.inline(paragraph, 0))

    def inline(self, element: Element, depth: int) -> Iterator[str]:
        """Yield the text of a paragraph; its notes, comments and frames are kept for after it."""
        yield element.text or ""
        for child in element:
            match name_of(child):
                case "s" if child.tag == f"{TEXT}s":
                    count = child.get(f"{TEXT}c", "1")
                    yield " " * min(int(count[:5]) if count.isdecimal() else 1, _MAX_SPACES)
                case "tab":
                    yield " "
                case "line-break":
                    yield "\n"
                case "note":
                    yield self._note(child)
                case "annotation":
                    self._aside.append(f"Comment ({child.findtext('{*}creator', '') or '?'}): {text_of(child)}")
                case "ruby-text" | "annotation-end":
                    pass
                case _ if child.tag.startswith(DRAW) and child.tag != f"{DRAW}a":
                    self._frames.append(child)
                case _ if depth < MAX_DEPTH:
                    yield from self.inline(child, depth + 1)
            yield child.tail or ""

    def _note(self, note: Element) -> str:
        id_ = note.findtext(f"{TEXT}note-citation", "").strip()
        mark = f"[^e{id_}]" if note.get(f"{TEXT}note-class", "") == "endnote" else f"[^{id_}]"
        body = note.find(f"{TEXT}note-body")
        if body is not None:
            inner = BodyWriter()
            inner.write(body, MAX_DEPTH // 2)
            self._aside.append(f"{mark}: {squeeze(inner.blocks.text())}")
        return mark

    def _write_aside(self, depth: int) -> None:
        frames, self._frames = self._frames, []
        for frame in frames:
            self.shape(frame, depth + 1)
        aside, self._aside = self._aside, []
        for text in aside:
            self.blocks.paragraph(text)

    def _list(self, element: Element, depth: int) -> None:
        for item in element:
            is_first = True
            for child in item:
                if child.tag == f"{TEXT}list":
                    if depth < MAX_DEPTH:
                        self._list(child, depth + 1)
                elif child.tag == f"{TEXT}h":
                    self.write_one(child, depth)
                elif child.tag == f"{TEXT}p":
                    marker = "" if self.is_cell else "-" if is_first else " "
                    self.blocks.item(depth, self._line(child), marker)
                    is_first = False
                    self._write_aside(depth)
                else:
                    self.shape(child, depth)

    def _rows(self, table: Element, depth: int) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        spanning: dict[int, tuple[str, int]] = {}
        for row in _rows_of(table):
            cells: list[Cell] = []
            for cell in row:
                above, left = spanning.get(len(cells), ("", 0))
                if left:
                    spanning[len(cells)] = (above, left - 1)
                if cell.tag == f"{TABLE}covered-table-cell":
                    cells += [Cell(above if left else "")] * min(repeated(cell, "columns"), _MAX_SPAN)
                elif cell.tag == f"{TABLE}table-cell":
                    found = self._cell(cell, depth)
                    if (down := rows_spanned(cell)) > 1:
                        spanning[len(cells)] = (found.text, down - 1)
                    cells += [found] * min(repeated(cell, "columns"), _MAX_SPAN)
            rows += [cells] * min(repeated(row, "rows"), _MAX_SPAN)
        return rows

    def _cell(self, cell: Element, depth: int) -> Cell:
        inner = BodyWriter(is_cell=True)
        inner.write(cell, depth + 1)
        self.pictures += inner.pictures
        is_rich = any(child.tag == f"{TABLE}table" for child in cell)
        return Cell(squeeze(inner.blocks.text()), inner.blocks if is_rich else None)


def rows_spanned(cell: Element) -> int:
    """Return over how many rows a cell reaches."""
    span = cell.get(f"{TABLE}number-rows-spanned", "1")
    return int(span[:7]) if span.isdecimal() else 1


def _rows_of(table: Element) -> Iterator[Element]:
    """Yield the rows of the table, also those in header and row groups, but not those of tables in its cells."""
    for child in table:
        if child.tag == f"{TABLE}table-row":
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _rows_of(child)
