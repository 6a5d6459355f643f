"""Searches the datasets of one workspace: for the console, and for runs as `agents.ports.Knowledge`."""

import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from agents.types import Source
from backend.common.database import in_database
from backend.datasets.adapters import chunk_store
from backend.datasets.models import Dataset, Document
from backend.datasets.ports import EMBEDDERS
from backend.datasets.selectors import ids_parse
from rag.retrieve.citations import cited_positions
from rag.retrieve.pack import passage_line
from rag.retrieve.pipeline import require_answerable, retrieve
from rag.types import Hit, Query, SearchMode, Stage

CACHED_QUERIES = 256
CACHED_FOR_S = 60.0


class QueryVectors:
    """The vectors of recent queries: a conversation asks several datasets, and people ask again. Thread-safe."""

    def __init__(self, size: int = CACHED_QUERIES, ttl_s: float = CACHED_FOR_S) -> None:
        self._size = size
        self._ttl_s = ttl_s
        self._vectors: OrderedDict[tuple[str, str, str], tuple[float, list[float]]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, str, str]) -> list[float] | None:
        """Return the vector for (workspace, model, query), unless it is too old."""
        with self._lock:
            until, vector = self._vectors.get(key, (0.0, None))
            if vector is None or until < time.monotonic():
                return None
            self._vectors.move_to_end(key)
            return vector

    def put(self, key: tuple[str, str, str], vector: list[float]) -> None:
        """Remember a vector, and forget the one that was used longest ago."""
        with self._lock:
            self._vectors[key] = (time.monotonic() + self._ttl_s, vector)
            self._vectors.move_to_end(key)
            while len(self._vectors) > self._size:
                self._vectors.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._vectors.clear()


QUERY_VECTORS = QueryVectors()


class QueryEmbedder:
    """Implements `rag.ports.Embedder` for queries: the model is asked only for what is not remembered."""

    max_tokens = 0

    def __init__(self, workspace_id: str, model: str, vectors: QueryVectors) -> None:
        self.model = model
        self._workspace_id = workspace_id
        self._vectors = vectors

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector per text, in order."""
        keys = [(self._workspace_id, self.model, text) for text in texts]
        found = {key: vector for key in keys if (vector := self._vectors.get(key)) is not None}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            embedder = await in_database(EMBEDDERS.get(), self._workspace_id, self.model)
            for key, vector in zip(missing, await embedder.embed([text for *_, text in missing]), strict=True):
                self._vectors.put(key, vector)
                found[key] = vector
        return [found[key] for key in keys]

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of the embedding model each text has."""
        embedder = await in_database(EMBEDDERS.get(), self._workspace_id, self.model)
        return await embedder.count_tokens(texts)


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, the names of their documents and datasets by id, and how they were found."""

    hits: tuple[Hit, ...]
    names: Mapping[str, str]
    trace: tuple[Stage, ...]


class DatasetKnowledge:
    """Implements `agents.ports.Knowledge` for one workspace."""

    def __init__(self, workspace_id: str, vectors: QueryVectors = QUERY_VECTORS) -> None:
        self._workspace_id = workspace_id
        self._vectors = vectors

    async def find(
        self,
        text: str,
        dataset_ids: Sequence[str],
        *,
        top_k: int,
        mode: SearchMode,
        score_threshold: float | None,
    ) -> Found:
        """Return the best chunks of the datasets; an id of no dataset of this workspace yields none.

        Raises `RagError` for a query that cannot be answered, `ApiError` when its model cannot be asked.
        """
        query = Query(text, self._workspace_id, (), top_k, mode, score_threshold)
        require_answerable(query)
        models = await in_database(self._models, list(dataset_ids))
        hits: list[Hit] = []
        trace: list[Stage] = []
        for model, ids in models.items():
            embedder = QueryEmbedder(self._workspace_id, model, self._vectors)
            part = Query(text, self._workspace_id, ids, top_k, mode, score_threshold)
            found = await retrieve(part, embedder=embedder, store=chunk_store())
            hits += found.hits
            trace += found.trace
        hits = sorted(hits, key=lambda hit: (-hit.score, hit.document_id, hit.position))[:top_k]
        names = await in_database(self._names, hits) if hits else {}
        # A document can be deleted between the search and the look at its name.
        return Found(tuple(hit for hit in hits if hit.document_id in names), names, tuple(trace))

    async def search(
        self, query: str, dataset_ids: Sequence[str], *, top_k: int, mode: str, score_threshold: float | None
    ) -> tuple[Source, ...]:
        """Return passages, best first, with positions from 1. A dataset that is gone yields none."""
        found = await self.find(
            query,
            dataset_ids,
            top_k=top_k,
            mode=mode,  # type: ignore[arg-type]  # `require_answerable` refuses a mode that does not exist
            score_threshold=score_threshold,
        )
        return tuple(
            Source(
                position=position,
                dataset_id=hit.dataset_id,
                document_id=hit.document_id,
                document_name=found.names[hit.document_id],
                chunk_id=hit.chunk_id,
                page=hit.page,
                score=hit.score,
                text=hit.text,
                dataset_name=found.names.get(hit.dataset_id, ""),
            )
            for position, hit in enumerate(found.hits, start=1)
        )

    def pack(self, sources: Sequence[Source]) -> str:
        """Return the numbered passages as one text for a prompt."""
        return "\n".join(passage_line(source.position, source.text) for source in sources)

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        """Return the positions that `answer` cites as `[n]`."""
        positions = {source.position for source in sources}
        return frozenset(positions & cited_positions(answer, max(positions, default=0)))

    def _models(self, dataset_ids: list[str]) -> dict[str, tuple[str, ...]]:
        rows = Dataset.objects.within(self._workspace_id).filter(id__in=ids_parse(dataset_ids))
        models: dict[str, tuple[str, ...]] = {}
        for dataset_id, model in rows.order_by("created_at", "id").values_list("id", "embedding_model"):
            models[model] = (*models.get(model, ()), str(dataset_id))
        return models

    def _names(self, hits: Sequence[Hit]) -> dict[str, str]:
        ids = [uuid.UUID(hit.document_id) for hit in hits]
        rows = Document.objects.within(self._workspace_id).filter(id__in=ids)
        names = {}
        for row in rows.values_list("id", "name", "dataset_id", "dataset__name"):
            names[str(row[0])], names[str(row[2])] = row[1], row[3]
        return names
