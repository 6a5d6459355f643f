"""Datasets with a dataset key: made, listed, changed, deleted."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import Conflict, Invalid
from backend.datasets.models import Dataset
from backend.datasets.selectors import dataset_get, dataset_list, ids_parse
from backend.datasets.services import dataset_create, dataset_delete, dataset_reembed, dataset_update
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import DatasetCreateBody, DatasetUpdateBody, Indexing
from backend.service_api.knowledge.dataset_items import dataset_item, dataset_items
from backend.service_api.knowledge.errors import conflicts_as_duplicate
from backend.service_api.knowledge.model_names import embedding_model_id
from backend.service_api.knowledge.paging import paged
from backend.service_api.knowledge.retrieval_model import settings_of


def dataset_of(caller: ApiKey, dataset_id: str) -> Dataset:
    """Return the dataset of an address; raises `NotFound` for one of another workspace."""
    return dataset_get(caller.workspace_id, id_of(dataset_id, "dataset"))


def datasets_list(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """GET /datasets: those whose name has the keyword and that carry one of the tags."""
    found = dataset_list(caller.workspace_id, search=request.GET.get("keyword", "")).order_by("-created_at", "-id")
    tags = [tag for text in request.GET.getlist("tag_ids") for tag in text.split(",") if tag]
    if tags:
        tagged = Dataset.tags.through.objects.filter(datasettag__in=ids_parse(tags))
        found = found.filter(id__in=tagged.values("dataset_id"))
    return JsonResponse(paged(request, found, lambda rows: dataset_items(caller.workspace_id, rows)))


def dataset_make(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """POST /datasets: an empty one."""
    body = body_of(request, DatasetCreateBody)
    if body.provider == "external":
        message = "provider: only 'vendor' is offered: knowledge lies in this platform"
        raise Invalid(message, fields={"provider": [message]})
    values: dict[str, object] = {"name": body.name, "description": body.description or "", **_retrieval(caller, body)}
    model = embedding_model_id(caller.workspace_id, body.embedding_model_provider, body.embedding_model)
    if model is not None:
        values["embedding_model"] = model
    with conflicts_as_duplicate():
        made = dataset_create(workspace_id=caller.workspace_id, values=values, actor=caller.user)
    return JsonResponse(dataset_item(made))


def dataset_read(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """GET /datasets/{id}: with its models, settings and counts."""
    return JsonResponse(dataset_item(dataset_of(caller, dataset_id)))


def dataset_change(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """PATCH /datasets/{id}: only what the body names; another embedding model takes over once all is embedded."""
    dataset = dataset_of(caller, dataset_id)
    body = body_of(request, DatasetUpdateBody)
    values: dict[str, object] = _retrieval(caller, body, dataset.retrieval)
    values |= {name: value for name in ("name", "description") if (value := getattr(body, name)) is not None}
    model = embedding_model_id(caller.workspace_id, body.embedding_model_provider, body.embedding_model)
    if values:
        with conflicts_as_duplicate():
            dataset_update(workspace_id=caller.workspace_id, dataset_id=dataset.id, values=values, actor=caller.user)
    if model is not None and model != dataset.embedding_model:
        embedding_model_change(caller, dataset, model)
    return JsonResponse(dataset_item(dataset_get(caller.workspace_id, dataset.id)))


def embedding_model_change(caller: ApiKey, dataset: Dataset, model: str) -> None:
    """Have the dataset use another model: at once while it is empty, else as soon as everything is embedded anew."""
    if dataset.documents_total:
        dataset_reembed(workspace_id=caller.workspace_id, dataset_id=dataset.id, model=model, actor=caller.user)
        return
    dataset_update(
        workspace_id=caller.workspace_id, dataset_id=dataset.id, values={"embedding_model": model}, actor=caller.user
    )


def _retrieval(caller: ApiKey, body: Indexing, before: Mapping[str, object] | None = None) -> dict[str, object]:
    if body.retrieval_model is None:
        return {}
    return {"retrieval": {**(before or {}), **settings_of(caller.workspace_id, body.retrieval_model)}}


def dataset_remove(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """DELETE /datasets/{id}: with everything in it, unless an application searches it."""
    dataset = dataset_of(caller, dataset_id)
    would = dataset_delete(workspace_id=caller.workspace_id, dataset_id=dataset.id, dry_run=True)
    if would.apps:
        raise Conflict(
            f"the dataset {dataset.name!r} is searched by {would.apps} applications: remove it from them first",
            code="dataset_in_use",
        )
    dataset_delete(workspace_id=caller.workspace_id, dataset_id=dataset.id, actor=caller.user)
    return HttpResponse(status=204)
