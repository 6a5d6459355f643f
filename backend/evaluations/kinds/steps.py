"""Evaluators that look at what a run did: the passages it found and cited, and the tools it called."""

from typing import Literal

from pydantic import Field

from backend.evaluations.kinds.base import (
    Judged,
    Kind,
    NotApplicable,
    Observed,
    Outside,
    Passage,
    ToolUse,
    share,
    texts_of,
)


class Retrieval(Kind):
    """How many of the expected sources are among the first `k` passages, or how right the citations are.

    A source is a document's name, a chunk's id, or words of the passage. `citation` is the F1 of what the answer cites.
    """

    measure: Literal["recall", "citation"] = "recall"
    k: int = Field(default=5, ge=1, le=100)

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        if not seen.expected_sources:
            raise NotApplicable("the case names no expected sources")
        if self.measure == "recall":
            return _recall(seen, seen.passages[: self.k])
        return _citation(seen, tuple(item for item in seen.passages if item.cited))


def _recall(seen: Observed, passages: tuple[Passage, ...]) -> Judged:
    missing = [wanted for wanted in seen.expected_sources if not any(_is(item, wanted) for item in passages)]
    value = 1 - share(len(missing), len(seen.expected_sources))
    return Judged(value, f"not among the first {len(passages)}: {texts_of(missing)}" if missing else "")


def _citation(seen: Observed, cited: tuple[Passage, ...]) -> Judged:
    if not cited:
        return Judged(0.0, "the answer cites nothing")
    right = sum(any(_is(item, wanted) for wanted in seen.expected_sources) for item in cited)
    found = sum(any(_is(item, wanted) for item in cited) for wanted in seen.expected_sources)
    precision, recall = share(right, len(cited)), share(found, len(seen.expected_sources))
    value = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    reason = f"{right} of {len(cited)} citations are right, {found} of {len(seen.expected_sources)} sources are cited"
    return Judged(value, "" if value == 1 else reason)


def _is(passage: Passage, wanted: str) -> bool:
    return wanted in (passage.document, passage.chunk_id) or wanted.casefold() in passage.text.casefold()


class ToolCalls(Kind):
    """The tools that were called are the expected ones; value is the F1 of the calls, 0 or 1 with `in_order`."""

    arguments: bool = True
    in_order: bool = False

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        if not seen.expected_tools:
            raise NotApplicable("the case names no expected calls of tools")
        if self.in_order:
            is_same = len(seen.expected_tools) == len(seen.tool_calls) and all(
                self._fits(call, wanted) for call, wanted in zip(seen.tool_calls, seen.expected_tools, strict=True)
            )
            return Judged(float(is_same), "" if is_same else _told(seen))
        left = list(seen.tool_calls)
        hits = 0
        for wanted in seen.expected_tools:
            found = next((call for call in left if self._fits(call, wanted)), None)
            if found is not None:
                left.remove(found)
                hits += 1
        value = 2 * hits / (len(seen.expected_tools) + len(seen.tool_calls))
        return Judged(value, "" if value == 1 else _told(seen))

    def _fits(self, call: ToolUse, wanted: ToolUse) -> bool:
        """An expected call without arguments fits any; else what it names must be there, with that value."""
        if call.name != wanted.name:
            return False
        if not self.arguments or wanted.arguments is None:
            return True
        if isinstance(wanted.arguments, dict) and isinstance(call.arguments, dict):
            return all(
                name in call.arguments and call.arguments[name] == value for name, value in wanted.arguments.items()
            )
        return call.arguments == wanted.arguments


def _told(seen: Observed) -> str:
    called = texts_of([call.name for call in seen.tool_calls])
    return f"expected {texts_of([call.name for call in seen.expected_tools])}, called {called}"
