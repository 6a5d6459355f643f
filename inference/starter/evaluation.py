"""What is asked to measure a model's skills, and how an answer is judged. Nothing of it was trained on."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.starter.built_in import CALCULATOR, CURRENT_TIME, KNOWLEDGE_SEARCH
from inference.starter.formats import grounded_system
from inference.starter.grounded import REFUSALS
from inference.starter.sources import DATA
from inference.types import Message

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
    told = plain(_CITED.sub("", said))
    has_answer = any(plain(answer) in told for answer in case.answers)
    return GroundedVerdict(has_answer, case.right is not None and cited == {case.right}, refuses)


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
    told = plain(said)
    return all(plain(_fact(fact, clocks)) in told for fact in task.facts)


def _holds(arguments: str, words: str) -> bool:
    given = plain(arguments)
    return all(plain(word) in given for word in words.split())


def _fact(fact: str, clocks: Mapping[str, str]) -> str:
    zone = fact.removeprefix("{time:").removesuffix("}")
    return clocks[zone] if zone != fact else fact


def plain(text: str) -> str:
    """Return a text without differences that do not matter: width, case, thousands' commas and spaces."""
    flat = unicodedata.normalize("NFKC", text).casefold()
    flat = re.sub(r"(?<=\d),(?=\d{3}\b)", "", flat)
    return re.sub(r"\s+", " ", flat).strip()
