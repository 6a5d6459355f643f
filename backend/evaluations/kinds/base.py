"""What every kind of evaluator shares: what it is shown, what it says, and the model and sandbox that it may use."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from agents.ports import CodeRunner
from rag.ports import Embedder, Write


class EvaluatorFailed(Exception):
    """This evaluator has no verdict on this case, and why."""


class NotApplicable(EvaluatorFailed):
    """The case does not say what this evaluator needs: nobody is at fault."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool."""

    name: str
    arguments: JsonValue = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that a run found, in its order; `cited` where the answer names it."""

    document: str
    chunk_id: str = ""
    text: str = ""
    cited: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """A case and what a run made of it."""

    query: str = ""
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    expected: str = ""
    expected_tools: tuple[ToolUse, ...] = ()
    expected_sources: tuple[str, ...] = ()
    answer: str = ""
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    tool_calls: tuple[ToolUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """How good an answer is, 0…1, and why."""

    value: float
    reason: str = ""


class Outside(Protocol):
    """What evaluators need from elsewhere, bound to a workspace."""

    async def writer(self, model: str) -> Write:
        """Return what asks a chat model; raises an error that says what is wrong with it."""
        ...

    async def embedder(self, model: str) -> Embedder:
        """Return an embedding model; raises an error that says what is wrong with it."""
        ...

    @property
    def code(self) -> CodeRunner:
        """Return where a user's code runs."""
        ...


class Kind(BaseModel, ABC):
    """The configuration of an evaluator, which can judge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        """Return the verdict; raises `EvaluatorFailed` when there is none."""


def expected_of(seen: Observed) -> str:
    """Return the expected answer; raises `NotApplicable` without one."""
    if not seen.expected.strip():
        raise NotApplicable("the case has no expected answer")
    return seen.expected


def shown(text: str, limit: int = 120) -> str:
    """Return a text as a reason quotes it."""
    short = " ".join(text.split())
    return repr(short if len(short) <= limit else f"{short[:limit]}…")


def share(found: int, wanted: int) -> float:
    """Return found ÷ wanted."""
    return found / wanted if wanted else 0.0


def texts_of(items: Sequence[str]) -> str:
    """Return names for a reason."""
    return ", ".join(shown(item, 60) for item in items) or "none"
