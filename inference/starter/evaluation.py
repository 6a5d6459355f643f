"""What is asked to measure a model's skills, and how an answer is judged. Nothing of it was trained on."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from inference.starter.built_in import CALCULATOR, CURRENT_TIME, KNOWLEDGE_SEARCH
from inference.starter.formats import grounded_system
from inference.starter.grounded import REFUSALS
from inference.starter.sources import DATA, Skill, skills
from inference.types import Message, ToolCall, ToolSpec

PROMPT = "You are a helpful assistant."
_CITED = re.compile(r"\[(\d+)\]")
# Besides our own sentence, what other models say when they find nothing.
_REFUSING = re.compile(
    r"\b(?:do(?:es)? not (?:say|mention|contain|provide|state|specify)|not (?:mentioned|stated|specified|provided)|"
    r"no information|cannot (?:find|answer)|don't (?:know|have))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GroundedCase:
    """A question with passages; `right` is the number of the passage that answers it, None where none does."""

    messages: tuple[Message, ...]
    answers: tuple[str, ...]
    right: int | None


@dataclass(frozen=True, slots=True)
class GroundedVerdict:
    """Whether one of the gold answers stands in the output, only the right passage is cited, and it is a refusal."""

    answers: bool
    cites: bool
    refuses: bool


def grounded_case(question: str, answers: Sequence[str], texts: Sequence[str], right: int | None) -> GroundedCase:
    """Return the conversation that the platform would send for a question with these passages."""
    system = Message("system", grounded_system(PROMPT, texts))
    return GroundedCase((system, Message("user", question)), tuple(answers), right)


def judged(case: GroundedCase, said: str) -> GroundedVerdict:
    """Judge an answer."""
    cited = {int(number) for number in _CITED.findall(said)}
    refuses = any(refusal in said for refusal in REFUSALS.values()) or (not cited and bool(_REFUSING.search(said)))
    plain = _plain(_CITED.sub("", said))
    has_answer = any(_plain(answer) in plain for answer in case.answers)
    return GroundedVerdict(has_answer, case.right is not None and cited == {case.right}, refuses)


@dataclass(frozen=True, slots=True)
class CallCase:
    """A request and the one call that serves it."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    name: str
    arguments: Mapping[str, object]


def call_cases(seed: int, *, offered: int) -> list[CallCase]:
    """Return every request of the tools that are held out, each with so many tools on offer, in an order by seed."""
    held, random = skills("held_out"), Random(seed)  # noqa: S311  # no secret
    others = [skill.tool for skill in (*held, *skills("train"))]
    cases = []
    for skill in held:
        for request in skill.requests:
            chosen = [tool for tool in random.sample(others, offered) if tool.name != skill.tool.name]
            tools = [skill.tool, *chosen[: offered - 1]]
            random.shuffle(tools)
            messages = (Message("system", PROMPT), Message("user", request.ask))
            cases.append(CallCase(messages, tuple(tools), skill.tool.name, request.arguments))
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
    return bool(_same(given, dict(case.arguments)))


def _same(given: object, wanted: object) -> bool:
    """Compare values; texts without regard to case, spaces and a final stop, numbers by value."""
    match given, wanted:
        case dict(), dict():
            return given.keys() == wanted.keys() and all(_same(given[key], wanted[key]) for key in wanted)
        case list(), list():
            return len(given) == len(wanted) and all(map(_same, given, wanted))
        case str(), str():
            return _plain(given).rstrip(". ") == _plain(wanted).rstrip(". ")
    return type(given) is type(wanted) and given == wanted if isinstance(wanted, bool) else given == wanted


@dataclass(frozen=True, slots=True)
class Task:
    """Two steps with the platform's own tools: each names its tool and words that its arguments must hold.

    `facts` must stand in the answer; `{time:ZONE}` is the clock of that place. `passages` are what a search finds.
    """

    ask: str
    steps: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    passages: tuple[tuple[str, str], ...]


AGENT_TOOLS = (CALCULATOR, CURRENT_TIME, KNOWLEDGE_SEARCH)


def tasks() -> list[Task]:
    """Return the tasks of the evaluation."""
    lines = (json.loads(line) for line in (DATA / "tasks-held.jsonl").read_text("utf-8").splitlines())
    return [
        Task(
            line["ask"],
            tuple((step["tool"], step["check"]) for step in line["steps"]),
            tuple(line["facts"]),
            tuple((passage["title"], passage["text"]) for passage in line["passages"]),
        )
        for line in lines
    ]


def is_done(
    task: Task, calls: Sequence[tuple[str, Mapping[str, object]]], said: str, clocks: Mapping[str, str]
) -> bool:
    """Were both steps taken and all facts told? `clocks` has what `HH:MM` it was in a zone when it was asked."""
    waiting = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in calls]
    for tool, words in task.steps:
        found = next((call for call in waiting if call[0] == tool and _holds(call[1], words)), None)
        if found is None:
            return False
        waiting.remove(found)
    plain = _plain(said)
    return all(_plain(_fact(fact, clocks)) in plain for fact in task.facts)


def _holds(arguments: str, words: str) -> bool:
    plain = _plain(arguments)
    return all(_plain(word) in plain for word in words.split())


def _fact(fact: str, clocks: Mapping[str, str]) -> str:
    zone = fact.removeprefix("{time:").removesuffix("}")
    return clocks[zone] if zone != fact else fact


def _plain(text: str) -> str:
    """Return a text without differences that do not matter: width, case, thousands' commas and spaces."""
    flat = unicodedata.normalize("NFKC", text).casefold()
    flat = re.sub(r"(?<=\d),(?=\d{3}\b)", "", flat)
    return re.sub(r"\s+", " ", flat).strip()
