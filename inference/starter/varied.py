"""Requests with other values: what stands in a request is to be copied, digit for digit, not recalled.

A small model gives the numbers and names that it saw most. A number, date or name that an argument takes from the
request word for word is replaced in both, so that no two times the same one is right.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from inference.starter.sources import Request, Skill

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORD_BEGINS = re.compile(r"_|\W|(?<=[a-z])(?=[A-Z])")
_FIRST_DAY, _DAYS = date(1850, 1, 1), 70_000
_YEARS = (1500, 2040)
_FEWEST_NAMES = 6
_LARGEST = 1_000_000_000
_Rendition = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class _Swap:
    """One value and how the request writes it, as they were and as they become."""

    argument: str
    written: str
    value: object
    new_written: str


class Names:
    """Names by the parameter that takes them: cities for a city, companies for a company."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        found: dict[str, set[str]] = defaultdict(set)
        for skill in skills:
            for request in skill.requests:
                for name, value in request.arguments.items():
                    if _is_name(value) and not _is_closed(skill.tool.parameters, name):
                        found[_kind(name)].add(str(value))
        self._by_kind = {kind: sorted(names) for kind, names in found.items() if len(names) >= _FEWEST_NAMES}

    def other(self, random: Random, parameter: str, name: str) -> str | None:
        """Return another name of the same kind; None where too few are known."""
        names = [one for one in self._by_kind.get(_kind(parameter), ()) if one != name]
        return random.choice(names) if names else None


def varied(random: Random, request: Request, schema: Mapping[str, object], names: Names) -> Request | None:
    """Return the request with other values, without result and answer; None where none can be exchanged.

    `schema` is the JSON Schema of the tool's parameters: what it limits (`enum`, `minimum`, `maximum`) stays.
    """
    ask, arguments = request.ask, dict(request.arguments)
    for argument, value in request.arguments.items():
        swap = None if _is_closed(schema, argument) else _swap(random, ask, argument, value, names)
        # A value that another argument takes too cannot change alone.
        if swap is None or list(map(str, arguments.values())).count(str(value)) > 1:
            continue
        ask = _token(swap.written).sub(swap.new_written.replace("\\", r"\\"), ask)
        arguments[argument] = swap.value
    if arguments == request.arguments:
        return None
    return replace(request, ask=ask, arguments=arguments, result="", answer="")


def _swap(random: Random, ask: str, argument: str, value: object, names: Names) -> _Swap | None:
    match value:
        case bool():
            return None
        case int() | float():
            found = _number(random, ask, argument, value)
        case str() if _ISO.fullmatch(value):
            found = _day(random, ask, argument, value)
        case str() if _is_name(value):
            other = names.other(random, argument, value)
            found = None if other is None else _Swap(argument, value, other, other)
        case _:
            return None
    return found if found is not None and len(_token(found.written).findall(ask)) == 1 else None


def _number(random: Random, ask: str, argument: str, value: float) -> _Swap | None:
    new = _other_number(random, value)
    for written, new_written in (
        (f"{value}", f"{new}"),
        (f"{value:,}", f"{new:,}"),
        (f"{_percent(value)}%", f"{_percent(new)}%"),
        (f"{_percent(value)} percent", f"{_percent(new)} percent"),
    ):
        if _token(written).search(ask):
            return _Swap(argument, written, new, new_written)
    return None


def _percent(value: float) -> str:
    return f"{value * 100:.6g}"


def _other_number(random: Random, value: float) -> float:
    """Return a number as long, or nearly, and as round as another."""
    if isinstance(value, int) or value == int(value):
        whole = int(value)
        if _YEARS[0] <= whole <= _YEARS[1]:
            return random.randint(*_YEARS)
        digits = str(abs(whole))
        round_part = "0" * (len(digits) - len(digits.rstrip("0"))) if whole else ""
        length = len(digits) - len(round_part) + random.choice((0, 0, 0, 1))
        drawn = int("".join(random.choices("123456789", k=length)) + round_part)
        signed = min(drawn, _LARGEST) * (-1 if value < 0 else 1)
        return signed if isinstance(value, int) else float(signed)
    decimals = len(f"{value}".partition(".")[2])
    least = float(f"1e-{decimals}")
    most = max(abs(value) * 4, 9 * least)
    return max(least, round(random.uniform(most / 20, most), decimals)) * (-1 if value < 0 else 1)


def _day(random: Random, ask: str, argument: str, value: str) -> _Swap | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    new = _FIRST_DAY + timedelta(random.randrange(_DAYS))
    for rendition in _RENDITIONS:
        if _token(rendition(day)).search(ask):
            return _Swap(argument, rendition(day), new.isoformat(), rendition(new))
    return None


def _ordinal(day: int) -> str:
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


_RENDITIONS: tuple[_Rendition, ...] = (
    date.isoformat,
    lambda day: f"{day:%B} {day.day}, {day.year}",
    lambda day: f"{day:%B} {_ordinal(day.day)}, {day.year}",
    lambda day: f"{day:%B} {_ordinal(day.day)} {day.year}",
    lambda day: f"{day:%B} {day.day} {day.year}",
    lambda day: f"{day.day} {day:%B} {day.year}",
    lambda day: f"{_ordinal(day.day)} {day:%B} {day.year}",
    lambda day: f"{_ordinal(day.day)} of {day:%B} {day.year}",
    lambda day: f"{day:%b} {day.day}, {day.year}",
    lambda day: f"{day.day} {day:%b} {day.year}",
    lambda day: f"{day.month}/{day.day}/{day.year}",
)
"""How a request writes a day. Month names are English in every locale that we run in (C)."""


def _token(written: str) -> re.Pattern[str]:
    """Match it where it stands alone: `3` not in `13`, `3.5` or `3,000`."""
    return re.compile(rf"(?<![\w.,-]){re.escape(written)}(?!\w|[.,:/-]\d)")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 2 < len(value) <= 40 and value[0].isupper() and not value.isupper()


def _kind(parameter: str) -> str:
    """Return the last word of a parameter's name: `home_city`, `homeCity` and `city` take the same."""
    return _WORD_BEGINS.split(parameter.strip("_"))[-1].lower()


def _is_closed(schema: Mapping[str, object], parameter: str) -> bool:
    properties = schema.get("properties")
    limits = properties.get(parameter) if isinstance(properties, dict) else None
    return not isinstance(limits, dict) or bool(limits.keys() & {"enum", "minimum", "maximum", "pattern", "format"})
