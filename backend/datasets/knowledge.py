"""Searches the datasets of one workspace: for the console, and for runs as `agents.ports.Knowledge`."""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from django.db import transaction
from django.db.models import F

from agents.errors import InvalidInput
from agents.ports import DatasetInfo, SearchChoice
from agents.types import Source
from backend.common.database import database_submit, in_database
from backend.common.errors import ApiError
from backend.datasets.adapters import chunk_store
from backend.datasets.filtering import DIFY_OPERATORS, comparable, filter_of
from backend.datasets.metadata import field_types
from backend.datasets.models import Chunk, Dataset, Document
from backend.datasets.ports import EMBEDDERS, RERANKERS, WRITERS
from backend.datasets.retrieval import CHAT_MODEL, asked_of, retrieval_settings
from backend.datasets.selectors import ids_parse
from rag.errors import EmbeddingMismatchError
from rag.filters import FieldType, Filter
from rag.ports import TokenReader, Write
from rag.retrieve.citations import cited_positions
from rag.retrieve.pack import passage_line
from rag.retrieve.pipeline import RetrievalSettings, retrieve
from rag.types import Hit, Query, Retrieval, Stage

CACHED_QUERIES = 256
CACHED_FOR_S = 60.0
NO_RERANKER = "no provider of the workspace has a rerank model: add one, or switch reranking off"


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

    async def tokens(self, text: str) -> list[int]:
        """Return the ids of the tokens that the model reads; none where it does not show them."""
        embedder = await in_database(EMBEDDERS.get(), self._workspace_id, self.model)
        return await embedder.tokens(text) if isinstance(embedder, TokenReader) else []


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, the names of their documents and datasets by id, and how they were found."""

    hits: tuple[Hit, ...]
    names: Mapping[str, str]
    trace: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Datasets that are searched in one go: they share the embedding model and the settings."""

    model: str
    settings: RetrievalSettings
    chat_model: str
    dataset_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extras:
    """What a search brings beside its text."""

    filter: Filter | None = None
    history: tuple[tuple[str, str], ...] = ()
    write: Write | None = None
    is_counted: bool = True


def _joined(scopes: Sequence[Scope]) -> list[Scope]:
    """Return the scopes with those joined that differ in nothing but their datasets."""
    groups: dict[tuple[str, RetrievalSettings, str], tuple[str, ...]] = {}
    for scope in scopes:
        key = (scope.model, scope.settings, scope.chat_model)
        groups[key] = groups.get(key, ()) + scope.dataset_ids
    return [Scope(*key, ids) for key, ids in groups.items()]


def _best_first(hit: Hit) -> tuple[float, str, int]:
    return -hit.score, hit.document_id, hit.position


def hits_count(chunk_ids: Sequence[str]) -> None:
    """Count chunks as found once more."""
    ordered = Chunk.unscoped.filter(id__in=ids_parse(list(chunk_ids))).order_by("id")
    with transaction.atomic():
        # Held in one order, so that two searches never wait for each other in a circle.
        held = list(ordered.select_for_update(no_key=True).values_list("id", flat=True))
        Chunk.unscoped.filter(id__in=held).update(hit_count=F("hit_count") + 1)


class DatasetKnowledge:
    """Implements `agents.ports.Knowledge` for one workspace."""

    def __init__(self, workspace_id: str, vectors: QueryVectors = QUERY_VECTORS) -> None:
        self._workspace_id = workspace_id
        self._vectors = vectors

    async def retrieve(
        self,
        text: str,
        dataset_ids: Sequence[str],
        settings: RetrievalSettings,
        *,
        filter: Filter | None = None,
        history: Sequence[tuple[str, str]] = (),
        write: Write | None = None,
        count_hits: bool = True,
    ) -> Found:
        """Return the best chunks of the datasets; an id of no dataset of this workspace yields none.

        `write` is the chat model that rewrites queries and writes filters; `history` has (role, text), oldest first.
        `count_hits` off leaves no mark on what is found: for searches that only measure.
        Raises `RagError` for a query that cannot be answered, `ApiError` when its model cannot be asked.
        """
        scopes = [replace(scope, settings=settings) for scope in await in_database(self._scopes, list(dataset_ids))]
        return await self._found(text, _joined(scopes), Extras(filter, tuple(history), write, count_hits))

    async def search(self, query: str, choice: SearchChoice) -> tuple[Source, ...]:
        """Return passages, best first, with positions from 1. A dataset that is gone yields none.

        What is not said here is done as each dataset's own settings say. Raises `InvalidInput` for a choice that
        cannot be searched by, `RagError` for a query that cannot be answered.
        """
        try:
            scopes, extras = await in_database(self._chosen, choice)
            found = await self._found(query, _joined(scopes), extras)
        except ApiError as error:
            raise InvalidInput(f"the knowledge cannot be searched: {error.message}") from error
        return tuple(
            Source(
                position=position,
                dataset_id=hit.dataset_id,
                document_id=hit.document_id,
                document_name=found.names[hit.document_id],
                chunk_id=hit.chunk_id,
                page=hit.page,
                score=hit.score,
                text=f"{hit.text}\n{hit.answer}" if hit.answer else hit.text,
                dataset_name=found.names.get(hit.dataset_id, ""),
            )
            for position, hit in enumerate(found.hits, start=1)
        )

    def _chosen(self, choice: SearchChoice) -> tuple[list["Scope"], "Extras"]:
        """Return what a run chose: which datasets, how, and what it brings along."""
        scopes = self._scopes(list(choice.dataset_ids), asked_of(choice))
        ids = ids_parse([one for scope in scopes for one in scope.dataset_ids])
        types = field_types(uuid.UUID(self._workspace_id), ids) if choice.conditions else {}
        conditions = [
            {
                "field": one.field,
                "operator": DIFY_OPERATORS.get(one.operator, one.operator),
                "value": comparable(one.value, one.operator, types.get(one.field, "string")),
            }
            for one in choice.conditions
        ]
        where = {"logic": choice.logic, "conditions": conditions}
        return scopes, Extras(
            filter_of(uuid.UUID(self._workspace_id), ids, where) if scopes else None,
            tuple((turn.role, turn.content) for turn in choice.history),
            WRITERS.get()(self._workspace_id, choice.model) if choice.model else None,
        )

    async def datasets(self, dataset_ids: Sequence[str]) -> tuple[DatasetInfo, ...]:
        """Return those of the datasets that this workspace has, in the order in which they were made."""
        return await in_database(self._infos, list(dataset_ids))

    def _infos(self, dataset_ids: list[str]) -> tuple[DatasetInfo, ...]:
        rows = Dataset.objects.within(self._workspace_id).filter(id__in=ids_parse(dataset_ids))
        named = rows.order_by("created_at", "id").values_list("id", "name", "description")
        return tuple(DatasetInfo(str(dataset_id), name, description) for dataset_id, name, description in named)

    async def _found(self, text: str, scopes: Sequence["Scope"], extras: "Extras") -> Found:
        """Search datasets that share model and settings together, the groups side by side, and merge what they find."""
        try:
            parts = await asyncio.gather(*(self._part(text, scope, extras) for scope in scopes))
        except EmbeddingMismatchError:
            # A dataset was embedded with another model between the look at its model and the search.
            ids = [one for scope in scopes for one in scope.dataset_ids]
            models = {scope.dataset_ids[0]: scope.model for scope in await in_database(self._scopes, ids)}
            single = [replace(scope, dataset_ids=(one,)) for scope in scopes for one in scope.dataset_ids]
            again = [replace(scope, model=models[scope.dataset_ids[0]]) for scope in single]
            parts = await asyncio.gather(*(self._part(text, scope, extras) for scope in _joined(again)))
        top_k = max((scope.settings.top_k for scope in scopes), default=0)
        hits = sorted((hit for part in parts for hit in part.hits), key=_best_first)[:top_k]
        names = await in_database(self._names, hits) if hits else {}
        # A document can be deleted between the search and the look at its name.
        hits = [hit for hit in hits if hit.document_id in names]
        if hits and extras.is_counted:
            database_submit(hits_count, [hit.chunk_id for hit in hits])
        return Found(tuple(hits), names, tuple(stage for part in parts for stage in part.trace))

    async def _part(self, text: str, scope: "Scope", extras: "Extras") -> Retrieval:
        settings = scope.settings
        query = Query(
            text,
            self._workspace_id,
            scope.dataset_ids,
            settings.top_k,
            settings.mode,
            settings.score_threshold,
            filter=extras.filter,
        )
        write = extras.write
        if write is None and scope.chat_model and (settings.rewrite or settings.model_filter):
            write = await in_database(WRITERS.get(), self._workspace_id, scope.chat_model)
        reranker = await in_database(RERANKERS.get(), self._workspace_id) if settings.rerank else None
        found = await retrieve(
            query,
            settings,
            embedder=QueryEmbedder(self._workspace_id, scope.model, self._vectors),
            store=chunk_store(),
            reranker=reranker,
            write=write,
            history=extras.history,
            fields=await in_database(self._fields, scope) if settings.model_filter else None,
        )
        if not settings.rerank or reranker is not None:
            return found
        return Retrieval(found.hits, (*found.trace, Stage("rerank", 0.0, len(found.hits), {"failed": NO_RERANKER})))

    def _fields(self, scope: "Scope") -> Mapping[str, FieldType]:
        return field_types(uuid.UUID(self._workspace_id), ids_parse(list(scope.dataset_ids)))

    def pack(self, sources: Sequence[Source]) -> str:
        """Return the numbered passages as one text for a prompt."""
        return "\n".join(passage_line(source.position, source.text) for source in sources)

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        """Return the positions that `answer` cites as `[n]`."""
        positions = {source.position for source in sources}
        return frozenset(positions & cited_positions(answer, max(positions, default=0)))

    def _scopes(self, dataset_ids: list[str], asked: Mapping[str, object] | None = None) -> list["Scope"]:
        """Return one scope per dataset of this workspace, in the order in which they were made."""
        rows = Dataset.objects.within(self._workspace_id).filter(id__in=ids_parse(dataset_ids))
        columns = ("id", "embedding_model", "retrieval")
        return [
            Scope(
                model,
                retrieval_settings(defaults if asked is not None else {}, asked),
                str(defaults.get(CHAT_MODEL, "")),
                (str(dataset_id),),
            )
            for dataset_id, model, defaults in rows.order_by("created_at", "id").values_list(*columns)
        ]

    def _names(self, hits: Sequence[Hit]) -> dict[str, str]:
        ids = [uuid.UUID(hit.document_id) for hit in hits]
        rows = Document.objects.within(self._workspace_id).filter(id__in=ids)
        names = {}
        for row in rows.values_list("id", "name", "dataset_id", "dataset__name"):
            names[str(row[0])], names[str(row[2])] = row[1], row[3]
        return names
