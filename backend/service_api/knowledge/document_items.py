"""Documents as Dify shows them: in lists, whole, and how far their indexing is."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Length

from backend.datasets.chunking import FIELDS
from backend.datasets.models import Chunk, Document, DocumentStatus, MetadataField
from backend.service_api.knowledge.paging import unix
from backend.service_api.knowledge.process_rule import form_of, rule_of

BUILT_IN_ID = "built-in"
INDEXING: Mapping[str, str] = {
    DocumentStatus.QUEUED: "waiting",
    DocumentStatus.EXTRACTING: "parsing",
    DocumentStatus.SPLITTING: "splitting",
    DocumentStatus.EMBEDDING: "indexing",
    DocumentStatus.INDEXING: "indexing",
    DocumentStatus.READY: "completed",
    DocumentStatus.FAILED: "error",
}
ON_ITS_WAY = ("extracting", "splitting", "embedding", "indexing")
DISPLAYED: Mapping[str, Q] = {
    "queuing": Q(status="queued", is_paused=False),
    "indexing": Q(status__in=ON_ITS_WAY, is_paused=False),
    "paused": Q(is_paused=True),
    "error": Q(status="failed"),
    "available": Q(status="ready", is_enabled=True, is_archived=False),
    "disabled": Q(status="ready", is_enabled=False, is_archived=False),
    "archived": Q(status="ready", is_archived=True),
}
"""Dify's display statuses: each document has exactly one."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the published chunks of a document amount to."""

    characters: int = 0
    found: int = 0


def indexing_status(document: Document) -> str:
    """Return the stage under Dify's name."""
    return "paused" if document.is_paused else INDEXING[document.status]


def display_status(document: Document) -> str:
    """Return the one of `DISPLAYED` that the document is in."""
    match indexing_status(document):
        case "waiting":
            return "queuing"
        case "completed" if document.is_archived:
            return "archived"
        case "completed":
            return "available" if document.is_enabled else "disabled"
        case "error" | "paused" as status:
            return status
        case _:
            return "indexing"


def document_items(workspace_id: uuid.UUID, documents: Sequence[Document]) -> list[dict[str, object]]:
    """Return the JSON of documents of one dataset, as lists have it."""
    if not documents:
        return []
    dataset_id = documents[0].dataset_id
    ordered = Document.objects.within(workspace_id).filter(dataset_id=dataset_id).order_by("created_at", "id")
    positions = {row: at for at, row in enumerate(ordered.values_list("id", flat=True), start=1)}
    counted = _counted(workspace_id, documents)
    fields = _fields(workspace_id, dataset_id)
    return [
        _item(document, positions.get(document.id, 0), counted.get(document.id, Counted()), fields)
        for document in documents
    ]


def document_item(document: Document) -> dict[str, object]:
    """Return the JSON of one document, as lists have it."""
    return document_items(document.workspace_id, [document])[0]


def document_detail(document: Document) -> dict[str, object]:
    """Return all that Dify tells of a document."""
    item = document_item(document)
    item["data_source_info"] = item.pop("data_source_detail_dict")
    dataset = document.dataset
    own = {name: getattr(dataset, name) for name in FIELDS}
    is_ready = document.status == DocumentStatus.READY
    words = int(str(item["word_count"]))
    return {
        **item,
        "dataset_process_rule": rule_of(own),
        "document_process_rule": rule_of({**own, **(document.processing or {})}),
        "doc_language": document.language,
        "doc_type": None,
        "completed_at": unix(document.finished_at) if is_ready else None,
        "updated_at": unix(document.updated_at),
        "indexing_latency": sum(document.stage_times.values()) / 1000 if is_ready else None,
        "segment_count": document.chunk_count,
        "average_segment_length": words / document.chunk_count if document.chunk_count else 0,
    }


def indexing_items(documents: Sequence[Document]) -> list[dict[str, object]]:
    """Return how far the indexing of documents is; when each stage ended is known once all have."""
    staged = _staged(documents)
    return [_indexing(document, staged.get(document.id, 0)) for document in documents]


def _indexing(document: Document, staged: int) -> dict[str, object]:
    times = document.stage_times
    is_ended = document.finished_at is not None
    began = document.finished_at - timedelta(milliseconds=sum(times.values())) if is_ended else None
    parsed = began + timedelta(milliseconds=times.get("extracting", 0)) if began else None
    split = parsed + timedelta(milliseconds=times.get("splitting", 0)) if parsed else None
    is_ready = document.status == DocumentStatus.READY
    return {
        "id": str(document.id),
        "indexing_status": indexing_status(document),
        "processing_started_at": unix(began),
        "parsing_completed_at": unix(parsed),
        "cleaning_completed_at": unix(parsed),
        "splitting_completed_at": unix(split),
        "completed_at": unix(document.finished_at) if is_ready else None,
        "paused_at": unix(document.updated_at) if document.is_paused else None,
        "error": _error(document),
        "stopped_at": None,
        "completed_segments": document.chunk_count if is_ready else staged,
        "total_segments": document.chunk_count if is_ready else staged,
    }


def _error(document: Document) -> str | None:
    return document.reason if document.status == DocumentStatus.FAILED else None


def _item(
    document: Document, position: int, counted: Counted, fields: Mapping[str, MetadataField]
) -> dict[str, object]:
    return {
        "id": str(document.id),
        "position": position,
        "data_source_type": "website_crawl" if document.source_url else "upload_file",
        "data_source_info": {"upload_file_id": str(document.file_id or ""), **_source(document)},
        "data_source_detail_dict": {"upload_file": _file(document), **_source(document)},
        # A dataset has one rule, and its documents have theirs within themselves.
        "dataset_process_rule_id": str(document.dataset_id),
        "name": document.name,
        "created_from": "api" if document.batch else "web",
        "created_by": str(document.uploaded_by_id or ""),
        "created_at": unix(document.created_at),
        "tokens": document.token_count,
        "indexing_status": indexing_status(document),
        "error": _error(document),
        "enabled": document.is_enabled,
        "disabled_at": None,
        "disabled_by": None,
        "archived": document.is_archived,
        "display_status": display_status(document),
        "word_count": counted.characters,
        "hit_count": counted.found,
        "doc_form": form_of(document),
        "doc_metadata": _metadata(document, fields),
        "summary_index_status": None,
        "need_summary": False,
    }


def _source(document: Document) -> dict[str, str]:
    return {"url": document.source_url} if document.source_url else {}


def _file(document: Document) -> dict[str, object]:
    return {
        "id": str(document.file_id or ""),
        "name": document.name,
        "size": document.size_bytes,
        "extension": PurePosixPath(document.name).suffix.lstrip(".").lower(),
        "mime_type": document.mime_type,
        "created_by": str(document.uploaded_by_id or ""),
        "created_at": unix(document.created_at),
    }


def _metadata(document: Document, fields: Mapping[str, MetadataField]) -> list[dict[str, object]]:
    own: list[dict[str, object]] = [
        {"id": str(fields[name].id), "name": name, "type": fields[name].type, "value": value}
        for name, value in sorted(document.metadata.items())
        if name in fields
    ]
    return own + _built_in(document) if document.dataset.built_in_metadata else own


def _built_in(document: Document) -> list[dict[str, object]]:
    uploader = document.uploaded_by.email if document.uploaded_by else ""
    values: tuple[tuple[str, str, object], ...] = (
        ("document_name", "string", document.name),
        ("uploader", "string", uploader),
        ("upload_date", "time", unix(document.created_at)),
        ("last_update_date", "time", unix(document.updated_at)),
        ("source", "string", "website" if document.source_url else "file_upload"),
    )
    return [{"id": BUILT_IN_ID, "name": name, "type": kind, "value": value} for name, kind, value in values]


def _fields(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> dict[str, MetadataField]:
    return {field.name: field for field in MetadataField.objects.within(workspace_id).filter(dataset_id=dataset_id)}


def _counted(workspace_id: uuid.UUID, documents: Sequence[Document]) -> dict[uuid.UUID, Counted]:
    chunks = Chunk.objects.within(workspace_id).filter(
        document_id__in=[document.id for document in documents], revision=F("document__revision")
    )
    rows = chunks.order_by().values("document_id").annotate(characters=Sum(Length("text")), found=Sum("hit_count"))
    return {row["document_id"]: Counted(row["characters"], row["found"]) for row in rows}


def _staged(documents: Sequence[Document]) -> dict[uuid.UUID, int]:
    """Return how many chunks of the next revision are embedded already."""
    unfinished = [document.id for document in documents if document.status != DocumentStatus.READY]
    chunks = Chunk.unscoped.filter(document_id__in=unfinished, revision=F("document__revision") + 1)
    return dict(chunks.order_by().values("document_id").annotate(n=Count("id")).values_list("document_id", "n"))
