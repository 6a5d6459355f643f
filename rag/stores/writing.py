"""Writes the chunks of one document inside one transaction: rows, vectors, words, and what of it searches may see."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from rag.errors import ChunkNotFoundError, DocumentNotFoundError, EmbeddingMismatchError, IncompleteRevisionError
from rag.ports import DocumentRef, Vectors
from rag.stores.binary_copy import copy_vectors
from rag.stores.lexicon import Analyze, Lexicon
from rag.stores.row_copy import copy_rows
from rag.stores.tables import ChunkTables, Cursor, integer, storable
from rag.types import ChunkText
from rag.vectors import require_vectors

BATCH = 500


@dataclass(frozen=True, slots=True)
class _State:
    """What a document's row says; `is_live` that searches may find it."""

    revision: int
    language: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class Live:
    """What makes passages searchable as they are inserted: where their words go, and the language they are in."""

    lexicon: Lexicon
    language: str


@dataclass(frozen=True, slots=True)
class _Rows:
    """Chunks under their ids, with one vector per passage."""

    chunk_ids: Sequence[str]
    chunks: Sequence[ChunkText]
    vectors: Vectors


def text_hash(text: str) -> uuid.UUID:
    """Return the name under which a vector of this text is found again."""
    return uuid.UUID(bytes=sha256(text.encode()).digest()[:16])


class DocumentWriter:
    """Writes one document while one transaction lasts; other writers of the same document wait for it."""

    def __init__(self, cursor: Cursor, tables: ChunkTables, ref: DocumentRef, analyze: Analyze) -> None:
        self._cursor = cursor
        self._tables = tables
        self._ref = ref
        self._analyze = analyze
        # A job that is delivered twice must not leave both its results.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"chunks:{ref.document_id}"])

    def state(self) -> _State:
        """Return what the document's row says; raises DocumentNotFoundError when there is none in its scope."""
        rows = self._rows(_DOCUMENT, [self._ref.scope, self._ref.dataset_id, self._ref.document_id])
        if not rows:
            raise DocumentNotFoundError(
                f"there is no document {self._ref.document_id!r} in dataset {self._ref.dataset_id!r}; add it first"
            )
        [(revision, language, is_enabled, is_archived)] = rows
        return _State(integer(revision), str(language), bool(is_enabled) and not is_archived)

    def insert(
        self,
        chunks: Sequence[ChunkText],
        vectors: Vectors,
        *,
        revision: int,
        index_id: int,
        live: Live | None = None,
    ) -> None:
        """Insert chunks, their passages and vectors; with `live` searches find them at once."""
        chunks = [_storable(chunk) for chunk in chunks]
        passages = [passage for chunk in chunks for passage in chunk.passages]
        require_vectors(passages, vectors)
        self._require_dimensions(index_id, vectors)
        done = 0
        for first in range(0, len(chunks), BATCH):
            batch = chunks[first : first + BATCH]
            count = sum(len(chunk.passages) for chunk in batch)
            self._insert_batch(batch, vectors[done : done + count], revision, index_id, live)
            done += count

    def make_live(self, found: Mapping[int, str], language: str, lexicon: Lexicon) -> None:
        """Let searches find passages (id → text)."""
        ids = list(found)
        for first in range(0, len(ids), BATCH):
            batch = ids[first : first + BATCH]
            lengths = lexicon.add({one: found[one] for one in batch}, language)
            self._execute(_PASSAGES_LIVE, [batch, [lengths[one] for one in batch]])
            self._execute(_VECTORS_SWITCH, [True, batch])

    def hide(self, condition: str, parameters: Sequence[object], language: str, lexicon: Lexicon) -> None:
        """Take live passages for which `condition` (on passage `p` and chunk `c`) holds out of every search."""
        lengths = {
            integer(one): integer(words)
            for one, words in self._rows(_LIVE_PASSAGES + condition, [*self._own(), *parameters])
        }
        ids = list(lengths)
        for first in range(0, len(ids), BATCH):
            batch = ids[first : first + BATCH]
            lexicon.remove({one: lengths[one] for one in batch}, language)
            self._execute(_PASSAGES_HIDE, [batch])
            self._execute(_VECTORS_SWITCH, [False, batch])

    def refresh(self, state: _State, lexicon: Lexicon) -> None:
        """Make live what is enabled in the published revision, and nothing else."""
        if state.is_live:
            wrong = " AND (NOT c.is_enabled OR c.revision <> %s)"
            self.hide(wrong, [state.revision], state.language, lexicon)
        else:
            self.hide("", [], state.language, lexicon)
            return
        last = 0
        while rows := self._rows(_WAITING_PASSAGES, [*self._own(), state.revision, last, BATCH]):
            self.make_live({integer(one): _searched(text, words) for one, text, words in rows}, state.language, lexicon)
            last = integer(rows[-1][0])

    def remove(self, condition: str, parameters: Sequence[object], lexicon: Lexicon | None, language: str = "") -> int:
        """Delete chunks for which `condition` (on chunk `c`) holds, and return how many there were."""
        if lexicon is not None:
            self.hide(condition, parameters, language, lexicon)
        ids = [str(row[0]) for row in self._rows(_CHUNKS + condition, [*self._own(), *parameters])]
        for first in range(0, len(ids), BATCH):
            batch = ids[first : first + BATCH]
            for statement in (_VECTORS_DELETE, _PASSAGES_DELETE, _CHUNKS_DELETE):
                self._execute(statement, [batch])
        return len(ids)

    def change(self, chunk_id: str, chunk: ChunkText, vectors: Vectors, index_id: int, lexicon: Lexicon) -> None:
        """Write a chunk anew in its place; children with the same text keep their public ids."""
        chunk = _storable(chunk)
        require_vectors(list(chunk.passages), vectors)
        self._require_dimensions(index_id, vectors)
        state = self.state()
        own = [*self._own(), chunk_id]
        rows = self._rows(_CHUNK_PASSAGES, own)
        if not rows:
            raise ChunkNotFoundError(f"there is no chunk {chunk_id!r} in this document; look at its chunks again")
        self.hide(" AND c.id = %s::uuid", [chunk_id], state.language, lexicon)
        self._execute(_VECTORS_DELETE, [[chunk_id]])
        self._execute(_PASSAGES_DELETE, [[chunk_id]])
        values = [chunk.text, chunk.answer, chunk.page, chunk.tokens, _areas(chunk), chunk.digest]
        self._execute(_CHUNK_CHANGE, [*values, *own])
        public_ids = _public_ids(rows, chunk.passages)
        self._insert_passages(_Rows([chunk_id], [chunk], vectors), index_id, public_ids=public_ids)

    def append(self, chunk: ChunkText, vectors: Vectors, *, revision: int, index_id: int) -> str:
        """Insert a chunk that a person wrote after the last of a revision, and return its id."""
        [(last,)] = self._rows(_LAST_POSITION, [*self._own(), revision])
        position = integer(last) + 1
        self.insert([replace(chunk, position=position)], vectors, revision=revision, index_id=index_id)
        [(chunk_id,)] = self._rows(_CHUNK_EDITED, [*self._own(), revision, position])
        return str(chunk_id)

    def language(self) -> str | None:
        """Return the language of the document's words, or None when the document is not in its scope."""
        rows = self._rows(_DOCUMENT, [self._ref.scope, self._ref.dataset_id, self._ref.document_id])
        return str(rows[0][1]) if rows else None

    def positions_staged(self, revision: int) -> dict[int, str]:
        """Return the digests of the chunks of a revision by position."""
        return {integer(p): str(d) for p, d in self._rows(_DIGESTS, [*self._own(), revision])}

    def publish(self, revision: int, language: str) -> None:
        """Write into the document's row what is searched from now on."""
        self._execute(_DOCUMENT_PUBLISH, [revision, language, self._ref.scope, self._ref.document_id])

    def _insert_batch(
        self, chunks: Sequence[ChunkText], vectors: Vectors, revision: int, index_id: int, live: Live | None
    ) -> None:
        ids = [str(uuid.uuid4()) for _ in chunks]
        own = (self._ref.scope, self._ref.dataset_id, self._ref.document_id, revision)
        now = datetime.now(UTC)
        new = ("[]", True, False, 0, now, now)
        written = (
            (*own, chunk_id, *(getattr(chunk, name) for name in _CHUNK_FIELDS), _areas(chunk), *new)
            for chunk_id, chunk in zip(ids, chunks, strict=True)
        )
        copy_rows(self._cursor, self._tables.chunk, _CHUNK_COLUMNS, written)
        self._insert_passages(_Rows(ids, chunks, vectors), index_id, live=live)

    def _insert_passages(
        self, rows: _Rows, index_id: int, *, public_ids: Sequence[str] = (), live: Live | None = None
    ) -> None:
        # A passage that is its chunk repeats no text.
        passages = [
            (chunk_id, position, text if chunk.children else "", _tokens(chunk, position), text)
            for chunk_id, chunk in zip(rows.chunk_ids, rows.chunks, strict=True)
            for position, text in enumerate(chunk.passages)
        ]
        ids = [integer(row[0]) for row in self._rows(_PASSAGE_IDS, [self._tables.passage, len(passages)])]
        texts = dict(zip(ids, (row[4] for row in passages), strict=True))
        lengths = live.lexicon.add(texts, live.language) if live else {}
        own = (self._ref.scope, self._ref.dataset_id, self._ref.document_id, live is not None)
        public = list(public_ids) or [str(uuid.uuid4()) for _ in passages]
        written = (
            (*own, one, public_id, *row[:4], text_hash(row[4]), lengths.get(one, 0))
            for one, public_id, row in zip(ids, public, passages, strict=True)
        )
        copy_rows(self._cursor, self._tables.passage, _PASSAGE_COLUMNS, written)
        copy_vectors(
            self._cursor,
            self._tables.vector,
            index_id=index_id,
            document_ids=[self._ref.document_id] * len(ids),
            passage_ids=ids,
            vectors=rows.vectors,
            is_live=[live is not None] * len(ids),
        )

    def _require_dimensions(self, index_id: int, vectors: Vectors) -> None:
        """Hold vectors to the dimensions of the index; the first that come decide them."""
        if not vectors:
            return
        own = [index_id, self._ref.dataset_id]
        self._execute(_INDEX_DECIDE, [len(vectors[0]), *own])
        rows = self._rows(_INDEX_DIMENSIONS, own)
        if not rows:
            raise IncompleteRevisionError("the dataset was embedded with another model meanwhile; index it anew")
        if rows[0][0] != len(vectors[0]):
            raise EmbeddingMismatchError(
                f"the vectors have {len(vectors[0])} dimensions, those of the dataset have {rows[0][0]}; "
                "index the dataset again with the model that is set now"
            )

    def _own(self) -> list[object]:
        return [self._ref.scope, self._ref.document_id]

    def _execute(self, statement: str, parameters: Sequence[object]) -> None:
        self._cursor.execute(self._tables.sql(statement), parameters)

    def _rows(self, statement: str, parameters: Sequence[object]) -> Sequence[tuple[object, ...]]:
        self._execute(statement, parameters)
        return self._cursor.fetchall()


def _storable(chunk: ChunkText) -> ChunkText:
    """Leave out what PostgreSQL does not take: NUL characters and halves of surrogate pairs."""
    texts = (chunk.text, chunk.answer, *(child.text for child in chunk.children))
    if all(storable(text) == text for text in texts):
        return chunk
    children = tuple(replace(child, text=storable(child.text)) for child in chunk.children)
    return replace(chunk, text=storable(chunk.text), answer=storable(chunk.answer), children=children)


def _tokens(chunk: ChunkText, position: int) -> int:
    return chunk.children[position].tokens if chunk.children else chunk.tokens


def _areas(chunk: ChunkText) -> str:
    return json.dumps([[area.x0, area.y0, area.x1, area.y1] for area in chunk.areas])


def _searched(text: object, keywords: object) -> str:
    """Return what full-text search reads of a passage: its text and the keywords that people gave its chunk."""
    words = json.loads(keywords) if isinstance(keywords, str) else keywords
    return " ".join([str(text), *map(str, words)]) if isinstance(words, list) and words else str(text)


def _public_ids(rows: Sequence[tuple[object, ...]], texts: Sequence[str]) -> list[str]:
    """Return ids for `texts`: of the same text before, else of what stood in its place, else new ones."""
    former = [(str(public_id), str(text)) for public_id, text in rows]
    chosen: list[str | None] = [None] * len(texts)
    for number, text in enumerate(texts):
        match = next((pair for pair in former if pair[1] == text), None)
        if match:
            former.remove(match)
            chosen[number] = match[0]
    rest = [public_id for public_id, _ in former]
    # As many as before: one was changed. Fewer or more: some went, or came.
    reused = iter(rest if len(rows) == len(texts) else [])
    return [one or next(reused, None) or str(uuid.uuid4()) for one in chosen]


_DOCUMENT = """
SELECT revision, language, is_enabled, is_archived FROM {document}
WHERE workspace_id = %s::uuid AND dataset_id = %s::uuid AND id = %s::uuid
"""
_DOCUMENT_PUBLISH = """
UPDATE {document} SET revision = %s, language = %s WHERE workspace_id = %s::uuid AND id = %s::uuid
"""
_INDEX_DECIDE = """
UPDATE {index} SET dimensions = %s WHERE id = %s AND dataset_id = %s::uuid AND dimensions IS NULL
"""
# Until the commit the index is not replaced by another one, in which these passages had no vectors.
_INDEX_DIMENSIONS = """
SELECT dimensions FROM {index} WHERE id = %s AND dataset_id = %s::uuid AND state IN ('active', 'building')
FOR KEY SHARE
"""
_CHUNKS = "SELECT c.id FROM {chunk} AS c WHERE c.workspace_id = %s::uuid AND c.document_id = %s::uuid"
_LIVE_PASSAGES = """
SELECT p.id, p.words FROM {passage} AS p JOIN {chunk} AS c ON c.id = p.chunk_id
WHERE p.workspace_id = %s::uuid AND p.document_id = %s::uuid AND p.is_live
"""
_WAITING_PASSAGES = """
SELECT p.id, coalesce(nullif(p.text, ''), c.text), c.keywords
FROM {passage} AS p JOIN {chunk} AS c ON c.id = p.chunk_id
WHERE p.workspace_id = %s::uuid AND p.document_id = %s::uuid AND NOT p.is_live AND c.is_enabled AND c.revision = %s
  AND p.id > %s
ORDER BY p.id LIMIT %s
"""
_PASSAGES_LIVE = """
UPDATE {passage} AS p SET is_live = true, words = live.words
FROM unnest(%s::bigint[], %s::int[]) AS live (id, words) WHERE p.id = live.id
"""
_PASSAGES_HIDE = "UPDATE {passage} SET is_live = false WHERE id = ANY(%s::bigint[])"
_VECTORS_SWITCH = "UPDATE {vector} SET is_live = %s WHERE passage_id = ANY(%s::bigint[])"
_VECTORS_DELETE = """
DELETE FROM {vector} WHERE passage_id IN (SELECT id FROM {passage} WHERE chunk_id = ANY(%s::uuid[]))
"""
_PASSAGES_DELETE = "DELETE FROM {passage} WHERE chunk_id = ANY(%s::uuid[])"
_CHUNKS_DELETE = "DELETE FROM {chunk} WHERE id = ANY(%s::uuid[])"
_CHUNK_PASSAGES = """
SELECT p.public_id, p.text FROM {passage} AS p
WHERE p.workspace_id = %s::uuid AND p.document_id = %s::uuid AND p.chunk_id = %s::uuid ORDER BY p.position
"""
_CHUNK_CHANGE = """
UPDATE {chunk} SET text = %s, answer = %s, page = %s, tokens = %s, areas = %s::jsonb, digest = %s, is_edited = true,
                   updated_at = now()
WHERE workspace_id = %s::uuid AND document_id = %s::uuid AND id = %s::uuid
"""
_LAST_POSITION = """
SELECT coalesce(max(position), -1) FROM {chunk}
WHERE workspace_id = %s::uuid AND document_id = %s::uuid AND revision = %s
"""
_CHUNK_EDITED = """
UPDATE {chunk} SET is_edited = true
WHERE workspace_id = %s::uuid AND document_id = %s::uuid AND revision = %s AND position = %s RETURNING id
"""
_DIGESTS = """
SELECT position, digest FROM {chunk} WHERE workspace_id = %s::uuid AND document_id = %s::uuid AND revision = %s
"""
_CHUNK_FIELDS = ("position", "page", "text", "answer", "tokens", "digest")
_CHUNK_COLUMNS = (
    *("workspace_id", "dataset_id", "document_id", "revision", "id", *_CHUNK_FIELDS, "areas"),
    *("keywords", "is_enabled", "is_edited", "hit_count", "created_at", "updated_at"),
)
_PASSAGE_IDS = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
_PASSAGE_COLUMNS = (
    *("workspace_id", "dataset_id", "document_id", "is_live", "id", "public_id", "chunk_id", "position", "text"),
    *("tokens", "text_hash", "words"),
)
