"""Paths into JSON: the part of JSONPath (RFC 9535) that people use, without filters.

`$.a.b`, `a[0].b`, `['odd name']`, `[*]`, `.*`, `[-1]`, `[1:3]` and `..name` at any depth.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.types import JsonValue

MAX_PATH_CHARS = 500
MAX_FOUND = 10_000
MAX_DIGITS = 10
Location = tuple[str | int, ...]
"""Keys and positions from the root to a value."""

_STEP = re.compile(
    r"""(?P<deep>\.\.)?(?:
        \.?\[(?:(?P<index>-?\d{1,9})|(?P<first>-?\d{0,9}):(?P<last>-?\d{0,9})|(?P<all>\*)
              |'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)")\]
        |\.?(?P<star>\*)
        |\.?(?P<name>[^\s.\[\]'"*$@?()]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a key or position, a slice, or everything for None; `is_deep` looks at any depth."""

    at: str | int | slice | None
    is_deep: bool = False


def read_path(text: str) -> tuple[Step, ...]:
    """Read a path; raises `ValueError` with where it cannot be read."""
    written = text.strip()
    if len(written) > MAX_PATH_CHARS:
        raise ValueError(f"the path has {len(written)} characters; at most {MAX_PATH_CHARS} are taken")
    rest = written.removeprefix("$")
    steps: list[Step] = []
    while rest:
        found = _STEP.match(rest)
        if found is None or (steps and found["name"] and not rest.startswith(".")):
            raise ValueError(f"{text!r} is no path from {rest!r} on: write it as $.items[0].name")
        steps.append(Step(_at(found), bool(found["deep"])))
        rest = rest[found.end() :]
    return tuple(steps)


def _at(found: re.Match[str]) -> str | int | slice | None:
    if found["name"] is not None:
        return found["name"]
    if found["index"] is not None:
        return int(found["index"])
    if found["first"] is not None:
        first, last = found["first"], found["last"]
        return slice(int(first) if first not in ("", "-") else None, int(last) if last not in ("", "-") else None)
    quoted = found["single"] if found["single"] is not None else found["double"]
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else None


def located(value: JsonValue, steps: Sequence[Step]) -> list[Location]:
    """Return where the path leads, in the order of the document; raises `ValueError` for more than 10,000 places."""
    places: list[Location] = [()]
    for step in steps:
        found: dict[Location, None] = {}
        for place in places:
            for reached in _reached(value, place, step):
                found[reached] = None
                if len(found) > MAX_FOUND:
                    raise ValueError(f"the path leads to more than {MAX_FOUND} places: make it narrower")
        places = list(found)
    return places


def value_at(value: JsonValue, place: Location) -> JsonValue:
    """Return what is at a place that `located` found."""
    for key in place:
        value = value[key]  # type: ignore[index]  # the place was found in this very value
    return value


def _reached(root: JsonValue, place: Location, step: Step) -> Iterator[Location]:
    starts = [place]
    if step.is_deep:
        starts = [(*place, *below) for below in _everywhere(value_at(root, place))]
    for start in starts:
        for key in _keys(value_at(root, start), step.at):
            yield (*start, key)


def _everywhere(value: JsonValue) -> Iterator[Location]:
    """Yield the place of every value inside, its own first."""
    pending: list[tuple[Location, JsonValue]] = [((), value)]
    while pending:
        place, item = pending.pop()
        yield place
        inner = _keys(item, None)
        pending += [((*place, key), value_at(item, (key,))) for key in reversed(inner)]


def _keys(value: JsonValue, at: str | int | slice | None) -> list[str | int]:
    if isinstance(value, dict):
        return list(value) if at is None else [at] if isinstance(at, str) and at in value else []
    if not isinstance(value, list):
        return []
    match at:
        case None:
            return list(range(len(value)))
        case slice():
            return list(range(*at.indices(len(value))))
        case str():
            position = int(at) if at.isdecimal() and len(at) < MAX_DIGITS else -1
        case int():
            position = at + len(value) if at < 0 else at
    return [position] if 0 <= position < len(value) else []
