"""How a number in a cell of XLSX is shown: as a date, a time, a percentage or a number."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from rag.extract.ooxml import S
from rag.extract.trees import Element

_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_BUILT_IN_PERCENTAGES = frozenset((9, 10))
# Quoted words, escaped characters, colours and conditions say nothing about the kind of a format.
_NOISE = re.compile(r"\"[^\"]*\"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_EPOCH = datetime(1899, 12, 30)
_EPOCH_1904 = datetime(1904, 1, 1)
_MAX_DAYS = 2_958_466
"""31 December 9999, the last day that a spreadsheet knows."""


@dataclass(frozen=True, slots=True)
class CellFormats:
    """The kinds of the workbook's cell formats by index: "date", "percent" or ""."""

    kinds: tuple[str, ...]
    epoch: datetime

    def shown(self, value: str, style: int) -> str:
        """Return the number `value` as the sheet shows it; what is no number is returned as it is."""
        try:
            number = float(value)
        except ValueError:
            return value
        kind = self.kinds[style] if style < len(self.kinds) else ""
        if kind == "date" and 0 <= number < _MAX_DAYS:
            return self._date(number)
        if kind == "percent":
            return f"{number * 100:.6g}%"
        # A float as people typed it: 0.1, not 0.10000000000000001.
        return f"{int(number)}" if number.is_integer() and abs(number) < 1e15 else f"{number:.15g}"

    def _date(self, number: float) -> str:
        moment = self.epoch + timedelta(seconds=round(number * 86400))
        if number < 1:
            return moment.strftime("%H:%M:%S")
        is_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
        return moment.date().isoformat() if is_midnight else moment.isoformat(" ", "seconds")


def read_formats(styles: Element | None, workbook: Element) -> CellFormats:
    """Return the formats that the cells refer to."""
    properties = workbook.find(f"{S}workbookPr")
    is_1904 = properties is not None and properties.get("date1904", "0") in ("1", "true")
    epoch = _EPOCH_1904 if is_1904 else _EPOCH
    if styles is None:
        return CellFormats((), epoch)
    codes = {element.get("numFmtId", ""): element.get("formatCode", "") for element in styles.iter(f"{S}numFmt")}
    formats = styles.find(f"{S}cellXfs")
    ids = [element.get("numFmtId", "0") for element in (() if formats is None else formats)]
    return CellFormats(tuple(kind_of(id_, codes.get(id_, "")) for id_ in ids), epoch)


def kind_of(id_: str, code: str) -> str:
    """Return "date", "percent" or "" for a number format."""
    if not code and id_.isdecimal():
        return "date" if int(id_) in _BUILT_IN_DATES else "percent" if int(id_) in _BUILT_IN_PERCENTAGES else ""
    bare = _NOISE.sub("", code.partition(";")[0])
    if "general" in bare.lower():
        return ""
    if "%" in bare:
        return "percent"
    return "date" if _DATE_LETTERS.search(bare) else ""
