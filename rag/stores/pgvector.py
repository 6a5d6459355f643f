"""Chunks in PostgreSQL with pgvector: implements `ChunkStore` and `ChunkWriter` on tables like `ChunkTables`.

The tables belong to whoever migrates them; the modules beside this one only query them. A store holds no connection of
its own, so threads may share it.
"""

from collections.abc import Mapping, Sequence

from rag.errors import IncompleteRevisionError, InvalidQueryError
from rag.lexical import analyze
from rag.ports import DocumentRef, Vectors
from rag.stores.hits import hits_around, hits_found
from rag.stores.indexes import VectorIndexes
from rag.stores.lexicon import Lexicon
from rag.stores.ranking import LexicalSearch, statistics_of
from rag.stores.searching import VectorSearch, vector_literal
from rag.stores.tables import ChunkTables, Copy, Cursor, OpenCursor, integer
from rag.stores.writing import DocumentWriter, Live, text_hash
from rag.types import ChunkText, Hit, Query
from rag.vectors import require_direction, require_vectors

__all__ = ["ChunkTables", "Copy", "Cursor", "OpenCursor", "PgvectorStore", "VectorIndexes", "vector_literal"]


class PgvectorStore:
    """Implements `ChunkStore` and `ChunkWriter`; `indexes` is how datasets are embedded anew and get HNSW indexes."""

    def __init__(
        self, connect: OpenCursor, tables: ChunkTables | None = None, *, outside: OpenCursor | None = None
    ) -> None:
        """`outside` opens a cursor outside of transactions; only `indexes.build_ann` and `drop` need it."""
        self._connect = connect
        self._tables = tables or ChunkTables()
        self.indexes = VectorIndexes(connect, self._tables, outside)

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity inside the query's scope and datasets.

        Raises EmbeddingMismatchError when chunks in there were embedded with another number of dimensions.
        """
        require_direction(vector)
        with self._connect() as cursor:
            search = VectorSearch(cursor, self._tables, query, vector)
            return hits_found(cursor, self._tables, query, search.ranking)

    def matching(self, *, query: Query) -> list[Hit]:
        """Return the `query.top_k` chunks of highest BM25; a score is the share of what the query's words weigh."""
        with self._connect() as cursor:
            search = LexicalSearch(cursor, self._tables, query, analyze)
            return hits_found(cursor, self._tables, query, search.ranking)

    def languages(self, *, query: Query) -> Mapping[str, int]:
        """Return the languages of what the query searches, with the number of passages in each."""
        with self._connect() as cursor:
            return statistics_of(cursor, self._tables, query).languages

    def around(self, *, query: Query, hit: Hit, chunks: int) -> list[Hit]:
        """Return up to `chunks` live neighbours on each side of `hit` in its document, and itself, in their order."""
        with self._connect() as cursor:
            return hits_around(cursor, self._tables, query, hit, chunks)

    def replace(self, ref: DocumentRef, *, chunks: Sequence[ChunkText], vectors: Vectors, language: str = "") -> int:
        """Stage and publish in one: return how many chunks the document has now."""
        require_vectors([passage for chunk in chunks for passage in chunk.passages], vectors)
        index_id = self.indexes.ensure(ref.dataset_id, "")
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            state = writer.state()
            lexicon = self._lexicon(cursor, ref)
            writer.remove("", [], lexicon, state.language)
            revision, language = state.revision + 1, language or state.language
            writer.publish(revision, language)
            live = Live(lexicon, language) if state.is_live else None
            writer.insert(chunks, vectors, revision=revision, index_id=index_id, live=live)
            lexicon.settle()
        return len(chunks)

    def stage(
        self, ref: DocumentRef, *, revision: int, index_id: int, chunks: Sequence[ChunkText], vectors: Vectors
    ) -> None:
        """Store chunks of a coming revision with their vectors; a position that is there is written anew."""
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            if revision <= writer.state().revision:
                raise ValueError(f"revision {revision} is published already; stage the one after it")
            positions = [chunk.position for chunk in chunks]
            writer.remove(" AND c.revision = %s AND c.position = ANY(%s::int[])", [revision, positions], None)
            writer.insert(chunks, vectors, revision=revision, index_id=index_id)

    def staged(self, ref: DocumentRef, *, revision: int) -> Mapping[int, str]:
        """Return the digests of the chunks that are staged already, by position: they need no embedding."""
        with self._connect() as cursor:
            return self._writer(cursor, ref).positions_staged(revision)

    def publish(self, ref: DocumentRef, *, revision: int, chunks: int, language: str = "") -> int:
        """Let searches see the first `chunks` positions of this revision and remove every other revision."""
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            state = writer.state()
            staged = sum(1 for position in writer.positions_staged(revision) if position < chunks)
            if staged < chunks:
                raise IncompleteRevisionError(f"{staged} of {chunks} chunks are staged; stage the others first")
            lexicon = self._lexicon(cursor, ref)
            others = " AND (c.revision <> %s OR c.position >= %s)"
            writer.remove(others, [revision, chunks], lexicon, state.language)
            if language and language != state.language:
                # What was published already has its words in the former language.
                writer.hide("", [], state.language, lexicon)
            writer.publish(revision, language or state.language)
            writer.refresh(writer.state(), lexicon)
            lexicon.settle()
        return chunks

    def delete(self, ref: DocumentRef) -> int:
        """Remove all chunks of a document, of every revision, and return how many there were."""
        return self._removed(ref, "", [])

    def put(
        self,
        ref: DocumentRef,
        *,
        index_id: int,
        chunk: ChunkText,
        vectors: Vectors,
        chunk_id: str | None,
    ) -> str:
        """Add a chunk (`chunk_id` None: after the last) or change one, searchable at once; return its id."""
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            state = writer.state()
            lexicon = self._lexicon(cursor, ref)
            if chunk_id is None:
                chunk_id = writer.append(chunk, vectors, revision=state.revision, index_id=index_id)
            else:
                writer.change(chunk_id, chunk, vectors, index_id, lexicon)
            writer.refresh(state, lexicon)
            lexicon.settle()
        return chunk_id

    def drop(self, ref: DocumentRef, *, chunk_ids: Sequence[str]) -> int:
        """Remove chunks and return how many there were."""
        return self._removed(ref, " AND c.id = ANY(%s::uuid[])", [list(chunk_ids)])

    def refresh(self, ref: DocumentRef, *, chunk_ids: Sequence[str] = ()) -> None:
        """Make live what is enabled, and nothing else: for when a document or its chunks were switched.

        The words of `chunk_ids` are counted anew: their keywords were changed.
        """
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            state = writer.state()
            lexicon = self._lexicon(cursor, ref)
            if chunk_ids:
                writer.hide(" AND c.id = ANY(%s::uuid[])", [list(chunk_ids)], state.language, lexicon)
            writer.refresh(state, lexicon)
            lexicon.settle()

    def known_vectors(self, *, scope: str, model: str, texts: Sequence[str]) -> dict[str, Sequence[float]]:
        """Return vectors by text for those of `texts` that this workspace has embedded with `model` before."""
        hashes = {str(text_hash(text)): text for text in texts}
        if not model:
            return {}
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_KNOWN_VECTORS), [scope, list(hashes), model])
            found: dict[str, Sequence[float]] = {}
            for name, vector in cursor.fetchall():
                assert isinstance(vector, list)
                found[hashes[str(name)]] = vector
        return found

    def live_passages(self, *, scope: str, dataset_id: str) -> int:
        """Return how many passages of a dataset searches may find."""
        with self._connect() as cursor:
            return statistics_of(cursor, self._tables, Query("", scope, (dataset_id,))).passages

    def drop_dataset(self, *, scope: str, dataset_id: str) -> None:
        """Remove everything of a dataset but its documents' rows, in one transaction; HNSW indexes first."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_FOREIGN), [dataset_id, scope])
            if cursor.fetchall():
                raise InvalidQueryError(f"dataset {dataset_id!r} is not in this scope; nothing was removed")
            cursor.execute(self._tables.sql("SELECT id FROM {index} WHERE dataset_id = %s::uuid"), [dataset_id])
            indexes = [integer(row[0]) for row in cursor.fetchall()]
        for index_id in indexes:
            self.indexes.drop_ann(index_id)
        with self._connect() as cursor:
            for statement in _DROP_DATASET:
                cursor.execute(self._tables.sql(statement), [dataset_id])

    def _writer(self, cursor: Cursor, ref: DocumentRef) -> DocumentWriter:
        return DocumentWriter(cursor, self._tables, ref, analyze)

    def _lexicon(self, cursor: Cursor, ref: DocumentRef) -> Lexicon:
        return Lexicon(cursor, self._tables, ref.dataset_id, analyze)

    def _removed(self, ref: DocumentRef, condition: str, parameters: list[object]) -> int:
        with self._connect() as cursor:
            writer = self._writer(cursor, ref)
            language = writer.language()
            if language is None:
                return 0
            lexicon = self._lexicon(cursor, ref)
            removed = writer.remove(condition, parameters, lexicon, language)
            lexicon.settle()
        return removed


_KNOWN_VECTORS = """
SELECT DISTINCT ON (p.text_hash) p.text_hash, v.embedding::real[]
FROM {passage} AS p JOIN {vector} AS v ON v.passage_id = p.id JOIN {index} AS i ON i.id = v.index_id
WHERE p.workspace_id = %s::uuid AND p.text_hash = ANY(%s::uuid[]) AND i.model = %s
"""
_FOREIGN = "SELECT FROM {document} WHERE dataset_id = %s::uuid AND workspace_id <> %s::uuid LIMIT 1"
_DROP_DATASET = (
    "DELETE FROM {posting} AS p USING {term} AS t WHERE p.term_id = t.id AND t.dataset_id = %s::uuid",
    "DELETE FROM {term} WHERE dataset_id = %s::uuid",
    "DELETE FROM {statistics} WHERE dataset_id = %s::uuid",
    "DELETE FROM {vector} AS v USING {index} AS i WHERE v.index_id = i.id AND i.dataset_id = %s::uuid",
    "DELETE FROM {index} WHERE dataset_id = %s::uuid",
    "DELETE FROM {passage} WHERE dataset_id = %s::uuid",
    "DELETE FROM {chunk} WHERE dataset_id = %s::uuid",
)
