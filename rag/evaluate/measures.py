"""Measures of a search on questions with known answers: recall@k, nDCG@10, MRR and the time it takes.

A case has targets: chunks, documents, or a phrase. A hit covers every target that it is, belongs to or holds. Only the
first hit that covers a target counts for it, so that ten chunks of one document are not ten answers.
"""

import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.errors import InvalidQueryError
from rag.types import Hit

DEPTH = 10
"""How many hits are looked at; a search should be asked for as many."""
RECALL_AT = (1, 3, 5, 10)

_SPACE = re.compile(r"\s+")

Search = Callable[[str], Awaitable[Sequence[Hit]]]
"""A question → hits, best first."""

OnCase = Callable[[int], Awaitable[None]]
"""Called with the number of cases that are done. Raising from it stops the evaluation."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and its targets: ids of documents or chunks, or a phrase that a right hit holds."""

    id: str
    question: str
    document_ids: frozenset[str] = frozenset()
    chunk_ids: frozenset[str] = frozenset()
    phrase: str = ""

    @property
    def targets(self) -> int:
        """How many things answer the question."""
        return len(self.document_ids) + len(self.chunk_ids) + bool(self.phrase.strip())


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a search gave for a case.

    `rank` of the first hit that is right (from 1; None without one among the first `DEPTH`), `found` has the ids of the
    first `DEPTH` chunks, `recall` maps k to the share of targets that the first k hits cover.
    """

    case_id: str
    rank: int | None
    found: tuple[str, ...]
    elapsed_ms: float
    recall: Mapping[int, float]
    ndcg: float


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over all cases, and each case."""

    recall_at_k: Mapping[int, float]
    ndcg_at_10: float
    mrr: float
    p50_ms: float
    p95_ms: float
    cases: tuple[CaseResult, ...]


async def evaluate(cases: Sequence[Case], search: Search, *, on_case: OnCase | None = None) -> Measures:
    """Ask `search` every question, one after the other, and measure what it finds.

    Raises InvalidQueryError without cases, and whatever `search` raises.
    """
    if not cases:
        raise InvalidQueryError("there are no cases to measure with; add some questions first")
    results = []
    for done, case in enumerate(cases, start=1):
        started = time.perf_counter()
        hits = await search(case.question)
        results.append(case_result(case, hits, (time.perf_counter() - started) * 1000))
        if on_case is not None:
            await on_case(done)
    return measures_of(results)


def case_result(case: Case, hits: Sequence[Hit], elapsed_ms: float) -> CaseResult:
    """Return what `hits` are worth as an answer to the case."""
    gains = _gains(case, hits[:DEPTH])
    rank = next((place for place, gain in enumerate(gains, start=1) if gain is not None), None)
    new = [gain or 0 for gain in gains]
    targets = case.targets
    return CaseResult(
        case_id=case.id,
        rank=rank,
        found=tuple(hit.chunk_id for hit in hits[:DEPTH]),
        elapsed_ms=elapsed_ms,
        recall={k: sum(new[:k]) / targets if targets else 0.0 for k in RECALL_AT},
        ndcg=_ndcg(new, targets),
    )


def measures_of(results: Sequence[CaseResult]) -> Measures:
    """Return the means of at least one result."""
    count = len(results)
    times = sorted(result.elapsed_ms for result in results)
    return Measures(
        recall_at_k={k: sum(result.recall[k] for result in results) / count for k in RECALL_AT},
        ndcg_at_10=sum(result.ndcg for result in results) / count,
        mrr=sum(1 / result.rank for result in results if result.rank) / count,
        p50_ms=quantile(times, 0.5),
        p95_ms=quantile(times, 0.95),
        cases=tuple(results),
    )


def quantile(ascending: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie, interpolated between neighbours."""
    place = share * (len(ascending) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (place - below)


def _gains(case: Case, hits: Sequence[Hit]) -> list[int | None]:
    """Return for each hit how many targets it is the first to cover; None for one that covers none at all."""
    phrase = _plain(case.phrase)
    covered: set[str] = set()
    gains: list[int | None] = []
    for hit in hits:
        targets = {f"chunk {hit.chunk_id}"} if hit.chunk_id in case.chunk_ids else set()
        if hit.document_id in case.document_ids:
            targets.add(f"document {hit.document_id}")
        if phrase and phrase in _plain(f"{hit.text} {hit.answer}"):
            targets.add("phrase")
        gains.append(len(targets - covered) if targets else None)
        covered |= targets
    return gains


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()


def _ndcg(gains: Sequence[int], targets: int) -> float:
    """Return the discounted gain (Järvelin and Kekäläinen 2002) over that of one target per hit from the top.

    A hit that covers two targets at once could be worth more than that: 1 is the most there is.
    """
    gained = sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))
    best = sum(1 / math.log2(place + 1) for place in range(1, min(targets, DEPTH) + 1))
    return min(1.0, gained / best) if best else 0.0
