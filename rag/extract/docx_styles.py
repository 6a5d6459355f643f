"""What the styles and the numbering of a DOCX say about a paragraph: heading, list item, its number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.extract.ooxml import W
from rag.extract.trees import Element

_HEADING_NAME = re.compile(r"heading\s*([1-9])\Z", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%([1-9])")
_MAX_BASES = 20
_LEVELS = 9
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_UNITS = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
NumberingOf = tuple[str, int]
"""The id of a numbering and the level in it, from 0."""


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph's style with what it inherits; `heading` is 0 for body text."""

    heading: int = 0
    numbering: NumberingOf | None = None
    is_contents: bool = False


def read_styles(root: Element | None) -> dict[str, Style]:
    """Return the paragraph styles by id."""
    raw = {style.get(f"{W}styleId", ""): style for style in (() if root is None else root.iter(f"{W}style"))}
    return {id_: _style(id_, raw) for id_ in raw}


def style_of_id(id_: str) -> Style:
    """Return what the id of a style that is not defined tells by itself: Word calls headings Heading1."""
    return Style(heading=_heading_of_name(id_))


def _style(id_: str, raw: Mapping[str, Element]) -> Style:
    heading, numbering, is_contents = 0, None, False
    for _ in range(_MAX_BASES):
        element = raw.get(id_)
        if element is None:
            break
        name = _value(element.find(f"{W}name")) or id_
        properties = element.find(f"{W}pPr")
        heading = heading or _heading_of_name(name) or outline_level(properties)
        numbering = numbering or numbering_of(properties)
        is_contents = is_contents or name.lower().startswith("toc ")
        id_ = _value(element.find(f"{W}basedOn"))
    return Style(heading, numbering, is_contents)


def _heading_of_name(name: str) -> int:
    found = _HEADING_NAME.match(name)
    return int(found.group(1)) if found else int(name.lower() == "title")


def outline_level(properties: Element | None) -> int:
    """Return 1 for the highest level of an outline, 0 for body text."""
    level = "" if properties is None else _value(properties.find(f"{W}outlineLvl"))
    return int(level) + 1 if level.isdecimal() and int(level) < _LEVELS else 0


def numbering_of(properties: Element | None) -> NumberingOf | None:
    """Return the numbering that paragraph properties name; its id is "0" where they switch it off."""
    numbering = None if properties is None else properties.find(f"{W}numPr")
    if numbering is None:
        return None
    id_, level = _value(numbering.find(f"{W}numId")), _value(numbering.find(f"{W}ilvl"))
    return (id_, min(int(level), _LEVELS - 1) if level.isdecimal() else 0)


def _value(element: Element | None) -> str:
    return "" if element is None else element.get(f"{W}val", "")


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered: `template` is "%1.%2."."""

    kind: str = "bullet"
    template: str = ""
    start: int = 1


@dataclass(slots=True)
class Numbering:
    """Counts the paragraphs of the lists; one per document, because lists go on where they stopped."""

    levels: Mapping[str, tuple[str, Mapping[int, Level]]]
    _counts: dict[str, list[int]] = field(default_factory=dict)

    def marker(self, numbering: NumberingOf) -> str:
        """Count one paragraph and return what stands before it: "-" for bullets, "2.1." for numbers."""
        id_, level = numbering
        abstract, levels = self.levels.get(id_, (id_, {}))
        counts = self._counts.setdefault(abstract, [0] * _LEVELS)
        own = levels.get(level, Level())
        counts[level] = counts[level] + 1 if counts[level] else own.start
        counts[level + 1 :] = [0] * (_LEVELS - level - 1)
        if own.kind in ("bullet", "none", ""):
            return "-"

        def number(found: re.Match[str]) -> str:
            at = int(found.group(1)) - 1
            shown = levels.get(at, Level("decimal"))
            return written(counts[at] or shown.start, shown.kind)

        return _PLACEHOLDER.sub(number, own.template).strip() or f"{counts[level]}."


def read_numbering(root: Element | None) -> Numbering:
    """Return the lists that the document defines."""
    if root is None:
        return Numbering({})
    abstract = {
        element.get(f"{W}abstractNumId", ""): {
            int(level.get(f"{W}ilvl", "0")): _level(level)
            for level in element.findall(f"{W}lvl")
            if level.get(f"{W}ilvl", "0").isdecimal()
        }
        for element in root.findall(f"{W}abstractNum")
    }
    levels: dict[str, tuple[str, Mapping[int, Level]]] = {}
    for element in root.findall(f"{W}num"):
        id_, name = element.get(f"{W}numId", ""), _value(element.find(f"{W}abstractNumId"))
        restarts = element.find(f"{W}lvlOverride/{W}startOverride") is not None
        levels[id_] = (f"{name}/{id_}" if restarts else name, abstract.get(name, {}))
    return Numbering(levels)


def _level(element: Element) -> Level:
    start = _value(element.find(f"{W}start"))
    return Level(
        _value(element.find(f"{W}numFmt")),
        _value(element.find(f"{W}lvlText")),
        int(start) if start.isdecimal() and len(start) < 7 else 1,
    )


def written(number: int, kind: str) -> str:
    """Return `number` as a list of this kind writes it."""
    match kind:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (number - 1) % 26) * (1 + (number - 1) // 26 % 10)
            return letter.upper() if kind == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            roman = _roman(number % 4000)
            return roman.upper() if kind == "upperRoman" else roman
        case "decimalZero":
            return f"{number:02}"
        case _:
            return str(number)


def _roman(number: int) -> str:
    out = ""
    for value, letters in _ROMAN + _ROMAN_UNITS:
        out += letters * (number // value)
        number %= value
    return out
