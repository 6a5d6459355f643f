"""What the skills are taught from: passages with questions, tools with requests, and talks, all written for this.

Each line of a file is one JSON object. A twentieth of them, and every `…-held` file, is held out: the evaluation's own,
never trained on.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from inference.types import Message, ToolSpec

DATA = Path(__file__).parent / "data"
HELD_OUT_OF = 20

Split = Literal["train", "held_out"]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a passage answers; `key` stands in the passage word for word."""

    text: str
    answer: str
    key: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question that needs the one before it, number `after` of its passage; `full` says it on its own."""

    after: int
    full: str
    question: Question


@dataclass(frozen=True, slots=True)
class Source:
    """A passage of prose, questions that it answers, and questions on its subject that it does not (`absent`)."""

    title: str
    text: str
    language: str
    questions: tuple[Question, ...]
    absent: tuple[str, ...]
    follow: tuple[FollowUp, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a tool, the arguments that follow from it, what came back and what the user is told."""

    ask: str
    arguments: Mapping[str, object]
    result: str
    answer: str


@dataclass(frozen=True, slots=True)
class Skill:
    """A tool with requests for it, and requests that sound near but that it cannot serve (`unfit`)."""

    tool: ToolSpec
    requests: tuple[Request, ...]
    unfit: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation without passages and tools."""

    kind: str
    messages: tuple[Message, ...]


def sources(split: Split) -> tuple[Source, ...]:
    """Return the passages of a split; the language is the second part of the file's name."""
    return tuple(_read("passages", split, _source))


def skills(split: Split) -> tuple[Skill, ...]:
    """Return the tools of a split."""
    return tuple(_read("tools", split, _skill))


def talks(split: Split) -> tuple[Talk, ...]:
    """Return the talks of a split."""
    return tuple(_read("talk", split, _talk))


def _read(kind: str, split: Split, make: Callable[[Mapping[str, object], str], Item]) -> Iterator[Item]:
    for path in sorted(DATA.glob(f"{kind}-*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if _is_held_out(path, line) != (split == "held_out"):
                continue
            try:
                yield make(json.loads(line), path.stem)
            except (ValueError, LookupError, TypeError) as problem:
                raise ValueError(f"{path.name}, line {number}: {type(problem).__name__}: {problem}") from problem


def _is_held_out(path: Path, line: str) -> bool:
    # By content, so that lines can be added and moved.
    return path.stem.endswith("-held") or hashlib.sha256(line.encode()).digest()[0] % HELD_OUT_OF == 0


def _source(line: Mapping[str, object], file: str) -> Source:
    match line:
        case {"title": str(title), "text": str(text), "questions": list(asked), "absent": list(absent)}:
            follow = line.get("follow", [])
            assert isinstance(follow, list)
            return Source(
                title,
                text,
                file.split("-")[1],
                tuple(_question(item, text) for item in asked),
                tuple(str(item) for item in absent),
                tuple(FollowUp(int(item["after"]), str(item["full"]), _question(item, text)) for item in follow),
            )
    raise ValueError("a passage has title, text, questions and absent")


def _question(item: Mapping[str, object], text: str) -> Question:
    key = str(item["key"])
    if key not in text:
        raise ValueError(f"the key {key!r} does not stand in the text")
    return Question(str(item["q"]), str(item["a"]), key)


def _skill(line: Mapping[str, object], _file: str) -> Skill:
    match line:
        case {"name": str(name), "description": str(said), "parameters": dict(schema), "requests": list(asked)}:
            unfit = line.get("unfit", [])
            assert isinstance(unfit, list)
            requests = tuple(
                Request(str(item["ask"]), dict(item["arguments"]), str(item["result"]), str(item["answer"]))
                for item in asked
            )
            return Skill(ToolSpec(name, said.rstrip("."), schema), requests, tuple(str(item) for item in unfit))
    raise ValueError("a tool has name, description, parameters and requests")


def _talk(line: Mapping[str, object], _file: str) -> Talk:
    match line:
        case {"kind": str(kind), "messages": list(said)}:
            system = str(line.get("system", ""))
            messages = [Message("system", system)] if system else []
            return Talk(kind, (*messages, *(Message(item["role"], str(item["content"])) for item in said)))
    raise ValueError("a talk has kind and messages")
