"""Requests that one call serves, ours and those of a public benchmark, and how a call is judged.

The public ones are the Berkeley Function Calling Leaderboard's (Patil et al., "The Berkeley Function Calling
Leaderboard", ICML 2025), read from its own files and never trained on.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from inference.starter.evaluation import PROMPT, plain
from inference.starter.sources import Skill, skills
from inference.types import Message, ToolCall, ToolSpec

PUBLIC = "BFCL_v*_simple_python.json"
"""The public cases, a JSON object a line; what is right lies in the folder `possible_answer` beside them."""
_LOOSE = re.compile(r"[ ,./_*^-]")
_JSON_TYPES = {"dict": "object", "float": "number", "tuple": "array"}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an argument may be: any of `values`, or not there at all where it `may_lack`.

    Objects among the values are mappings to `Allowed` again.
    """

    values: tuple[object, ...]
    may_lack: bool = False


@dataclass(frozen=True, slots=True)
class CallCase:
    """A request and the one call that serves it."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    name: str
    arguments: Mapping[str, Allowed]


@dataclass(frozen=True, slots=True)
class _Asked:
    ask: str
    tool: ToolSpec
    arguments: Mapping[str, Allowed]


def own_cases(seed: int, *, offered: int) -> list[CallCase]:
    """Return every request of the tools that are held out, each with so many tools on offer, in an order by seed."""
    held = skills("held_out")
    asked = [
        _Asked(request.ask, skill.tool, exactly(request.arguments)) for skill in held for request in skill.requests
    ]
    return _offering(asked, [skill.tool for skill in (*held, *skills("train"))], seed, offered)


def public_cases(folder: Path, seed: int, *, offered: int) -> list[CallCase]:
    """Return the public benchmark's simple cases the same way; none where `folder` does not hold them."""
    asked = []
    for file in sorted(folder.rglob(PUBLIC)):
        answers = file.parent / "possible_answer" / file.name
        if not answers.exists():
            continue
        right = {line["id"]: line["ground_truth"][0] for line in _lines(answers)}
        for line in _lines(file):
            [[message]], [function] = line["question"], line["function"]
            [accepted] = right[line["id"]].values()
            asked.append(_Asked(message["content"], _tool(function), _accepted(accepted)))
    return _offering(asked, [one.tool for one in asked], seed, offered)


def _offering(asked: Sequence[_Asked], tools: Sequence[ToolSpec], seed: int, offered: int) -> list[CallCase]:
    random = Random(seed)  # noqa: S311  # no secret
    by_name = {tool.name: tool for tool in tools}
    cases = []
    for one in asked:
        others = [name for name in random.sample(list(by_name), offered) if name != one.tool.name]
        chosen = [one.tool, *(by_name[name] for name in others[: offered - 1])]
        random.shuffle(chosen)
        messages = (Message("system", PROMPT), Message("user", one.ask))
        cases.append(CallCase(messages, tuple(chosen), one.tool.name, one.arguments))
    random.shuffle(cases)
    return cases


def idle_cases(seed: int) -> list[tuple[tuple[Message, ...], tuple[ToolSpec, ...]]]:
    """Return requests that sound near but that no tool on offer serves: nothing is to be called."""
    held, random = skills("held_out"), Random(seed)  # noqa: S311  # no secret
    return [
        ((Message("system", PROMPT), Message("user", ask)), _with_other(random, held, skill))
        for skill in held
        for ask in skill.unfit
    ]


def _with_other(random: Random, held: Sequence[Skill], skill: Skill) -> tuple[ToolSpec, ...]:
    other = random.choice([one.tool for one in held if one is not skill])
    return (skill.tool, other)


def exactly(arguments: Mapping[str, object]) -> dict[str, Allowed]:
    """Allow these arguments and no others."""
    return {name: Allowed((_value(value, exactly),)) for name, value in arguments.items()}


def names_right(case: CallCase, calls: Sequence[ToolCall]) -> bool:
    """Is the first call one of the right tool?"""
    return bool(calls) and calls[0].name == case.name


def is_right(case: CallCase, calls: Sequence[ToolCall]) -> bool:
    """Is there one call, of the right tool, with the arguments that the request gives?"""
    if len(calls) != 1 or not names_right(case, calls):
        return False
    try:
        given = json.loads(calls[0].arguments)
    except ValueError:
        return False
    return _fits(given, case.arguments)


def _fits(given: object, allowed: Mapping[str, Allowed]) -> bool:
    if not isinstance(given, dict) or not given.keys() <= allowed.keys():
        return False
    return all(
        any(_same(given[name], value) for value in one.values) if name in given else one.may_lack
        for name, one in allowed.items()
    )


def _same(given: object, wanted: object) -> bool:
    """Compare values; texts without regard to case, spaces and marks, numbers by value."""
    match given, wanted:
        case dict(), dict():
            return _fits(given, wanted)
        case list(), list():
            return len(given) == len(wanted) and all(map(_same, given, wanted))
        case str(), str():
            return _LOOSE.sub("", plain(given)) == _LOOSE.sub("", plain(wanted))
    return type(given) is type(wanted) and given == wanted if isinstance(wanted, bool) else given == wanted


def _accepted(arguments: Mapping[str, Sequence[object]]) -> dict[str, Allowed]:
    """Read the benchmark's own notation: the values that pass, the empty text where none is needed."""
    return {
        name: Allowed(tuple(_value(value, _accepted) for value in values), may_lack="" in values)
        for name, values in arguments.items()
    }


def _value(value: object, read: Callable[[Mapping[str, Any]], object]) -> object:
    match value:
        case dict():
            return read(value)
        case list() | tuple():
            return [_value(item, read) for item in value]
    return value


def _tool(function: Mapping[str, Any]) -> ToolSpec:
    """Return the benchmark's function as a tool; a name's dots become underscores, as its own harness does it."""
    return ToolSpec(function["name"].replace(".", "_"), function["description"], _schema(function["parameters"]))


def _schema(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON Schema for the benchmark's, which names Python's types and has a keyword of its own."""
    schema = {name: item for name, item in value.items() if name != "optional"}
    kind = schema.pop("type", "any")
    if kind != "any":
        schema["type"] = _JSON_TYPES.get(kind, kind)
    if "properties" in schema:
        schema["properties"] = {name: _schema(item) for name, item in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = _schema(schema["items"])
    return schema


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
