"""Filters and text methods of templates whose output could be far larger than what they are given: sized beforehand."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from jinja2 import TemplateRuntimeError

from agents.workflow.jinja_fuel import burn, charge, check_chars

_MAX_SPACES = 100
_MAX_DECIMALS = 30
_PERCENT = re.compile(r"%(?:%|(?:\((\w+)\))?[-+ #0]{0,5}(\d{0,3})(?:\.(\d{0,3}))?[sdifFeEgGxXoc])")
_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}")
_LONG_NUMBER = re.compile(r"\d{4}")


def check_growth(owner: str, method: str, args: tuple[object, ...]) -> None:
    """Refuse a method that would make a giant text of small ones, before it does."""
    match method, args:
        case "replace", (str() as old, str() as new, *_):
            _check_replace(owner, old, new)
        case "join", (list() | tuple() as parts,):
            check_chars(len(parts) * len(owner) + sum(len(part) for part in parts if isinstance(part, str)))
        case "join", _:
            raise TemplateRuntimeError("join takes a list")
        case _:
            pass


def _check_replace(text: str, old: str, new: str) -> None:
    check_chars(len(text) + text.count(old) * len(new))


def check_braces(text: str, values: Sequence[object]) -> None:
    fields = [field for field in _BRACES.findall(text) if field not in ("{{", "}}")]
    if "{" in _BRACES.sub("", text) or any(_LONG_NUMBER.search(field) for field in fields):
        raise TemplateRuntimeError(f"the format {text[:80]!r} is nested, or asks for more than 999 places")
    check_chars(len(text) + len(fields) * (1000 + max((len(str(value)) for value in values), default=0)))


def concat(*values: object) -> str:
    charge(*values)
    texts = ["" if value is None else str(value) for value in values]
    check_chars(sum(map(len, texts)))
    return "".join(texts)


def _percent_format(text: str, *values: object, **named: object) -> str:
    if values and named:
        raise TemplateRuntimeError("a format takes values by position or by name, not both")
    return formatted(text, named or values)


def formatted(text: str, values: tuple[object, ...] | dict[str, object]) -> str:
    """Format as `"%s: %.2f" % (…)` does, with widths up to 999."""
    if "%" in _PERCENT.sub("", text):
        raise TemplateRuntimeError(f"the format {text[:80]!r} has a part that is not understood")
    given = values.values() if isinstance(values, dict) else values
    check_chars(len(text) + text.count("%") * (1000 + max((len(str(value)) for value in given), default=0)))
    return str(text) % values


def _replace(text: object, old: str, new: str, count: int | None = None) -> str:
    whole = text if isinstance(text, str) else str(text)
    _check_replace(whole, old, new)
    return whole.replace(old, new, -1 if count is None else count)


def _join(values: object, between: str = "", attribute: str | int | None = None) -> str:
    items = list(values)  # type: ignore[call-overload]  # a TypeError says what is no list
    if attribute is not None:
        items = [item.get(attribute, "") if isinstance(item, dict) else "" for item in items]
    charge(items)
    texts = ["" if item is None else str(item) for item in items]
    check_chars(sum(map(len, texts)) + len(texts) * len(between))
    return between.join(texts)


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    before = width if isinstance(width, str) else " " * min(width, _MAX_SPACES)
    lines = text.splitlines()
    check_chars(len(text) + len(lines) * len(before))
    return "\n".join(
        before + line if (line or blank) and (first or number) else line for number, line in enumerate(lines)
    )


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if not -_MAX_DECIMALS <= precision <= _MAX_DECIMALS:
        raise TemplateRuntimeError(f"round keeps at most {_MAX_DECIMALS} decimals, not {precision!r}")
    rounded = round(value, precision)
    step = 10.0**-precision
    if method == "ceil" and rounded < value:
        return round(rounded + step, precision)
    if method == "floor" and rounded > value:
        return round(rounded - step, precision)
    return float(rounded)


def _batch(values: object, size: int, fill: object = None) -> list[list[object]]:
    items = list(values)  # type: ignore[call-overload]  # a TypeError says what is no list
    burn(max(size, 1))
    groups = [items[start : start + size] for start in range(0, len(items), size)]
    if groups and fill is not None:
        groups[-1] += [fill] * (size - len(groups[-1]))
    return groups


def _slice(values: object, count: int, fill: object = None) -> list[list[object]]:
    items = list(values)  # type: ignore[call-overload]  # a TypeError says what is no list
    burn(max(count, 1))
    least, longer = divmod(len(items), count)
    ends = [at * least + min(at, longer) for at in range(count + 1)]
    groups = [items[begin:end] for begin, end in pairwise(ends)]
    return [[*group, fill] if fill is not None and longer and len(group) == least else group for group in groups]


def _tojson(value: object, indent: int | None = None) -> str:
    if indent is not None and not 0 <= indent <= 8:
        raise TemplateRuntimeError(f"tojson indents by 0 to 8 spaces, not {indent!r}")
    return json.dumps(value, ensure_ascii=False, indent=indent)


FILTERS: Mapping[str, Callable[..., object]] = {
    "batch": _batch,
    "format": _percent_format,
    "indent": _indent,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "slice": _slice,
    "tojson": _tojson,
}
"""In place of jinja's own."""
