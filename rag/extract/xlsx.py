"""XLSX: every visible sheet as tables, with the values that formulas had when the workbook was saved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.extract.blocks import MAX_COLUMNS
from rag.extract.format import Format, Reading, clean
from rag.extract.ooxml import Package, R, S, open_package
from rag.extract.sheets import Row, pages_of_sheet
from rag.extract.trees import Element, iterate_xml, name_of
from rag.extract.xlsx_values import CellFormats, read_formats
from rag.types import Page

_LABEL = "XLSX"
_MERGED = re.compile(rb"mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})[\"']")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{1,7}\Z")
_MERGES_WITHIN = 4 * 1024 * 1024
_MAX_MERGES = 50_000
_MAX_GAP = 2
"""Empty rows say no more than that there is a gap; a sheet may have a million of them."""

Merges = dict[int, list[tuple[int, int]]]
"""By the row they begin in: the column, and the last row, of cells that are merged downwards."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the workbook."""

    name: str
    part: str
    is_visible: bool


def read(path: Path) -> Reading:
    """Read a workbook; each table of a sheet is a page with the number of the sheet."""
    with open_package(path, _LABEL) as package:
        reading = Reading(iter(()), title=clean(package.title()))

    def pages() -> Iterator[Page]:
        with open_package(path, _LABEL, reading.warnings) as package:
            for page in _pages(package):
                yield Page(clean(page.text), page.number, rows=page.rows)

    reading.pages = pages()
    return reading


def _pages(package: Package) -> Iterator[Page]:
    main = package.main_part("xl/workbook.xml")
    workbook = package.tree(main)
    related = package.related_of_kind
    strings = read_strings(package, related(main, "sharedStrings"))
    formats = read_formats(package.optional_tree(related(main, "styles")), workbook)
    for number, sheet in enumerate(_sheets(package, main, workbook), start=1):
        if not sheet.is_visible:
            package.warnings.append(f"the hidden sheet {sheet.name!r} was left out")
        elif sheet.part in package.archive.names:
            reader = SheetReader(package, sheet.part, strings, formats)
            yield from pages_of_sheet(reader.rows(), heading=sheet.name, number=number)
            package.warnings += [f"sheet {sheet.name!r}: {warning}" for warning in reader.warnings()]
    if any(name.startswith(("xl/charts/", "xl/media/")) for name in package.archive.names):
        package.warnings.append("charts and pictures were left out")


def _sheets(package: Package, main: str, workbook: Element) -> list[Sheet]:
    parts = package.related(main)
    sheets: list[Sheet] = []
    for element in workbook.iter(f"{S}sheet"):
        part = parts.get(element.get(f"{R}id", ""))
        if part is not None and part.kind == "worksheet":
            is_visible = element.get("state", "visible") == "visible"
            sheets.append(Sheet(element.get("name", ""), part.name, is_visible))
    return sheets


def read_strings(package: Package, part: str | None) -> list[str]:
    """Return the strings that the cells share."""
    if part is None or part not in package.archive.names:
        return []
    with package.archive.opened(part) as file:
        return [_plain(item) for item in iterate_xml(file, "si", f"{part!r} in the {_LABEL}")]


def _plain(item: Element) -> str:
    # rPh is how a Japanese word is pronounced: it stands above the word, not in it.
    parts: list[str] = []
    for child in item:
        match name_of(child):
            case "t":
                parts.append(child.text or "")
            case "r":
                parts += [run.text or "" for run in child if name_of(run) == "t"]
    return "".join(parts)


@dataclass(slots=True)
class SheetReader:
    """Reads the rows of one sheet, from first to last, without holding them."""

    package: Package
    part: str
    strings: list[str]
    formats: CellFormats
    formulas_without_value: int = 0
    columns_left_out: bool = False

    def rows(self) -> Iterator[Row]:
        """Yield the rows; an empty one stands for every gap."""
        merges = self._merges()
        spanning: dict[int, tuple[str, int]] = {}
        last = 0
        with self.package.archive.opened(self.part) as file:
            for element in iterate_xml(file, "row", f"{self.part!r} in the {_LABEL}"):
                number = _number(element.get("r", ""), last + 1)
                yield from [()] * min(max(number - last - 1, 0), _MAX_GAP)
                last = number
                cells = self._cells(element)
                for column, (value, until) in list(spanning.items()):
                    if number > until:
                        del spanning[column]
                    elif not cells.get(column):
                        cells[column] = value
                for column, until in merges.get(number, ()):
                    spanning[column] = (cells.get(column, ""), until)
                yield [cells.get(column, "") for column in range(max(cells, default=-1) + 1)]

    def warnings(self) -> list[str]:
        """Return what was not read, once all rows were."""
        found: list[str] = []
        if self.formulas_without_value:
            found.append(
                f"{self.formulas_without_value} formulas have no stored value; "
                "open the workbook in a spreadsheet program, save it and upload it again"
            )
        if self.columns_left_out:
            found.append(f"columns after the first {MAX_COLUMNS:,} were left out")
        return found

    def _cells(self, row: Element) -> dict[int, str]:
        cells: dict[int, str] = {}
        column = -1
        for cell in row:
            reference = _REFERENCE.match(cell.get("r", ""))
            column = column_number(reference.group(1)) if reference else column + 1
            if column >= MAX_COLUMNS:
                self.columns_left_out = True
            elif value := self._value(cell):
                cells[column] = value
        return cells

    def _value(self, cell: Element) -> str:
        kind = cell.get("t", "n")
        has_formula = False
        for child in cell:
            match name_of(child):
                case "is":
                    return _plain(child)
                case "f":
                    has_formula = True
                case "v" if child.text:
                    return self._shown(child.text, kind, cell.get("s", ""))
        self.formulas_without_value += has_formula
        return ""

    def _shown(self, value: str, kind: str, style: str) -> str:
        match kind:
            case "s":
                index = _number(value, -1)
                return self.strings[index] if 0 <= index < len(self.strings) else ""
            case "b":
                return "TRUE" if value.strip() == "1" else "FALSE"
            case "n":
                return self.formats.shown(value, _number(style, 0))
            case _:
                return value

    def _merges(self) -> Merges:
        with self.package.archive.opened(self.part) as file:
            tail = b""
            while block := file.read(1 << 20):  # they stand behind all rows
                tail = (tail + block)[-_MERGES_WITHIN:]
        merges: Merges = {}
        for found in list(_MERGED.finditer(tail))[:_MAX_MERGES]:
            column, first, until = found.groups()
            if int(until) > int(first):
                merges.setdefault(int(first), []).append((column_number(column.decode()), int(until)))
        return merges


def column_number(letters: str) -> int:
    """Return 0 for "A", 26 for "AA"."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else default


def check(path: Path) -> None:
    """Refuse what is no XLSX, is encrypted, or would not be unpacked safely."""
    with open_package(path, _LABEL) as package:
        package.archive.part(package.main_part("xl/workbook.xml"))


FORMAT = Format(
    name="xlsx",
    label=_LABEL,
    extensions=(".xlsx", ".xlsm", ".xltx"),
    read=read,
    check=check,
    magic=(b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    markup="table",
)
