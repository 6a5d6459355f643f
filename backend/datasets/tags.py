"""The tags of a workspace: words by which people group datasets."""

import uuid
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.models import Dataset, DatasetTag

MAX_TAGS = 500


def tag_list(workspace_id: uuid.UUID) -> QuerySet[DatasetTag]:
    """Return the tags by name, each with the number of datasets that carry it (`dataset_count`)."""
    return DatasetTag.objects.within(workspace_id).annotate(dataset_count=Count("datasets")).order_by("name", "id")


def tag_get(workspace_id: uuid.UUID, tag_id: uuid.UUID) -> DatasetTag:
    """Return the tag with its count; raises `NotFound`."""
    found = tag_list(workspace_id).filter(id=tag_id).first()
    if found is None:
        raise NotFound(f"there is no tag {str(tag_id)!r} in this workspace")
    return found


def tags_find(workspace_id: uuid.UUID, tag_ids: Sequence[uuid.UUID]) -> list[DatasetTag]:
    """Return the tags of these ids; raises `Invalid` that names the first one the workspace has not."""
    found = {tag.id: tag for tag in DatasetTag.objects.within(workspace_id).filter(id__in=tag_ids)}
    for tag_id in tag_ids:
        if tag_id not in found:
            message = f"there is no tag {str(tag_id)!r} in this workspace"
            raise Invalid(message, fields={"tags": [message]})
    return list(found.values())


def tag_create(*, workspace_id: uuid.UUID, name: str, actor: User | None = None) -> DatasetTag:
    """Create a tag; raises `Conflict` for a name that is taken."""
    if DatasetTag.objects.within(workspace_id).count() >= MAX_TAGS:
        raise Conflict(f"the workspace has {MAX_TAGS} tags, the most there may be: delete one first")
    tag = DatasetTag(workspace_id=workspace_id, name=name)
    _save(tag, actor, "dataset_tag.created")
    return tag_get(workspace_id, tag.id)


def tag_update(*, workspace_id: uuid.UUID, tag_id: uuid.UUID, name: str, actor: User | None = None) -> DatasetTag:
    """Rename a tag; raises `NotFound`, and `Conflict` for a name that is taken."""
    tag = tag_get(workspace_id, tag_id)
    tag.name = name
    _save(tag, actor, "dataset_tag.updated")
    return tag_get(workspace_id, tag_id)


def _save(tag: DatasetTag, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            tag.save()
            _audit(tag, actor, action)
    except IntegrityError as error:
        raise Conflict(f"a tag named {tag.name!r} exists already: use it, or choose another name") from error


def tag_delete(*, workspace_id: uuid.UUID, tag_id: uuid.UUID, actor: User | None = None) -> None:
    """Delete a tag; the datasets that carry it lose it."""
    tag = tag_get(workspace_id, tag_id)
    with transaction.atomic():
        _audit(tag, actor, "dataset_tag.deleted")
        tag.delete()


def dataset_tags_set(
    *, workspace_id: uuid.UUID, dataset: Dataset, tag_ids: Sequence[uuid.UUID], actor: User | None = None
) -> None:
    """Give the dataset these tags and no others; raises `Invalid` for an unknown one."""
    tags = tags_find(workspace_id, tag_ids)
    with transaction.atomic():
        dataset.tags.set(tags)
        names = sorted(tag.name for tag in tags)
        audit_record(
            workspace_id=workspace_id,
            actor=actor,
            action="dataset.tagged",
            target=str(dataset.id),
            detail={"tags": names},
        )


def _audit(tag: DatasetTag, actor: User | None, action: str) -> None:
    audit_record(
        workspace_id=tag.workspace_id, actor=actor, action=action, target=str(tag.id), detail={"name": tag.name}
    )
