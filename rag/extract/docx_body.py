"""Writes the body of a DOCX as Markdown: paragraphs, lists, tables, notes, comments, formulas and text boxes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rag.extract.blocks import Blocks, Cell, squeeze
from rag.extract.docx_styles import Numbering, NumberingOf, Style, numbering_of, outline_level, style_of_id
from rag.extract.formula import formula_text
from rag.extract.ooxml import A, M, Package, W
from rag.extract.trees import Element, name_of

_MAX_NESTED = 25
_MAX_SPAN = 100
# Containers whose children count as if they stood in their place.
_TRANSPARENT = frozenset(
    f"{W}{name}"
    for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "hyperlink", "fldSimple", "r")
) | {f"{W}ruby", f"{W}rubyBase", f"{W}dir", f"{W}bdo"}
_CHARACTERS = {
    f"{W}tab": " ",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
    f"{W}ptab": " ",
}
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}

Notes = Mapping[tuple[str, str], tuple[str, Element]]
"""By kind and id: what stands before the note, and its element."""


def read_notes(package: Package, main: str) -> Notes:
    """Return the foot- and endnotes and the comments of the document."""
    found: dict[tuple[str, str], tuple[str, Element]] = {}
    for part in package.related(main).values():
        kind = part.kind.removesuffix("s")
        if kind not in ("footnote", "endnote", "comment"):
            continue
        root = package.optional_tree(part.name)
        for note in () if root is None else root.findall(f"{W}{kind}"):
            id_, author = note.get(f"{W}id", ""), squeeze(note.get(f"{W}author", ""))
            before = {"footnote": f"[^{id_}]: ", "endnote": f"[^e{id_}]: "}.get(kind, f"Comment ({author or '?'}): ")
            found[kind, id_] = (before, note)
    return found


@dataclass(slots=True)
class BodyWriter:
    """Writes block elements into `blocks`; counts the pictures and the embedded documents it leaves out."""

    styles: Mapping[str, Style]
    numbering: Numbering
    notes: Notes
    depth: int = 0
    blocks: Blocks = field(default_factory=Blocks)
    pictures: int = 0
    embedded: int = 0
    _pending_notes: list[tuple[str, str]] = field(default_factory=list)
    _boxes: list[Element] = field(default_factory=list)

    def write(self, container: Element) -> None:
        """Add all blocks in `container`, in order."""
        for child in container:
            if child.tag == f"{W}p":
                self._paragraph(child)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif child.tag in _TRANSPARENT:
                self.write(child)
            elif name_of(child) == "AlternateContent":
                self.write(_chosen(child))
            elif child.tag == f"{W}altChunk":
                self.embedded += 1
            self._write_aside()

    def _write_aside(self) -> None:
        """Add the text boxes and notes that the last block referred to: they are cut into the same chunk."""
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.write(box)
        pending, self._pending_notes = self._pending_notes, []
        for key in dict.fromkeys(pending):
            if key in self.notes and self.depth < _MAX_NESTED:
                before, note = self.notes[key]
                inner = self._nested(note)
                if text := squeeze(inner.blocks.text()):
                    self.blocks.paragraph(before + text)

    def _paragraph(self, element: Element) -> None:
        properties = element.find(f"{W}pPr")
        name = None if properties is None else properties.find(f"{W}pStyle")
        id_ = "" if name is None else name.get(f"{W}val", "")
        style = self.styles.get(id_) or style_of_id(id_)
        text = "".join(self._inline(element))
        if style.is_contents or not text.strip():
            return
        numbering = numbering_of(properties) or style.numbering
        marker = self._marker(numbering)
        if heading := style.heading or outline_level(properties):
            self.blocks.heading(heading, text if marker in ("", "-") else f"{marker} {text}")
        elif marker and numbering is not None:
            self.blocks.item(numbering[1], text, marker)
        else:
            self.blocks.paragraph(text)

    def _marker(self, numbering: NumberingOf | None) -> str:
        return self.numbering.marker(numbering) if numbering is not None and numbering[0] not in ("", "0") else ""

    def _inline(self, element: Element) -> Iterator[str]:
        for child in element:
            tag = child.tag
            if tag == f"{W}t":
                yield child.text or ""
            elif tag in _CHARACTERS:
                yield _CHARACTERS[tag]
            elif tag == f"{W}r":
                if child.find(f"{W}rPr/{W}vanish") is None:
                    yield from self._inline(child)
            elif tag in _TRANSPARENT:
                yield from self._inline(child)
            elif tag in (f"{M}oMath", f"{M}oMathPara"):
                yield f" {formula_text(child)} "
            elif name_of(child) == "AlternateContent":
                yield from self._inline(_chosen(child))
            else:
                yield self._reference(child)

    def _reference(self, element: Element) -> str:
        """Note what the element stands for, and return what is written in its place."""
        tag = element.tag
        if kind := _NOTES.get(tag):
            id_ = element.get(f"{W}id", "")
            self._pending_notes.append((kind, id_))
            return f"[^{id_}]" if kind == "footnote" else f"[^e{id_}]"
        if tag == f"{W}commentReference":
            self._pending_notes.append(("comment", element.get(f"{W}id", "")))
        elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
            self._boxes += _outermost_boxes(element)
            self.pictures += sum(name_of(inner) in ("blip", "imagedata") for inner in element.iter())
            self.embedded += tag == f"{W}object"
            # Diagrams and shapes keep their words elsewhere or as DrawingML, not in a text box.
            return " ".join(inner.text or "" for inner in element.iter(f"{A}t"))
        return ""

    def _table(self, table: Element) -> None:
        if self.depth >= _MAX_NESTED:
            self.blocks.paragraph(" ".join(text.text or "" for text in table.iter(f"{W}t")))
            return
        above: list[Cell] = []
        rows: list[list[Cell]] = []
        for row in _children(table, f"{W}tr"):
            above = self._row(row, above)
            rows.append(above)
        self.blocks.grid(rows)

    def _row(self, row: Element, above: list[Cell]) -> list[Cell]:
        before = row.find(f"{W}trPr/{W}gridBefore")
        cells = [Cell("")] * (0 if before is None else _span(before))
        for cell in _children(row, f"{W}tc"):
            properties = cell.find(f"{W}tcPr")
            merge = None if properties is None else properties.find(f"{W}vMerge")
            if merge is not None and merge.get(f"{W}val", "continue") == "continue":
                cells.append(Cell(above[len(cells)].text) if len(cells) < len(above) else Cell(""))
            else:
                cells.append(self._cell(cell))
            span = None if properties is None else properties.find(f"{W}gridSpan")
            cells += [Cell("")] * ((1 if span is None else _span(span)) - 1)
        return cells

    def _cell(self, cell: Element) -> Cell:
        inner = self._nested(cell)
        is_rich = any(child.tag == f"{W}tbl" for child in cell) or cell.find(f"{W}sdt//{W}tbl") is not None
        return Cell(squeeze(inner.blocks.text()), inner.blocks if is_rich else None)

    def _nested(self, container: Element) -> "BodyWriter":
        inner = BodyWriter(self.styles, self.numbering, self.notes, self.depth + 1)
        inner.write(container)
        self.pictures += inner.pictures
        self.embedded += inner.embedded
        return inner


def _children(element: Element, tag: str) -> Iterator[Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _TRANSPARENT:
            yield from _children(child, tag)


def _span(element: Element) -> int:
    value = element.get(f"{W}val", "1")
    return max(min(int(value), _MAX_SPAN), 1) if value.isdecimal() and len(value) < 7 else 1


def _chosen(alternatives: Element) -> Element:
    """Return the first of the ways in which the same content is given."""
    return next(iter(alternatives), alternatives)


def _outermost_boxes(element: Element) -> list[Element]:
    boxes: list[Element] = []
    for child in element:
        if child.tag == f"{W}txbxContent":
            boxes.append(child)
        elif name_of(child) == "AlternateContent":
            boxes += _outermost_boxes(_chosen(child))
        else:
            boxes += _outermost_boxes(child)
    return boxes
