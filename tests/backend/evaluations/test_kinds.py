"""Each kind of evaluator: what it gives, what it refuses, and that one which fails says so alone."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import ValidationError

from agents.errors import CodeFailed
from agents.ports import CodeLimits, CodeResult, CodeRunner
from agents.types import JsonObject, JsonValue
from backend.evaluations.kinds.base import EvaluatorFailed, Kind, NotApplicable, Observed, Passage, ToolUse
from backend.evaluations.kinds.registry import judged, kind_read
from backend.evaluations.scoring import scores_of
from rag.ports import Embedder, Write


class Words:
    """An embedder: one dimension for each word that it knows."""

    known = ("red", "blue", "sea")

    async def embed(self, texts: Any) -> list[list[float]]:
        return [self._unit([float(word in text) for word in self.known]) for text in texts]

    def _unit(self, vector: list[float]) -> list[float]:
        length = sum(value * value for value in vector) ** 0.5
        return [value / length for value in vector] if length else vector


class Code:
    """A sandbox that returns what the test says."""

    def __init__(self, value: JsonValue = None, error: Exception | None = None, off: str = "") -> None:
        self.value, self.error, self.reason_off = value, error, off
        self.arguments: JsonObject = {}

    async def run(self, language: str, code: str, arguments: JsonObject, *, limits: CodeLimits) -> CodeResult:
        self.arguments = arguments
        if self.error:
            raise self.error
        return CodeResult(self.value)


@dataclass
class World:
    says: Callable[[str], str] = lambda prompt: ""
    code: Any = field(default_factory=Code)
    asked: list[str] = field(default_factory=list)

    async def writer(self, model: str) -> Write:
        async def write(prompt: str, max_tokens: int) -> str:
            self.asked.append(prompt)
            return self.says(prompt)

        return write

    async def embedder(self, model: str) -> Embedder:
        return Words()  # type: ignore[return-value]  # all that is used of one


def value(kind: str, seen: Observed, world: World | None = None, **config: Any) -> float:
    return asyncio.run(judged(kind_read(kind, config), seen, world or World())).value


def failure(kind: str, seen: Observed, world: World | None = None, **config: Any) -> str:
    with pytest.raises(EvaluatorFailed) as caught:
        value(kind, seen, world, **config)
    return str(caught.value)


def test_a_kind_that_cannot_judge_is_none() -> None:
    class Silent(Kind):
        """Has a configuration alone."""

    with pytest.raises(TypeError, match="judge"):
        Silent()  # type: ignore[abstract]  # what must fail


def test_exact_looks_past_case_and_space_unless_told_otherwise() -> None:
    seen = Observed(answer="  The  Sea ", expected="the sea")
    assert value("exact", seen) == 1
    assert value("exact", seen, ignore_case=False) == 0
    assert value("exact", seen, ignore_space=False) == 0
    assert value("exact", Observed(answer="the lake", expected="the sea")) == 0


def test_contains_looks_for_its_texts_or_for_the_expected_answer() -> None:
    seen = Observed(answer="Red and blue.", expected="BLUE")
    assert value("contains", seen) == 1
    assert value("contains", seen, ignore_case=False) == 0
    assert value("contains", seen, texts=["red", "green"]) == 0.5
    assert value("contains", seen, texts=["red", "green"], need="any") == 1


def test_what_needs_an_expected_answer_skips_cases_without_one() -> None:
    for kind in ("exact", "contains", "numeric", "similarity"):
        with pytest.raises(NotApplicable):
            value(kind, Observed(answer="x"))


def test_regex_finds_and_with_negate_must_not_find() -> None:
    seen = Observed(answer="order 4711 is on its way")
    assert value("regex", seen, pattern=r"\d{4}") == 1
    assert value("regex", seen, pattern=r"\d{5}") == 0
    assert value("regex", seen, pattern="ORDER", ignore_case=True, negate=True) == 0
    with pytest.raises(ValidationError, match="no regular expression"):
        kind_read("regex", {"pattern": "("})


def test_a_pattern_that_would_take_for_ever_is_stopped() -> None:
    began = time.process_time()
    said = failure("regex", Observed(answer="a" * 60 + "!"), pattern="(a+)+$", timeout_s=0.3)
    assert "longer than 0.3 s" in said and time.process_time() - began < 5


def test_json_schema_takes_json_alone_or_in_a_fence() -> None:
    schema = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}
    assert value("json_schema", Observed(answer='{"age": 3}'), json_schema=schema) == 1
    assert value("json_schema", Observed(answer='Here:\n```json\n{"age": 3}\n```'), json_schema=schema) == 1
    assert value("json_schema", Observed(answer='{"age": "3"}'), json_schema=schema) == 0
    assert value("json_schema", Observed(answer="three"), json_schema=schema) == 0
    with pytest.raises(ValidationError):
        kind_read("json_schema", {"json_schema": {"type": "nonsense"}})


def test_numbers_are_compared_within_a_tolerance() -> None:
    seen = Observed(answer="Of 12 items, it is 1,050.5 EUR.", expected="1000")
    assert value("numeric", seen) == 0
    assert value("numeric", seen, relative=0.06) == 1
    assert value("numeric", seen, absolute=50) == 0
    assert value("numeric", seen, absolute=51) == 1
    assert value("numeric", Observed(answer="12 of 15", expected="12"), take="first") == 1
    assert value("numeric", Observed(answer="none", expected="12")) == 0
    assert "has no number" in failure("numeric", Observed(answer="1", expected="many"))


def test_similarity_is_the_cosine_of_the_embeddings() -> None:
    assert value("similarity", Observed(answer="a blue sea", expected="blue sea")) == pytest.approx(1)
    assert value("similarity", Observed(answer="red", expected="blue")) == 0
    assert value("similarity", Observed(answer="red sea", expected="blue sea")) == pytest.approx(0.5)


def test_a_judge_is_asked_twice_in_swapped_order_and_the_mean_counts() -> None:
    def says(prompt: str) -> str:
        is_first = prompt.index("EXPECTED ANSWER:") < prompt.rindex("\nANSWER:")
        return f'<think>{{"score": 1}}</think>Well. {{"score": {4 if is_first else 2}, "reason": "so"}}'

    world = World(says)
    assert value("judge", Observed(query="q", answer="a", expected="e"), world, model="m") == pytest.approx(0.5)
    assert len(world.asked) == 2
    alone = World(lambda prompt: '{"score": 5, "reason": "good"}')
    assert value("judge", Observed(query="q", answer="a"), alone, model="m") == 1
    assert len(alone.asked) == 1


def test_a_judge_that_always_prefers_the_first_answer_compares_to_a_tie() -> None:
    first = World(lambda prompt: '{"better": "A", "reason": "first"}')
    seen = Observed(query="q", answer="mine", expected="theirs")
    assert value("judge", seen, first, model="m", mode="compare") == 0.5
    assert len(first.asked) == 2

    def fair(prompt: str) -> str:
        return '{"better": "A"}' if "ANSWER A:\nmine" in prompt else '{"better": "B"}'

    assert value("judge", seen, World(fair), model="m", mode="compare") == 1
    assert value("judge", seen, World(lambda prompt: '{"better": "tie"}'), model="m", mode="compare") == 0.5


@pytest.mark.parametrize("nonsense", ["", "I like it.", '{"score": 11}', '{"score": true}', "{}", "{score: 3}"])
def test_a_judge_that_answers_nonsense_fails_with_what_it_said(nonsense: str) -> None:
    assert "judge" in failure("judge", Observed(query="q", answer="a"), World(lambda prompt: nonsense), model="m")
    seen = Observed(query="q", answer="a", expected="e")
    assert "judge" in failure("judge", seen, World(lambda prompt: nonsense), model="m", mode="compare")


def test_retrieval_counts_documents_chunks_and_words_among_the_first_passages() -> None:
    passages = (
        Passage("a.pdf", "c1", "Ravens fly.", cited=True),
        Passage("b.pdf", "c2", "The gate is open.", cited=True),
        Passage("c.pdf", "c3", "Nothing."),
    )
    seen = Observed(passages=passages, expected_sources=("a.pdf", "gate is OPEN", "c9"))
    assert value("retrieval", seen, k=3) == pytest.approx(2 / 3)
    assert value("retrieval", seen, k=1) == pytest.approx(1 / 3)
    assert value("retrieval", Observed(passages=passages, expected_sources=("c3",)), k=2) == 0
    # Of two citations one is right, of one source one is cited: F1 = 2 · ½ · 1 ÷ 1½.
    cited = Observed(passages=passages, expected_sources=("a.pdf",))
    assert value("retrieval", cited, measure="citation") == pytest.approx(2 / 3)
    assert value("retrieval", Observed(expected_sources=("a.pdf",)), measure="citation") == 0
    with pytest.raises(NotApplicable):
        value("retrieval", Observed(passages=passages))


def test_tool_calls_match_by_name_and_by_the_arguments_that_are_named() -> None:
    called = (ToolUse("search", {"q": "sea", "limit": 3}), ToolUse("add", {"a": 1}))
    right = Observed(tool_calls=called, expected_tools=(ToolUse("add"), ToolUse("search", {"q": "sea"})))
    assert value("tool_calls", right) == 1
    assert value("tool_calls", right, in_order=True) == 0
    wrong = Observed(tool_calls=called, expected_tools=(ToolUse("search", {"q": "lake"}),))
    assert value("tool_calls", wrong) == 0
    assert value("tool_calls", wrong, arguments=False) == pytest.approx(2 / 3)
    with pytest.raises(NotApplicable):
        value("tool_calls", Observed(tool_calls=called))


def test_own_code_gives_a_number_or_a_verdict_and_nothing_else() -> None:
    seen = Observed(query="q", answer="a", expected="e", passages=(Passage("d", "c", "t"),))
    code = Code({"score": 0.25, "reason": "so"})
    verdict = asyncio.run(judged(kind_read("python", {}), seen, World(code=code)))
    assert (verdict.value, verdict.reason) == (0.25, "so")
    assert (code.arguments["answer"], code.arguments["expected"]) == ("a", "e")
    assert value("python", seen, World(code=Code(True))) == 1
    for wrong in (2, -0.1, None, "good", float("nan"), {"reason": "x"}):
        assert "return a number" in failure("python", seen, World(code=Code(wrong)))
    assert "boom" in failure("python", seen, World(code=Code(error=CodeFailed("boom"))))
    assert "no bwrap" in failure("python", seen, World(code=Code(off="no bwrap")))


def test_an_evaluator_that_throws_or_never_ends_fails_alone_and_names_itself() -> None:
    class Broken(Code):
        async def run(self, language: str, code: str, arguments: JsonObject, *, limits: CodeLimits) -> CodeResult:
            raise KeyError("oh")

    class Endless(Code):
        async def run(self, language: str, code: str, arguments: JsonObject, *, limits: CodeLimits) -> CodeResult:
            await asyncio.Event().wait()
            raise AssertionError

    runner: CodeRunner = Endless()  # type: ignore[assignment]  # a sandbox that never answers
    with pytest.raises(EvaluatorFailed, match="no verdict after"):
        asyncio.run(judged(kind_read("python", {}), Observed(), World(code=runner), timeout_s=0.05))

    own: dict[str, JsonValue] = {"id": "2", "name": "Mine", "kind": "python", "config": {}, "pass_at": 0.5}
    exact: dict[str, JsonValue] = {"id": "1", "name": "Exact", "kind": "exact", "config": {}, "pass_at": 0.5}
    scores = asyncio.run(scores_of([own, exact], Observed(answer="a", expected="a"), World(code=Broken())))
    assert [(score["status"], score["value"]) for score in scores] == [("failed", None), ("scored", 1.0)]
    assert str(scores[0]["reason"]).startswith("Mine: ")
