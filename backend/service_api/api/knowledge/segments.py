"""Chunks with a dataset key, which Dify calls segments: added, listed, changed, deleted."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError, Invalid
from backend.datasets import services
from backend.datasets.models import Chunk, Document
from backend.datasets.selectors import chunk_get, chunk_list
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.api.knowledge.uploads import document_of
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import SegmentBody, SegmentsBody, SegmentUpdateBody
from backend.service_api.knowledge.errors import conflicts_as_indexing
from backend.service_api.knowledge.paging import paged
from backend.service_api.knowledge.process_rule import form_of
from backend.service_api.knowledge.segment_items import segment_item

SHOWN_STATUS = "completed"


def chunk_of(caller: ApiKey, document: Document, segment_id: str) -> Chunk:
    """Return the chunk of an address with its `children`; raises `NotFound`."""
    return chunk_get(caller.workspace_id, document.dataset_id, document.id, id_of(segment_id, "segment"))


def _document(caller: ApiKey, dataset_id: str, document_id: str) -> Document:
    return document_of(caller, dataset_of(caller, dataset_id), document_id)


def _answer(caller: ApiKey, document: Document, chunk_id: object) -> HttpResponse:
    chunk = chunk_of(caller, document, str(chunk_id))
    return JsonResponse({"data": segment_item(chunk, document, chunk.children), "doc_form": form_of(document)})


def segments_add(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """POST /datasets/{id}/documents/{id}/segments: after the last one; all of them or none."""
    document = _document(caller, dataset_id, document_id)
    segments = body_of(request, SegmentsBody).segments
    _require_answers(document, segments)
    added: list[Chunk] = []
    try:
        for segment in segments:
            with conflicts_as_indexing():
                added.append(_add(caller, document, segment))
    except ApiError:
        for chunk in added:
            services.chunk_delete(
                workspace_id=caller.workspace_id,
                dataset_id=document.dataset_id,
                document_id=document.id,
                chunk_id=chunk.id,
                actor=caller.user,
            )
        raise
    shown = chunk_list(caller.workspace_id, document.dataset_id, document.id).filter(id__in=[row.id for row in added])
    data = [segment_item(chunk, document, chunk.children) for chunk in shown]
    return JsonResponse({"data": data, "doc_form": form_of(document)})


def _require_answers(document: Document, segments: list[SegmentBody]) -> None:
    for at, segment in enumerate(segments):
        if segment.attachment_ids:
            message = "pictures are no part of chunks here: leave attachment_ids out"
            raise Invalid(message, fields={f"segments.{at}.attachment_ids": [message]})
        if form_of(document) == "qa_model" and not (segment.answer or "").strip():
            message = "Answer is required: the chunks of this document are questions with answers"
            raise Invalid(message, fields={f"segments.{at}.answer": [message]})


def _add(caller: ApiKey, document: Document, segment: SegmentBody) -> Chunk:
    return services.chunk_add(
        workspace_id=caller.workspace_id,
        dataset_id=document.dataset_id,
        document_id=document.id,
        text=segment.content,
        answer=segment.answer or "",
        keywords=segment.keywords or (),
        actor=caller.user,
    )


def segments_list(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """GET /datasets/{id}/documents/{id}/segments: in their order, those with the keyword."""
    document = _document(caller, dataset_id, document_id)
    keyword = request.GET.get("keyword", "")
    rows = chunk_list(caller.workspace_id, document.dataset_id, document.id, search=keyword)
    statuses = [status for text in request.GET.getlist("status") for status in text.split(",") if status]
    if statuses and SHOWN_STATUS not in statuses:
        rows = rows.filter(Q(pk__in=[]))
    page = paged(request, rows, lambda chunks: [segment_item(chunk, document, chunk.children) for chunk in chunks])
    return JsonResponse({**page, "doc_form": form_of(document)})


def segment_read(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str
) -> HttpResponse:
    """GET /datasets/{id}/documents/{id}/segments/{id}: one chunk with its children."""
    return _answer(caller, _document(caller, dataset_id, document_id), segment_id)


def segment_change(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str
) -> HttpResponse:
    """POST /datasets/{id}/documents/{id}/segments/{id}: searches find what it says from now on."""
    document = _document(caller, dataset_id, document_id)
    chunk = chunk_of(caller, document, segment_id)
    change = body_of(request, SegmentUpdateBody).segment
    given = {"text": change.content, "answer": change.answer, "keywords": change.keywords, "is_enabled": change.enabled}
    with conflicts_as_indexing():
        changed = services.chunk_update(
            workspace_id=caller.workspace_id,
            dataset_id=document.dataset_id,
            document_id=document.id,
            chunk_id=chunk.id,
            values={name: value for name, value in given.items() if value is not None},
            actor=caller.user,
        )
    return _answer(caller, document, changed.id)


def segment_remove(
    request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str, segment_id: str
) -> HttpResponse:
    """DELETE /datasets/{id}/documents/{id}/segments/{id}: with its children."""
    document = _document(caller, dataset_id, document_id)
    chunk = chunk_of(caller, document, segment_id)
    with conflicts_as_indexing():
        services.chunk_delete(
            workspace_id=caller.workspace_id,
            dataset_id=document.dataset_id,
            document_id=document.id,
            chunk_id=chunk.id,
            actor=caller.user,
        )
    return HttpResponse(status=204)
