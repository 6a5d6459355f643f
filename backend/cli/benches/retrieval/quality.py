"""How good both legs and their fusion are on labelled questions, against bm25s on the same analysis."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module

from backend.cli.benches.retrieval.corpus import Labelled
from backend.cli.benches.retrieval.database import SCOPE, Rig
from backend.cli.benches.retrieval.vectors import Model
from rag.evaluate import Case, evaluate
from rag.lexical import analyze
from rag.lexical.bm25 import K1, B
from rag.ports import DocumentRef
from rag.retrieve.pipeline import RetrievalSettings, retrieve
from rag.stores.documents import DocumentInfo
from rag.types import ChunkText, Hit, Query, SearchMode

DEPTH = 50
MODES: tuple[SearchMode, ...] = ("semantic", "full_text", "hybrid")


@dataclass
class Quality:
    """nDCG@10 of each way on one labelled set."""

    name: str
    questions: int
    ndcg: dict[str, float] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)


class ModelEmbedder:
    """Implements `Embedder` and `TokenReader` with the embedded model in this process."""

    model = "all-minilm-l6-v2"
    max_tokens = 256

    def __init__(self, model: Model) -> None:
        self._model = model

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text."""
        vectors: list[list[float]] = (await self._model.embed(texts)).tolist()
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text."""
        return [len(await self._model.tokens(text)) for text in texts]

    async def tokens(self, text: str) -> list[int]:
        """Return the ids of the tokens of a text."""
        return await self._model.tokens(text)


async def measure(rig: Rig, labelled: Labelled, model: Model, *, most_questions: int) -> Quality:
    """Store a labelled set, one document per passage, and ask its questions in every mode."""
    dataset = str(uuid.uuid4())
    documents = {passage: str(uuid.uuid4()) for passage in labelled.passages}
    embedder = ModelEmbedder(model)
    parts = {passage: await model.parts(text) for passage, text in labelled.passages.items()}
    await model.embed([part for own in parts.values() for part in own])
    rig.describe(
        [(DocumentRef(SCOPE, dataset, documents[passage]), DocumentInfo(passage)) for passage in labelled.passages]
    )
    for passage, own in parts.items():
        chunks = [ChunkText(part, None, position, 0) for position, part in enumerate(own)]
        vectors = await embedder.embed(own)
        ref = DocumentRef(SCOPE, dataset, documents[passage])
        await asyncio.to_thread(rig.store.replace, ref, chunks=chunks, vectors=vectors, language=labelled.language)
    asked = list(labelled.questions.items())[:most_questions]
    await model.embed([text for _, text in asked])
    cases = [
        Case(number, text, document_ids=frozenset(documents[one] for one in labelled.relevant[number]))
        for number, text in asked
    ]
    quality = Quality(labelled.name, len(cases))
    for mode in MODES:
        settings = RetrievalSettings(mode, DEPTH)

        async def search(text: str, settings: RetrievalSettings = settings) -> Sequence[Hit]:
            query = Query(text, SCOPE, (dataset,), DEPTH)
            return _documents((await retrieve(query, settings, embedder=embedder, store=rig.store)).hits)

        measured = await evaluate(cases, search)
        quality.ndcg[mode], quality.recall[mode] = measured.ndcg_at_10, measured.recall_at_k[10]
    reference = _reference(labelled, parts, documents)

    async def search_reference(text: str) -> Sequence[Hit]:
        return _documents(reference(text))

    measured = await evaluate(cases, search_reference)
    quality.ndcg["bm25s"], quality.recall["bm25s"] = measured.ndcg_at_10, measured.recall_at_k[10]
    return quality


def _documents(hits: Sequence[Hit]) -> list[Hit]:
    """Keep the first hit of each document: passages are documents here, cut only where the model could not read on."""
    return list({hit.document_id: hit for hit in reversed(hits)}.values())[::-1]


class _Reference:
    """bm25s on the same words, with the same constants."""

    def __init__(self, labelled: Labelled, parts: dict[str, list[str]], documents: dict[str, str]) -> None:
        self._language = labelled.language
        self._rows = [(documents[passage], part) for passage, own in parts.items() for part in own]
        self._index = import_module("bm25s").BM25(method="lucene", k1=K1, b=B)
        self._index.index([analyze(part, self._language) for _, part in self._rows], show_progress=False)

    def __call__(self, text: str) -> list[Hit]:
        count = min(DEPTH, len(self._rows))
        # A word that no passage has is unknown to it.
        words = [word for word in analyze(text, self._language) if word in self._index.vocab_dict]
        if not words:
            return []
        found, scores = self._index.retrieve([words], k=count, show_progress=False)
        return [
            Hit(str(row), self._rows[row][0], "", self._rows[row][1], None, 0, float(score))
            for row, score in zip(found[0], scores[0], strict=True)
        ]


def _reference(labelled: Labelled, parts: dict[str, list[str]], documents: dict[str, str]) -> _Reference:
    return _Reference(labelled, parts, documents)
