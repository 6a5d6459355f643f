"""Chunks in memory, searched exactly: for tests and small tools, and the reference that other stores are held to."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rag.errors import ChunkNotFoundError, EmbeddingMismatchError, IncompleteRevisionError
from rag.lexical import analyze
from rag.lexical.bm25 import norm_of, weights_of
from rag.ports import DocumentRef, Vectors
from rag.stores.documents import DocumentInfo, is_kept
from rag.types import ChunkText, Hit, Query
from rag.vectors import require_direction, require_vectors


@dataclass(slots=True)
class _Document:
    ref: DocumentRef
    info: DocumentInfo
    revision: int = 0
    language: str = ""


@dataclass(slots=True)
class _Chunk:
    """A chunk with one vector and one bag of words per passage."""

    id: str
    document: _Document
    revision: int
    chunk: ChunkText
    vectors: list[Sequence[float]]
    is_enabled: bool = True
    words: list[Counter[str]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.is_enabled and self.document.info.is_enabled and self.revision == self.document.revision


class MemoryStore:
    """Implements `ChunkStore` and `ChunkWriter`; thread-safe, gone with the process. Any index id is its one index."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._chunks: list[_Chunk] = []
        self._lock = threading.RLock()

    def describe(self, ref: DocumentRef, info: DocumentInfo) -> None:
        """Say what filters can ask of a document, and whether it is enabled; adds it when it is not there."""
        with self._lock:
            self._document(ref).info = info

    def switch(self, ref: DocumentRef, *, chunk_ids: Sequence[str], is_enabled: bool) -> None:
        """Enable or disable chunks."""
        with self._lock:
            for row in self._of(ref):
                if row.id in chunk_ids:
                    row.is_enabled = is_enabled

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity inside the query's scope and datasets."""
        require_direction(vector)
        with self._lock:
            found = [
                (row, number, _cosine(one, vector))
                for row in self._searched(query)
                for number, one in enumerate(row.vectors)
            ]
        return _best(found, query.top_k)

    def matching(self, *, query: Query) -> list[Hit]:
        """Return the `query.top_k` chunks of highest BM25; a score is the share of what the query's words weigh."""
        with self._lock:
            whole = list(self._searched(replace(query, document_ids=None, filter=None)))
            bags = [bag for row in whole for bag in row.words]
            norm = norm_of(len(bags), sum(bag.total() for bag in bags))
            having = Counter(term for bag in bags for term in bag)
            analyses = [analyze(query.text, language) for language in self.languages(query=query)]
            weights = weights_of(analyses, having, len(bags))
            found = []
            for row in self._searched(query):
                for number, bag in enumerate(row.words):
                    length = bag.total()
                    score = sum(w * norm.earned(bag[t], length) for t, w in weights.of.items() if t in bag)
                    found += [(row, number, score / weights.total)] if score else []
        return _best(found, query.top_k)

    def languages(self, *, query: Query) -> Mapping[str, int]:
        """Return the languages of what the query searches, with the number of passages in each."""
        with self._lock:
            rows = self._searched(replace(query, document_ids=None, filter=None))
            return dict(Counter(row.document.language for row in rows for _ in row.words))

    def around(self, *, query: Query, hit: Hit, chunks: int) -> list[Hit]:
        """Return up to `chunks` live neighbours on each side of `hit` in its document, and itself, in their order."""
        with self._lock:
            rows = sorted(
                (row for row in self._searched(replace(query, document_ids=(hit.document_id,), filter=None))),
                key=lambda row: row.chunk.position,
            )
        before = [row for row in rows if row.chunk.position < hit.position][-chunks:] if chunks else []
        after = [row for row in rows if row.chunk.position >= hit.position][: chunks + 1]
        return [replace(_hit(row, 0, hit.score), child="") for row in before + after]

    def replace(self, ref: DocumentRef, *, chunks: Sequence[ChunkText], vectors: Vectors, language: str = "") -> int:
        """Stage and publish in one: return how many chunks the document has now."""
        with self._lock:
            revision = self._document(ref).revision + 1
            self.stage(ref, revision=revision, index_id=0, chunks=chunks, vectors=vectors)
            self._publish(ref, revision, [chunk.position for chunk in chunks], language)
        return len(chunks)

    def stage(
        self, ref: DocumentRef, *, revision: int, index_id: int, chunks: Sequence[ChunkText], vectors: Vectors
    ) -> None:
        """Store chunks of a coming revision with their vectors; a position that is there is written anew."""
        require_vectors([passage for chunk in chunks for passage in chunk.passages], vectors)
        with self._lock:
            document = self._document(ref)
            if revision <= document.revision:
                raise ValueError(f"revision {revision} is published already; stage the one after it")
            self._require_dimensions(ref, vectors)
            positions = {chunk.position for chunk in chunks}
            self._chunks = [
                row
                for row in self._chunks
                if row.document is not document or row.revision != revision or row.chunk.position not in positions
            ]
            coming = iter(vectors)
            for chunk in chunks:
                own = [next(coming) for _ in chunk.passages]
                self._chunks.append(_Chunk(str(uuid.uuid4()), document, revision, chunk, own))

    def staged(self, ref: DocumentRef, *, revision: int) -> Mapping[int, str]:
        """Return the digests of the chunks that are staged already, by position: they need no embedding."""
        with self._lock:
            return {row.chunk.position: row.chunk.digest for row in self._of(ref) if row.revision == revision}

    def publish(self, ref: DocumentRef, *, revision: int, chunks: int, language: str = "") -> int:
        """Let searches see the first `chunks` positions of this revision and remove every other revision."""
        with self._lock:
            staged = sum(1 for position in self.staged(ref, revision=revision) if position < chunks)
            if staged < chunks:
                raise IncompleteRevisionError(f"{staged} of {chunks} chunks are staged; stage the others first")
            self._publish(ref, revision, range(chunks), language)
        return chunks

    def delete(self, ref: DocumentRef) -> int:
        """Remove all chunks of a document, of every revision, and return how many there were."""
        with self._lock:
            return self.drop(ref, chunk_ids=[row.id for row in self._of(ref)])

    def put(self, ref: DocumentRef, *, index_id: int, chunk: ChunkText, vectors: Vectors, chunk_id: str | None) -> str:
        """Add a chunk (`chunk_id` None: after the last) or change one, searchable at once; return its id."""
        require_vectors(list(chunk.passages), vectors)
        with self._lock:
            document = self._document(ref)
            self._require_dimensions(ref, vectors)
            if chunk_id is None:
                last = max(
                    (row.chunk.position for row in self._of(ref) if row.revision == document.revision), default=-1
                )
                row = _Chunk(str(uuid.uuid4()), document, document.revision, chunk, [])
                row.chunk = replace(chunk, position=last + 1)
                self._chunks.append(row)
            else:
                found = [row for row in self._of(ref) if row.id == chunk_id]
                if not found:
                    raise ChunkNotFoundError(f"there is no chunk {chunk_id!r} in this document")
                [row] = found
                row.chunk = replace(chunk, position=row.chunk.position)
            row.vectors = list(vectors)
            _count_words(row)
        return row.id

    def drop(self, ref: DocumentRef, *, chunk_ids: Sequence[str]) -> int:
        """Remove chunks and return how many there were."""
        with self._lock:
            gone = {row.id for row in self._of(ref)} & set(chunk_ids)
            self._chunks = [row for row in self._chunks if row.id not in gone]
        return len(gone)

    def refresh(self, ref: DocumentRef, *, chunk_ids: Sequence[str] = ()) -> None:
        """Nothing is kept beside the chunks: what is switched counts at once."""

    def known_vectors(self, *, scope: str, model: str, texts: Sequence[str]) -> dict[str, Sequence[float]]:
        """Return vectors by text for those of `texts` that this scope has embedded before."""
        with self._lock:
            known = {
                text: vector
                for row in self._chunks
                if row.document.ref.scope == scope
                for text, vector in zip(row.chunk.passages, row.vectors, strict=True)
            }
        return {text: known[text] for text in texts if text in known}

    def _document(self, ref: DocumentRef) -> _Document:
        with self._lock:
            document = self._documents.setdefault(ref.document_id, _Document(ref, DocumentInfo(ref.document_id)))
        if document.ref != ref:
            raise ChunkNotFoundError(f"document {ref.document_id!r} is not in this scope and dataset")
        return document

    def _of(self, ref: DocumentRef) -> Iterable[_Chunk]:
        return [row for row in self._chunks if row.document.ref == ref]

    def _publish(self, ref: DocumentRef, revision: int, positions: Iterable[int], language: str) -> None:
        document, kept = self._document(ref), set(positions)
        document.revision, document.language = revision, language or document.language
        self._chunks = [
            row
            for row in self._chunks
            if row.document is not document or (row.revision == revision and row.chunk.position in kept)
        ]
        for row in self._of(ref):
            _count_words(row)

    def _require_dimensions(self, ref: DocumentRef, vectors: Vectors) -> None:
        others = (row.vectors for row in self._chunks if row.document.ref.dataset_id == ref.dataset_id)
        known = next((len(vector) for own in others for vector in own), None)
        if vectors and known not in (None, len(vectors[0])):
            raise EmbeddingMismatchError(
                f"the vectors have {len(vectors[0])} dimensions, those of the dataset have {known}; "
                "index the dataset again with the model that is set now"
            )

    def _searched(self, query: Query) -> Iterable[_Chunk]:
        for row in self._chunks:
            ref, info = row.document.ref, row.document.info
            if (
                row.is_live
                and ref.scope == query.scope
                and ref.dataset_id in query.dataset_ids
                and (query.document_ids is None or ref.document_id in query.document_ids)
                and (query.filter is None or is_kept(info, query.filter))
            ):
                yield row


def _count_words(row: _Chunk) -> None:
    row.words = [Counter(analyze(text, row.document.language)) for text in row.chunk.passages]


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    if len(one) != len(other):
        raise EmbeddingMismatchError(
            f"the query has {len(other)} dimensions, stored chunks have {len(one)}; "
            "index the dataset again with the model that is set now"
        )
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _best(found: Sequence[tuple[_Chunk, int, float]], top_k: int) -> list[Hit]:
    """Return one hit per chunk, under its best passage."""
    best: dict[str, Hit] = {}
    for row, number, score in found:
        if row.id not in best or best[row.id].score < score:
            best[row.id] = _hit(row, number, min(max(score, 0.0), 1.0))
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.document_id, hit.position))[:top_k]


def _hit(row: _Chunk, passage: int, score: float) -> Hit:
    chunk, ref = row.chunk, row.document.ref
    return Hit(
        chunk_id=row.id,
        document_id=ref.document_id,
        dataset_id=ref.dataset_id,
        text=chunk.text,
        page=chunk.page,
        position=chunk.position,
        score=score,
        answer=chunk.answer,
        areas=chunk.areas,
        child=chunk.children[passage].text if chunk.children else "",
    )
