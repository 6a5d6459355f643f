"""Office's formulas (OMML) as a line that people type: (a+b)/c, x^2, sqrt(y)."""

from rag.extract.ooxml import M
from rag.extract.trees import Element, name_of

# How the parts of a structure follow each other: ("", "num") is the first part, ("/", "den") what a slash precedes.
_PARTS = {
    "f": (("", "num"), ("/", "den")),
    "sSup": (("", "e"), ("^", "sup")),
    "sSub": (("", "e"), ("_", "sub")),
    "sSubSup": (("", "e"), ("_", "sub"), ("^", "sup")),
    "limLow": (("", "e"), ("_", "lim")),
    "limUpp": (("", "e"), ("^", "lim")),
    "func": (("", "fName"), (" ", "e")),
}


def formula_text(element: Element) -> str:
    """Return the formula on one line."""
    return " ".join(_text(element).split())


def _text(element: Element) -> str:
    name = name_of(element)
    if name == "t":
        text = element.text or ""
    elif name.endswith("Pr"):
        text = ""
    elif parts := _PARTS.get(name):
        text = _joined(element, parts)
    elif name == "rad":
        degree = _part(element, "deg")
        text = f"{f'root {degree} of ' if degree else 'sqrt'}({_part(element, 'e')})"
    elif name == "nary":
        sign = element.find(f"{M}naryPr/{M}chr")
        symbol = "∫" if sign is None else sign.get(f"{M}val", "∫")
        text = f"{symbol}{_joined(element, (('_', 'sub'), ('^', 'sup')))} {_part(element, 'e')}"
    elif name == "d":
        text = f"({', '.join(_text(part) for part in element.findall(f'{M}e'))})"
    elif name in ("eqArr", "m"):
        text = "; ".join(line for part in element if (line := _text(part).strip()))
    else:
        text = "".join(_text(child) for child in element)
    return text


def _joined(element: Element, parts: tuple[tuple[str, str], ...]) -> str:
    found = ((before, name, _part(element, name)) for before, name in parts)
    return "".join(before + (text if before == " " else _group(text, name)) for before, name, text in found if text)


def _part(element: Element, name: str) -> str:
    part = element.find(f"{M}{name}")
    return "" if part is None else _text(part).strip()


def _group(text: str, name: str) -> str:
    is_single = len(text) < 2 or text.isalnum() or name in ("e", "fName")
    return text if is_single else f"({text})"
