"""PPTX: every slide is a page with its title, its texts, tables and diagrams, and the speaker's notes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.extract.blocks import Blocks, Cell, squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.hypertext import picture_warnings
from rag.extract.ooxml import A, P, Package, R, open_package
from rag.extract.trees import Element, name_of
from rag.types import Page

_LABEL = "PPTX"
_TITLES = ("title", "ctrTitle")
_REPEATED = ("dt", "ftr", "hdr")
"""Placeholders that say the same on every slide: it is kept once."""


def read(path: Path) -> Reading:
    """Read a presentation; the number of a page is the number of its slide."""
    with open_package(path, _LABEL) as package:
        slides = _slides(package)
        reading = Reading(iter(()), page_count=len(slides), title=clean(package.title()))

    def pages() -> Iterator[Page]:
        pictures = 0
        repeated: set[str] = set()
        with open_package(path, _LABEL, reading.warnings) as package:
            for number, slide in enumerate(slides, start=1):
                root = package.optional_tree(slide)
                if root is not None and root.get("show", "1") in ("0", "false"):
                    reading.warnings.append(f"the hidden slide {number} was left out")
                    root = None
                writer = SlideWriter(package, slide, repeated)
                if root is not None:
                    writer.write(root)
                    pictures += writer.pictures
                yield Page(clean(writer.blocks.text()), number)
        reading.warnings += picture_warnings(pictures)

    reading.pages = pages()
    return reading


def _slides(package: Package) -> list[str]:
    main = package.main_part("ppt/presentation.xml")
    parts = package.related(main)
    ids = [element.get(f"{R}id", "") for element in package.tree(main).iter(f"{P}sldId")]
    return [parts[id_].name for id_ in ids if id_ in parts]


@dataclass(slots=True)
class SlideWriter:
    """Writes one slide into `blocks`."""

    package: Package
    part: str
    repeated: set[str]
    blocks: Blocks = field(default_factory=Blocks)
    pictures: int = 0

    def write(self, root: Element) -> None:
        """Add the slide's title, its shapes in their order, its diagrams and its notes."""
        tree = root.find(f"{P}cSld/{P}spTree")
        shapes = [] if tree is None else list(_shapes(tree))
        titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
        for shape in titles:
            self.blocks.heading(2, " ".join(text for _, text in _paragraphs(shape)))
        for shape in shapes:
            if shape not in titles:
                self._shape(shape)
        related = self.package.related(self.part).values()
        for part in related:
            if part.kind == "diagramData":
                self._diagram(part.name)
        for part in related:
            if part.kind == "notesSlide":
                self._notes(part.name)

    def _shape(self, shape: Element) -> None:
        kind = _placeholder(shape)
        if kind == "sldNum" or (kind in _REPEATED and self._is_repeated(shape)):
            return
        self.pictures += name_of(shape) == "pic"
        for table in shape.iter(f"{A}tbl"):
            self.blocks.grid(_rows(table))
        paragraphs = _paragraphs(shape)
        is_list = kind in ("body", "obj") and len(paragraphs) > 1
        for level, text in paragraphs:
            if is_list or level:
                self.blocks.item(level, text)
            else:
                self.blocks.paragraph(text)

    def _is_repeated(self, shape: Element) -> bool:
        text = " ".join(text for _, text in _paragraphs(shape))
        if text in self.repeated:
            return True
        self.repeated.add(text)
        return False

    def _diagram(self, name: str) -> None:
        root = self.package.optional_tree(name)
        for paragraph in () if root is None else root.iter(f"{A}p"):
            self.blocks.item(0, _text(paragraph))

    def _notes(self, name: str) -> None:
        root = self.package.optional_tree(name)
        tree = None if root is None else root.find(f"{P}cSld/{P}spTree")
        for shape in () if tree is None else _shapes(tree):
            if _placeholder(shape) == "body" and (texts := [text for _, text in _paragraphs(shape) if text]):
                self.blocks.paragraph("Notes: " + "\n".join(texts))


def _shapes(container: Element) -> Iterator[Element]:
    """Yield the shapes, those of nested groups as well, in the order in which they were drawn."""
    for child in container:
        match name_of(child):
            case "grpSp":
                yield from _shapes(child)
            case "AlternateContent":
                for choice in list(child)[:1]:
                    yield from _shapes(choice)
            case "sp" | "pic" | "graphicFrame" | "cxnSp":
                yield child


def _placeholder(shape: Element) -> str:
    """Return what the shape holds the place of; "obj" is content, "" a shape of its own."""
    for properties in shape:
        found = properties.find(f"{P}nvPr/{P}ph")
        if found is not None:
            return found.get("type", "obj")
    return ""


def _paragraphs(shape: Element) -> list[tuple[int, str]]:
    body = shape.find(f"{P}txBody")
    found: list[tuple[int, str]] = []
    for paragraph in () if body is None else body.findall(f"{A}p"):
        properties = paragraph.find(f"{A}pPr")
        level = "0" if properties is None else properties.get("lvl", "0")
        if text := _text(paragraph).strip():
            found.append((int(level) if level.isdecimal() and len(level) < 3 else 0, text))
    return found


def _text(paragraph: Element) -> str:
    parts: list[str] = []
    for element in paragraph.iter():
        match name_of(element):
            case "t":
                parts.append(element.text or "")
            case "br":
                parts.append("\n")
            case "tab":
                parts.append(" ")
    return "".join(parts)


def _rows(table: Element) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for row in table.findall(f"{A}tr"):
        above = rows[-1] if rows else []
        cells: list[Cell] = []
        for cell in row.findall(f"{A}tc"):
            if cell.get("vMerge", "0") in ("1", "true"):
                cells.append(above[len(cells)] if len(cells) < len(above) else Cell(""))
            elif cell.get("hMerge", "0") in ("1", "true"):
                cells.append(Cell(""))
            else:
                cells.append(Cell(squeeze(" ".join(_text(paragraph) for paragraph in cell.iter(f"{A}p")))))
        rows.append(cells)
    return rows


def check(path: Path) -> None:
    """Refuse what is no PPTX, is encrypted, or would not be unpacked safely."""
    with open_package(path, _LABEL) as package:
        package.archive.part(package.main_part("ppt/presentation.xml"))


FORMAT = Format(
    name="pptx",
    label=_LABEL,
    extensions=(".pptx", ".pptm", ".ppsx", ".potx"),
    read=read,
    check=check,
    magic=(b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    markup="markdown",
)
