"""Writes to the chunks of a document by hand: added, edited, switched, deleted; searches see each at once."""

import uuid
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.adapters import api_error, chunk_store, connection_release, document_ref
from backend.datasets.chunking import settings_of
from backend.datasets.models import Chunk, ChunkMode, Document, DocumentStatus, Passage
from backend.datasets.ports import EMBEDDERS
from backend.datasets.selectors import document_get
from backend.datasets.staging import active_index
from inference.errors import InferenceError
from rag.errors import RagError
from rag.ingest import Cutting, chunk_document, embedded, fitted
from rag.ports import Embedder
from rag.types import Area, ChildText, ChunkText, Extraction, Page

T = TypeVar("T")
MAX_CHUNK_CHARS = 20_000
MAX_KEYWORDS, MAX_KEYWORD_CHARS = 50, 100
CHANGEABLE = ("text", "answer", "keywords", "is_enabled")


def chunk_add(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    text: str,
    answer: str = "",
    keywords: Sequence[str] = (),
    actor: User | None = None,
) -> Chunk:
    """Add a chunk after the last one. In a dataset of parents and children, its children are cut from it.

    Raises `Conflict` while the document is indexed, and what the embedding model raises when it cannot be asked.
    """
    document = _document(workspace_id, dataset_id, document_id)
    text, answer, words = _text(text), _text(answer, may_be_empty=True), _keywords(keywords)
    made = _made(document, ChunkText(text, None, 0, 0, answer=answer), with_children=_has_children(document))
    return _put(document, made, None, {"keywords": words}, actor, "chunk.added")


def chunk_update(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    chunk_id: uuid.UUID,
    values: Mapping[str, object],
    actor: User | None = None,
) -> Chunk:
    """Change `text`, `answer`, `keywords` or `is_enabled` of a chunk. Children are cut anew when its text changes."""
    document = _document(workspace_id, dataset_id, document_id)
    row = _chunk(document, chunk_id)
    for name in values:
        if name not in CHANGEABLE:
            raise Invalid(f"{name!r} of a chunk cannot be changed; there are {', '.join(CHANGEABLE)}")
    columns: dict[str, object] = {}
    if values.get("keywords") is not None:
        columns["keywords"] = _keywords(values["keywords"])  # type: ignore[arg-type]  # checked there
    if values.get("is_enabled") is not None:
        columns["is_enabled"] = bool(values["is_enabled"])
    before = chunk_text(row)
    after = replace(
        before,
        text=_text(str(values.get("text") or before.text)),
        answer=before.answer if values.get("answer") is None else _text(str(values["answer"]), may_be_empty=True),
    )
    if after == before and columns.get("keywords", row.keywords) == row.keywords:
        return _switched(document, row, columns, actor)
    is_same = after.text == before.text
    made = after if after == before else _made(document, after, with_children=bool(before.children) and not is_same)
    return _put(document, made, row, {**columns, "is_edited": True}, actor, "chunk.updated")


def chunk_delete(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    chunk_id: uuid.UUID,
    actor: User | None = None,
) -> None:
    """Delete a chunk with its children."""
    document = _document(workspace_id, dataset_id, document_id)
    row = _chunk(document, chunk_id)
    with transaction.atomic():
        _lock(document)
        chunk_store().drop(document_ref(document), chunk_ids=[str(row.id)])
        _count(document)
        _audit(actor, "chunk.deleted", document, row.id)


def child_add(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    chunk_id: uuid.UUID,
    text: str,
    actor: User | None = None,
) -> Passage:
    """Add a child to a chunk of a dataset of parents and children; raises `Conflict` in any other."""
    document = _document(workspace_id, dataset_id, document_id)
    row = _chunk(document, chunk_id)
    if not (_has_children(document) or chunk_text(row).children):
        raise Conflict("the chunks of this document have no children: set the dataset to parents and children first")
    before = chunk_text(row)
    _children_put(document, row, (*before.children, ChildText(_text(text), 0)), actor, "child_chunk.added")
    return _children(row)[-1]


def child_update(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    chunk_id: uuid.UUID,
    child_id: uuid.UUID,
    text: str,
    actor: User | None = None,
) -> Passage:
    """Change the text of a child."""
    document = _document(workspace_id, dataset_id, document_id)
    row = _chunk(document, chunk_id)
    at = _child_at(row, child_id)
    children = list(chunk_text(row).children)
    children[at] = ChildText(_text(text), 0)
    _children_put(document, row, children, actor, "child_chunk.updated")
    return _children(row)[at]


def child_delete(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    chunk_id: uuid.UUID,
    child_id: uuid.UUID,
    actor: User | None = None,
) -> None:
    """Delete a child; raises `Conflict` for the last one, without which the chunk would not be found."""
    document = _document(workspace_id, dataset_id, document_id)
    row = _chunk(document, chunk_id)
    at = _child_at(row, child_id)
    children = chunk_text(row).children
    if len(children) == 1:
        raise Conflict("a chunk is found by its children, and this is its last: delete the chunk instead")
    _children_put(document, row, (*children[:at], *children[at + 1 :]), actor, "child_chunk.deleted")


def chunk_text(row: Chunk) -> ChunkText:
    """Return the chunk as the library knows it; children only where they have texts of their own."""
    children = tuple(ChildText(child.text, child.tokens) for child in _children(row) if child.text)
    return ChunkText(
        row.text,
        row.page,
        row.position,
        row.tokens,
        areas=tuple(Area(*area) for area in row.areas),
        answer=row.answer,
        children=children,
    )


def _children(row: Chunk) -> list[Passage]:
    return list(Passage.objects.filter(chunk_id=row.id).order_by("position"))


def _child_at(row: Chunk, child_id: uuid.UUID) -> int:
    for at, child in enumerate(_children(row)):
        if child.public_id == child_id and child.text:
            return at
    raise NotFound(f"there is no child chunk {str(child_id)!r} in this chunk")


def _document(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    document = document_get(workspace_id, dataset_id, document_id)
    if document.status not in (DocumentStatus.READY, DocumentStatus.FAILED):
        raise Conflict("the document is being indexed, which replaces its chunks: wait until it is ready")
    return document


def _chunk(document: Document, chunk_id: uuid.UUID) -> Chunk:
    rows = Chunk.objects.within(document.workspace_id)
    found = rows.filter(document_id=document.id, revision=document.revision, id=chunk_id).first()
    if found is None:
        raise NotFound(f"there is no chunk {str(chunk_id)!r} in this document")
    return found


def _text(text: str, *, may_be_empty: bool = False) -> str:
    cleaned = text.replace("\0", "").strip()
    if not cleaned and not may_be_empty:
        raise Invalid("the text of a chunk must not be empty", fields={"text": ["must not be empty"]})
    if len(cleaned) > MAX_CHUNK_CHARS:
        raise Invalid(f"the text has {len(cleaned):,} characters; a chunk has at most {MAX_CHUNK_CHARS:,}")
    return cleaned


def _keywords(given: Sequence[str]) -> list[str]:
    if isinstance(given, str) or not all(isinstance(word, str) for word in given):
        raise Invalid("keywords must be a list of words", fields={"keywords": ["must be a list of words"]})
    words = list(dict.fromkeys(word.replace("\0", "").strip()[:MAX_KEYWORD_CHARS] for word in given))
    return [word for word in words if word][:MAX_KEYWORDS]


def _has_children(document: Document) -> bool:
    mode = (document.processing or {}).get("chunk_mode") or document.dataset.chunk_mode
    return bool(mode == ChunkMode.PARENT_CHILD)


def _made(document: Document, chunk: ChunkText, *, with_children: bool) -> ChunkText:
    """Return the chunk with its tokens counted and, if asked for, its children cut anew."""
    embedder = EMBEDDERS.get()(str(document.workspace_id), document.dataset.embedding_model)
    settings = fitted(settings_of(document.dataset, document.processing), embedder.max_tokens)
    connection_release()
    if not with_children:
        return _asked(_counted(chunk, embedder))
    whole = replace(settings, mode="parent_child", parent_mode="document")
    cutting = Cutting("text", whole, embedder.count_tokens, language=document.language)
    page = Extraction((Page(chunk.text),))
    chunked = _asked(chunk_document(page, cutting, progress=lambda *_: None))
    children = tuple(child for part in chunked.chunks for child in part.children)
    return _asked(_counted(replace(chunk, children=children), embedder))


async def _counted(chunk: ChunkText, embedder: Embedder) -> ChunkText:
    texts = [chunk.text, *(child.text for child in chunk.children)]
    own, *counts = await embedder.count_tokens(texts)
    longest = max(counts, default=own)
    if longest > embedder.max_tokens:
        message = f"the text has {longest} tokens, of which {embedder.model!r} reads {embedder.max_tokens}: shorten it"
        raise Invalid(message, fields={"text": [message]})
    children = tuple(ChildText(child.text, count) for child, count in zip(chunk.children, counts, strict=True))
    return replace(chunk, tokens=own, children=children)


def _asked(call: Coroutine[object, object, T]) -> T:
    """Return what the model answers; raises its errors as the HTTP edge shows them."""

    async def asking() -> T:
        return await call

    try:
        return async_to_sync(asking)()
    except (RagError, InferenceError) as error:
        raise api_error(error) from error


def _children_put(
    document: Document, row: Chunk, children: Sequence[ChildText], actor: User | None, action: str
) -> Chunk:
    made = _made(document, replace(chunk_text(row), children=tuple(children)), with_children=False)
    return _put(document, made, row, {"is_edited": True}, actor, action)


def _put(
    document: Document,
    chunk: ChunkText,
    row: Chunk | None,
    columns: Mapping[str, object],
    actor: User | None,
    action: str,
) -> Chunk:
    """Embed a chunk and store it, with other columns of its row, in one transaction."""
    store, ref = chunk_store(), document_ref(document)
    rows = Chunk.objects.within(document.workspace_id)
    embedder = EMBEDDERS.get()(str(document.workspace_id), document.dataset.embedding_model)
    connection_release()
    vectors = _asked(embedded(chunk.passages, scope=str(document.workspace_id), embedder=embedder, store=store))
    with transaction.atomic():
        _lock(document)
        index = active_index(document.dataset_id)
        if index.model != embedder.model:
            raise Conflict("the dataset was embedded with another model just now: try again")
        chunk_id = store.put(
            ref, index_id=index.id, chunk=chunk, vectors=vectors, chunk_id=str(row.id) if row else None
        )
        if columns:
            rows.filter(id=chunk_id).update(**columns, updated_at=Now())
            store.refresh(ref, chunk_ids=[chunk_id])
        _count(document)
        _audit(actor, action, document, chunk_id)
    return rows.get(id=chunk_id)


def _switched(document: Document, row: Chunk, columns: Mapping[str, object], actor: User | None) -> Chunk:
    """Store what needs no embedding."""
    rows = Chunk.objects.within(document.workspace_id).filter(id=row.id)
    with transaction.atomic():
        _lock(document)
        if columns and rows.update(**columns, updated_at=Now()):
            if "is_enabled" in columns:
                chunk_store().refresh(document_ref(document))
            _audit(actor, "chunk.updated", document, row.id)
    return _chunk(document, row.id)


def _lock(document: Document) -> None:
    """Keep deletion and indexing of the document out until the transaction ends."""
    rows = Document.objects.within(document.workspace_id).filter(id=document.id)
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise NotFound(f"the document {str(document.id)!r} was deleted meanwhile")
    if (found.revision, found.status) != (document.revision, document.status):
        raise Conflict("the document was indexed anew meanwhile, which replaced its chunks: look at it again")


def _count(document: Document) -> None:
    chunks = Chunk.objects.within(document.workspace_id).filter(document_id=document.id, revision=document.revision)
    counted = chunks.aggregate(chunks=Count("id"), tokens=Sum("tokens", default=0))
    Document.objects.within(document.workspace_id).filter(id=document.id).update(
        chunk_count=counted["chunks"], token_count=counted["tokens"], updated_at=Now()
    )


def _audit(actor: User | None, action: str, document: Document, chunk_id: object) -> None:
    audit_record(
        workspace_id=document.workspace_id,
        actor=actor,
        action=action,
        target=str(chunk_id),
        detail={"document_id": document.id, "document": document.name},
    )
