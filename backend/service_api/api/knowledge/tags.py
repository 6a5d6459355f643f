"""Tags of datasets with a dataset key: words by which people group them."""

import uuid
from collections.abc import Callable, Sequence

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.datasets import tags
from backend.datasets.models import Dataset, DatasetTag
from backend.service_api.api.knowledge.datasets import dataset_of
from backend.service_api.bodies import body_of, id_of
from backend.service_api.knowledge.bodies import TagBindingBody, TagBody, TagIdBody, TagRenameBody
from backend.service_api.knowledge.dataset_items import TAG_TYPE
from backend.service_api.knowledge.errors import unknown_as_missing


def _item(tag: DatasetTag) -> dict[str, str]:
    # A number that Dify writes as text.
    return {"id": str(tag.id), "name": tag.name, "type": TAG_TYPE, "binding_count": str(tag.dataset_count)}


def tags_list(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """GET /datasets/tags: all of the workspace, by name."""
    return JsonResponse([_item(tag) for tag in tags.tag_list(caller.workspace_id)], safe=False)


def tag_make(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """POST /datasets/tags: a new one."""
    name = body_of(request, TagBody).name
    return JsonResponse(_item(tags.tag_create(workspace_id=caller.workspace_id, name=name, actor=caller.user)))


def tag_rename(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """PATCH /datasets/tags: another name for the tag in the body."""
    body = body_of(request, TagRenameBody)
    tag_id = id_of(body.tag_id, "tag")
    renamed = tags.tag_update(workspace_id=caller.workspace_id, tag_id=tag_id, name=body.name, actor=caller.user)
    return JsonResponse(_item(renamed))


def tag_remove(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """DELETE /datasets/tags: the tag in the body; datasets lose it."""
    tag_id = id_of(body_of(request, TagIdBody).tag_id, "tag")
    tags.tag_delete(workspace_id=caller.workspace_id, tag_id=tag_id, actor=caller.user)
    return HttpResponse(status=204)


def tags_bind(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """POST /datasets/tags/binding: give a dataset tags beside those that it has."""
    return _bound(request, caller, lambda before, named: [*before, *(tag for tag in named if tag not in before)])


def tags_unbind(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """POST /datasets/tags/unbinding: take tags away from a dataset."""
    return _bound(request, caller, lambda before, named: [tag for tag in before if tag not in named])


Change = Callable[[Sequence[uuid.UUID], Sequence[uuid.UUID]], Sequence[uuid.UUID]]


def _bound(request: HttpRequest, caller: ApiKey, change: Change) -> HttpResponse:
    body = body_of(request, TagBindingBody)
    dataset = dataset_of(caller, body.target_id)
    named = [id_of(tag, "tag") for tag in body.named()]
    with transaction.atomic():
        # Two bindings at once must not lose one of them.
        Dataset.objects.within(caller.workspace_id).select_for_update(no_key=True).filter(id=dataset.id).first()
        with unknown_as_missing():
            tags.tags_find(caller.workspace_id, named)
        before = list(dataset.tags.order_by("name").values_list("id", flat=True))
        tags.dataset_tags_set(
            workspace_id=caller.workspace_id, dataset=dataset, tag_ids=change(before, named), actor=caller.user
        )
    return HttpResponse(status=204)


def dataset_tags(request: HttpRequest, caller: ApiKey, dataset_id: str) -> HttpResponse:
    """GET /datasets/{id}/tags: those that the dataset carries."""
    found = [{"id": str(tag.id), "name": tag.name} for tag in dataset_of(caller, dataset_id).tags.order_by("name")]
    return JsonResponse({"data": found, "total": len(found)})
