"""Metadata fields of a dataset with a dataset key; their values are set at the documents."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError
from backend.datasets import metadata
from backend.datasets.models import MetadataField
from backend.datasets.services import dataset_update
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import FieldBody, FieldRenameBody
from backend.service_api.knowledge.document_items import BUILT_IN_ID
from rag.filters import BUILT_IN_FIELDS

SWITCHES = {"enable": True, "disable": False}


def _item(field: MetadataField) -> dict[str, str]:
    return {"id": str(field.id), "name": field.name, "type": field.type}


def fields_list(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """GET /datasets/{id}/metadata: its fields, with how many documents have a value for each."""
    dataset = dataset_of(caller, dataset_id)
    fields = [
        {"id": str(field.id or BUILT_IN_ID), "name": field.name, "type": field.type, "count": field.count}
        for field in metadata.metadata_fields(caller.workspace_id, dataset.id)
    ]
    return JsonResponse({"doc_metadata": fields, "built_in_field_enabled": dataset.built_in_metadata})


def field_make(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """POST /datasets/{id}/metadata: a new field."""
    dataset = dataset_of(caller, dataset_id)
    body = body_of(request, FieldBody)
    made = metadata.field_create(
        workspace_id=caller.workspace_id, dataset_id=dataset.id, name=body.name, type=body.type, actor=caller.user
    )
    return JsonResponse(_item(made), status=201)


def field_rename(request: HttpRequest, caller: ApiKey, dataset_id: str, metadata_id: str) -> HttpResponse:
    """PATCH /datasets/{id}/metadata/{id}: another name, in every document too."""
    dataset = dataset_of(caller, dataset_id)
    field = metadata.field_get(caller.workspace_id, dataset.id, id_of(metadata_id, "metadata field"))
    name = body_of(request, FieldRenameBody).name
    renamed = metadata.field_update(
        workspace_id=caller.workspace_id, dataset_id=dataset.id, field_id=field.id, name=name, actor=caller.user
    )
    return JsonResponse(_item(renamed))


def field_remove(request: HttpRequest, caller: ApiKey, dataset_id: str, metadata_id: str) -> HttpResponse:
    """DELETE /datasets/{id}/metadata/{id}: with its values."""
    dataset = dataset_of(caller, dataset_id)
    field_id = id_of(metadata_id, "metadata field")
    metadata.field_delete(workspace_id=caller.workspace_id, dataset_id=dataset.id, field_id=field_id, actor=caller.user)
    return HttpResponse(status=204)


def built_in_list(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """GET /datasets/{id}/metadata/built-in: the fields that every document has."""
    dataset_of(caller, dataset_id)
    return JsonResponse({"fields": [{"name": name, "type": kind} for name, kind in BUILT_IN_FIELDS.items()]})


def built_in_switch(request: HttpRequest, caller: ApiKey, dataset_id: str, action: str) -> HttpResponse:
    """POST /datasets/{id}/metadata/built-in/{action}: enable or disable the built-in fields."""
    dataset = dataset_of(caller, dataset_id)
    if action not in SWITCHES:
        raise ApiError(f"the action must be enable or disable, not {action[:50]!r}", code="invalid_action")
    dataset_update(
        workspace_id=caller.workspace_id,
        dataset_id=dataset.id,
        values={"built_in_metadata": SWITCHES[action]},
        actor=caller.user,
    )
    return JsonResponse({"result": "success"})
