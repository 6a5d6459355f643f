"""Evaluators that ask a model: how near an answer is to the expected one, and what a judge says of it."""

import json
import re
from typing import Literal

from pydantic import Field

from backend.evaluations.kinds.base import EvaluatorFailed, Judged, Kind, Observed, Outside, expected_of, shown

TEXT_CHARS = 6000
VERDICT_TOKENS = 300
BEST = 5
DEFAULT_RUBRIC = "The answer is correct, complete, and says nothing that is not asked for."

SCORE = """You are a strict, fair judge of answers.

Rubric: {rubric}

Question: {query}

{texts}

How well does the ANSWER meet the rubric? 1 is not at all, 5 is fully. Write a JSON object and nothing else:
{{"score": 1, 2, 3, 4 or 5, "reason": "one short sentence"}}"""

COMPARE = """You are a strict, fair judge who compares two answers.

Rubric: {rubric}

Question: {query}

ANSWER A:
{a}

ANSWER B:
{b}

Which answer meets the rubric better? Write a JSON object and nothing else:
{{"better": "A", "B" or "tie", "reason": "one short sentence"}}"""

_OBJECT = re.compile(r"\{[^{}]*\}", re.DOTALL)
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Similarity(Kind):
    """The cosine of the embeddings of the answer and of the expected one."""

    model: str = Field(default="all-minilm-l6-v2", min_length=1, max_length=300)

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        expected = expected_of(seen)
        if not seen.answer.strip():
            return Judged(0.0, "there is no answer")
        embedder = await outside.embedder(self.model)
        vectors = await embedder.embed([seen.answer[:TEXT_CHARS], expected[:TEXT_CHARS]])
        cosine = sum(first * second for first, second in zip(*vectors, strict=True))
        return Judged(min(1.0, max(0.0, cosine)), f"cosine {cosine:.3f}")


class Judge(Kind):
    """A model's verdict by a rubric.

    `score`: 1…5; an expected answer is shown before the answer once and behind it once, and the mean
    counts. `compare`: the answer against the expected one, in both orders; a verdict that turns with it is a tie.
    """

    model: str = Field(min_length=1, max_length=300)
    rubric: str = Field(default=DEFAULT_RUBRIC, min_length=1, max_length=10_000)
    mode: Literal["score", "compare"] = "score"

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        if self.mode == "compare":
            return await self._compared(seen, expected_of(seen), outside)
        return await self._scored(seen, outside)

    async def _scored(self, seen: Observed, outside: Outside) -> Judged:
        answer, expected = f"ANSWER:\n{_cut(seen.answer)}", f"EXPECTED ANSWER:\n{_cut(seen.expected)}"
        orders = [(expected, answer), (answer, expected)] if seen.expected.strip() else [(answer,)]
        values, reasons = [], []
        for texts in orders:
            prompt = SCORE.format(rubric=self.rubric, query=_cut(seen.query), texts="\n\n".join(texts))
            said = await self._asked(prompt, outside)
            score = said.get("score")
            if isinstance(score, bool) or not isinstance(score, int | float) or not 1 <= score <= BEST:
                raise EvaluatorFailed(
                    f"the judge gave the score {shown(str(score))}, which is not between 1 and {BEST}"
                )
            values.append((score - 1) / (BEST - 1))
            reasons.append(str(said.get("reason") or ""))
        return Judged(sum(values) / len(values), _joined(reasons))

    async def _compared(self, seen: Observed, expected: str, outside: Outside) -> Judged:
        points, reasons = [], []
        for own in ("A", "B"):
            texts = (seen.answer, expected) if own == "A" else (expected, seen.answer)
            a, b = (_cut(text) for text in texts)
            said = await self._asked(COMPARE.format(rubric=self.rubric, query=_cut(seen.query), a=a, b=b), outside)
            better = str(said.get("better", "")).strip().upper()
            if better not in ("A", "B", "TIE"):
                raise EvaluatorFailed(f"the judge called {shown(str(said.get('better')))} better: neither A, B nor tie")
            points.append(0.5 if better == "TIE" else float(better == own))
            reasons.append(str(said.get("reason") or ""))
        if set(points) == {0.0, 1.0}:
            return Judged(0.5, f"the verdict turned with the order: {_joined(reasons)}")
        return Judged(sum(points) / 2, _joined(reasons))

    async def _asked(self, prompt: str, outside: Outside) -> dict[str, object]:
        write = await outside.writer(self.model)
        return verdict_in(await write(prompt, VERDICT_TOKENS))


def verdict_in(said: str) -> dict[str, object]:
    """Return the JSON object in a judge's answer; raises `EvaluatorFailed` for nonsense."""
    for found in reversed(_OBJECT.findall(_THOUGHTS.sub("", said))):
        try:
            verdict = json.loads(found)
        except ValueError:
            continue
        if isinstance(verdict, dict):
            return verdict
    raise EvaluatorFailed(f"the judge gave no verdict: {shown(said) if said.strip() else 'it said nothing'}")


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS else f"{text[:TEXT_CHARS]}…"


def _joined(reasons: list[str]) -> str:
    return " · ".join(dict.fromkeys(reason.strip() for reason in reasons if reason.strip()))[:1000]
