"""Documents with a dataset key: listed, read, watched while they are indexed, switched, described, deleted."""

import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError, Forbidden, Invalid, NotFound
from backend.datasets.filtering import typed
from backend.datasets.models import Document, MetadataField
from backend.datasets.selectors import document_list, ids_parse
from backend.datasets.services import document_delete, document_update, documents_act
from backend.datasets.services.jobs import Action
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.api.knowledge.uploads import document_of
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import DocumentIdsBody, MetadataBody, MetadataOperation
from backend.service_api.knowledge.document_items import (
    BUILT_IN_ID,
    DISPLAYED,
    document_detail,
    document_items,
    indexing_items,
)
from backend.service_api.knowledge.paging import paged

ACTIONS: Mapping[str, Action] = {
    "enable": "enable",
    "disable": "disable",
    "archive": "archive",
    "un_archive": "unarchive",
}
METADATA = ("all", "only", "without")


def documents_page(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """GET /datasets/{id}/documents: the newest first, those with the keyword and of the display status."""
    dataset = dataset_of(caller, dataset_id)
    found = document_list(caller.workspace_id, dataset.id, search=request.GET.get("keyword", ""))
    status = request.GET.get("status", "")
    if status and status not in DISPLAYED:
        message = f"status must be one of {', '.join(DISPLAYED)}, not {status[:50]!r}"
        raise Invalid(message, fields={"status": [message]})
    found = found.filter(DISPLAYED[status]) if status else found
    rows = found.select_related("dataset", "uploaded_by").order_by("-created_at", "-id")
    return JsonResponse(paged(request, rows, lambda documents: document_items(caller.workspace_id, documents)))


def document_read(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """GET /datasets/{id}/documents/{id}: all of it, or with `metadata` only its metadata, or all but that."""
    wanted = request.GET.get("metadata", "all")
    if wanted not in METADATA:
        raise ApiError(f"metadata must be one of {', '.join(METADATA)}, not {wanted[:50]!r}", code="invalid_metadata")
    detail = document_detail(document_of(caller, dataset_of(caller, dataset_id), document_id))
    if wanted == "only":
        detail = {name: detail[name] for name in ("id", "doc_type", "doc_metadata")}
    if wanted == "without":
        del detail["doc_type"], detail["doc_metadata"]
    return JsonResponse(detail)


def document_remove(request: HttpRequest, caller: ApiKey, dataset_id: str, document_id: str) -> HttpResponse:
    """DELETE /datasets/{id}/documents/{id}: with its chunks and its file, unless it is archived."""
    document = document_of(caller, dataset_of(caller, dataset_id), document_id)
    if document.is_archived:
        raise Forbidden(
            f"the document {document.name!r} is archived: take it out of the archive first",
            code="archived_document_immutable",
        )
    document_delete(
        workspace_id=caller.workspace_id,
        dataset_id=document.dataset_id,
        document_id=document.id,
        actor=caller.user,
    )
    return HttpResponse(status=204)


def indexing_status(request: HttpRequest, caller: ApiKey, dataset_id: str, batch: str) -> HttpResponse:
    """GET /datasets/{id}/documents/{batch}/indexing-status: how far each document of the batch is."""
    dataset = dataset_of(caller, dataset_id)
    # A document that the console uploaded has no batch; it was answered with its own id in its place.
    named = Q(batch=batch.replace("\0", "")) | Q(id__in=ids_parse([batch]))
    rows = Document.objects.within(caller.workspace_id).filter(named, dataset_id=dataset.id)
    documents = list(rows.order_by("created_at", "id"))
    if not documents:
        raise NotFound("Documents not found.")
    return JsonResponse({"data": indexing_items(documents)})


def documents_of(caller: ApiKey, dataset_id: uuid.UUID, texts: Sequence[str]) -> list[Document]:
    """Return the documents that a body names, in its order; raises `NotFound` for the first that is not there."""
    ids = list(dict.fromkeys(id_of(text, "document") for text in texts))
    rows = Document.objects.within(caller.workspace_id).filter(dataset_id=dataset_id, id__in=ids)
    found = {document.id: document for document in rows.select_related("file", "dataset")}
    for document_id in ids:
        if document_id not in found:
            raise NotFound(f"there is no document {str(document_id)!r} in this dataset")
    return [found[document_id] for document_id in ids]


def documents_switch(request: HttpRequest, caller: ApiKey, dataset_id: str, action: str) -> HttpResponse:
    """PATCH /datasets/{id}/documents/status/{action}: enable, disable, archive or un_archive many documents."""
    dataset = dataset_of(caller, dataset_id)
    if action not in ACTIONS:
        raise ApiError(f"the action must be one of {', '.join(ACTIONS)}, not {action[:50]!r}", code="invalid_action")
    documents = documents_of(caller, dataset.id, body_of(request, DocumentIdsBody).document_ids)
    acted = documents_act(
        workspace_id=caller.workspace_id,
        dataset_id=dataset.id,
        action=ACTIONS[action],
        ids=[document.id for document in documents],
        actor=caller.user,
    )
    if acted.skipped:
        raise ApiError(acted.skipped[0].reason, code="invalid_action")
    return JsonResponse({"result": "success"})


def documents_describe(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """POST /datasets/{id}/documents/metadata: the values of many documents, all or none of them stored."""
    dataset = dataset_of(caller, dataset_id)
    operations = body_of(request, MetadataBody).operation_data
    rows = MetadataField.objects.within(caller.workspace_id).filter(dataset_id=dataset.id)
    fields = {str(field.id): field for field in rows}
    documents = documents_of(caller, dataset.id, [operation.document_id for operation in operations])
    by_id = {document.id: document for document in documents}
    with transaction.atomic():
        for operation in operations:
            document = by_id[id_of(operation.document_id, "document")]
            changed = document_update(
                workspace_id=caller.workspace_id,
                dataset_id=dataset.id,
                document_id=document.id,
                values={"metadata": _values(operation, document, fields)},
                actor=caller.user,
            )
            by_id[document.id] = changed
    return JsonResponse({"result": "success"})


def _values(operation: MetadataOperation, document: Document, fields: Mapping[str, MetadataField]) -> dict[str, object]:
    values: dict[str, object] = dict(document.metadata) if operation.partial_update else {}
    for item in operation.metadata_list:
        if item.id == BUILT_IN_ID:
            # Lists of metadata have them, and clients send lists back as they got them.
            continue
        field = fields.get(item.id.lower())
        if field is None:
            raise NotFound(f"there is no metadata field {item.id[:100]!r} in this dataset")
        values[field.name] = typed(item.value, field.type)
    return values
