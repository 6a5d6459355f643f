"""How fast our store is at several sizes, and how much of the exact result its approximate search finds."""

import asyncio
import statistics
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unittest.mock import patch

import numpy as np

from backend.cli.benches.retrieval.database import SCOPE, Rig
from backend.cli.benches.retrieval.vectors import Vectors
from rag.filters import Condition, Filter
from rag.ports import DocumentRef
from rag.retrieve.pipeline import RetrievalSettings, retrieve
from rag.stores import ranking
from rag.stores.documents import DocumentInfo
from rag.stores.searching import EXACT_BELOW
from rag.types import ChunkText, Hit, Query

PER_DOCUMENT = 100
PER_LONG_DOCUMENT = 1000
"""As many passages as the peer is given at once."""
TOP_K = 10
ONE_PERCENT = Filter((Condition("hundredth", "=", 7),))
THIRTY_PERCENT = Filter((Condition("hundredth", "<", 30),))


@dataclass
class Speed:
    """What one size gave; times are in milliseconds."""

    passages: int
    ingest_s: float = 0.0
    build_s: float = 0.0
    hybrid_ms: list[float] = field(default_factory=list)
    semantic_ms: list[float] = field(default_factory=list)
    full_text_ms: list[float] = field(default_factory=list)
    filtered_ms: list[float] = field(default_factory=list)
    recall: float = 0.0
    filtered_recall: float = 0.0
    third_recall: float = 0.0
    words_recall: float = 0.0
    least_filtered: int = TOP_K


class KnownVectors:
    """Implements `Embedder` for questions that are embedded already: their time is shown apart."""

    model = "known"
    max_tokens = 256

    def __init__(self, vectors: Mapping[str, Sequence[float]]) -> None:
        self._vectors = vectors

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the vectors of known texts."""
        return [list(self._vectors[text]) for text in texts]

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the words of each text."""
        return [len(text.split()) for text in texts]


def measure(rig: Rig, texts: Sequence[str], vectors: Vectors, questions: Sequence[str], asked: Vectors) -> Speed:
    """Store passages as documents of PER_DOCUMENT each, then ask every question in every way."""
    speed = Speed(len(texts))
    dataset = str(uuid.uuid4())
    speed.ingest_s = stored(rig, dataset, texts, vectors)
    if len(texts) > EXACT_BELOW:
        index = rig.store.indexes.ensure(dataset, "")
        started = time.perf_counter()
        rig.store.indexes.build_ann(index)
        speed.build_s = time.perf_counter() - started
    rig.vacuum()
    _ask_both(rig, dataset, questions, asked, speed)
    rows = {text: row for row, text in enumerate(texts)}
    hundredths = np.array([row // PER_DOCUMENT % 100 for row in range(len(texts))])
    for row, question in enumerate(questions):
        vector, scores = asked[row], vectors @ asked[row]

        def search(given: Filter | None, question: str = question, vector: Vectors = vector) -> tuple[list[int], float]:
            query = Query(question, SCOPE, (dataset,), TOP_K, filter=given)
            started = time.perf_counter()
            hits = rig.store.nearest(query=query, vector=vector.tolist())
            return [rows[hit.text] for hit in hits], 1000 * (time.perf_counter() - started)

        found, taken = search(None)
        speed.semantic_ms.append(taken)
        speed.recall += _recall(found, scores) / len(questions)
        kept = hundredths == 7
        found, taken = search(ONE_PERCENT)
        speed.filtered_ms.append(taken)
        speed.least_filtered = min(speed.least_filtered, len(found) + max(0, TOP_K - int(kept.sum())))
        speed.filtered_recall += _recall(found, np.where(kept, scores, -2)) / len(questions)
        found, _ = search(THIRTY_PERCENT)
        speed.third_recall += _recall(found, np.where(hundredths < 30, scores, -2)) / len(questions)
        started = time.perf_counter()
        query = Query(question, SCOPE, (dataset,), TOP_K)
        matched = rig.store.matching(query=query)
        speed.full_text_ms.append(1000 * (time.perf_counter() - started))
        speed.words_recall += _words_recall(rig, query, matched) / len(questions)
    return speed


def _words_recall(rig: Rig, query: Query, found: Sequence[Hit]) -> float:
    """Return the share of the exact best by words that was found; what scores the same counts as the same."""
    with patch.object(ranking, "CHOOSING", sys.maxsize):
        exact = rig.store.matching(query=query)
    if not exact:
        return 1.0
    return sum(hit.score >= exact[-1].score - 1e-9 for hit in found) / len(exact)


def stored(rig: Rig, dataset: str, texts: Sequence[str], vectors: Vectors, per_document: int = PER_DOCUMENT) -> float:
    """Store passages as documents of `per_document` each; returns the seconds that it took."""
    started = time.perf_counter()
    documents = [DocumentRef(SCOPE, dataset, str(uuid.uuid4())) for _ in range(0, len(texts), per_document)]
    rig.describe(
        [(ref, DocumentInfo(f"{number}.txt", {"hundredth": number % 100})) for number, ref in enumerate(documents)]
    )
    rig.store.indexes.ensure(dataset, "all-minilm-l6-v2")
    for number, ref in enumerate(documents):
        first = number * per_document
        part = texts[first : first + per_document]
        chunks = [ChunkText(text, None, position, len(text.split())) for position, text in enumerate(part)]
        rig.store.replace(ref, chunks=chunks, vectors=list(vectors[first : first + len(part)]), language="en")
    return time.perf_counter() - started


def _ask_both(rig: Rig, dataset: str, questions: Sequence[str], asked: Vectors, speed: Speed) -> None:
    embedder = KnownVectors({question: asked[row].tolist() for row, question in enumerate(questions)})
    settings = RetrievalSettings("hybrid", TOP_K)

    async def run() -> None:
        for number, question in enumerate([*questions[:10], *questions]):
            started = time.perf_counter()
            query = Query(question, SCOPE, (dataset,), TOP_K)
            await retrieve(query, settings, embedder=embedder, store=rig.store)
            if number >= 10:  # the first ones wake connections and caches
                speed.hybrid_ms.append(1000 * (time.perf_counter() - started))

    asyncio.run(run())


def _recall(found: Sequence[int], scores: Vectors) -> float:
    """Return the share of the exact best that was found; what scores the same counts as the same."""
    count = min(TOP_K, int((scores > -2).sum()))
    if not count:
        return 1.0
    least = np.partition(scores, -count)[-count] - 1e-6
    return sum(bool(scores[row] >= least) for row in found[:count]) / count


def p50(times: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(times, n=20)[-1]
