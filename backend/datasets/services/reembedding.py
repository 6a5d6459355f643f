"""Embedding a dataset with another model, beside the index that is searched meanwhile."""

import uuid
from functools import partial

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict
from backend.datasets.adapters import ann_send, reembed_send
from backend.datasets.lease import RESEND_S, in_seconds
from backend.datasets.models import Dataset, VectorIndex
from backend.datasets.ports import EMBEDDERS
from backend.datasets.selectors import dataset_get


def dataset_reembed(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, model: str, actor: User | None = None
) -> VectorIndex:
    """Have the dataset embedded with another model; searches use the former one until all of it is done.

    Raises `Conflict` while that happens already, or for the model that it has.
    """
    dataset = dataset_get(workspace_id, dataset_id)
    EMBEDDERS.get()(str(workspace_id), model)
    try:
        with transaction.atomic():
            Dataset.objects.within(workspace_id).select_for_update().get(id=dataset_id)
            indexes = {index.state: index for index in VectorIndex.objects.filter(dataset_id=dataset_id)}
            if indexes[VectorIndex.State.ACTIVE].model == model:
                raise Conflict(f"the dataset is embedded with {model!r} already")
            building = indexes.get(VectorIndex.State.BUILDING)
            if building is not None and building.lease_expires_at is not None:
                raise Conflict(
                    f"the dataset is being embedded with {building.model!r}: wait for it, or cancel it first"
                )
            if building is not None and building.model != model:
                _retire(building)
                building = None
            # One that failed goes on with what it has.
            index = building or VectorIndex(dataset_id=dataset_id, model=model, state=VectorIndex.State.BUILDING)
            index.reason, index.attempts, index.lease_token = "", 0, None
            index.lease_expires_at = in_seconds(RESEND_S)
            index.save()
            _audit(actor, "dataset.reembedded", dataset, model=model)
            transaction.on_commit(partial(reembed_send, index.id), robust=True)
    except IntegrityError as error:
        raise Conflict("the dataset is being embedded anew already: wait for it, or cancel it first") from error
    index.refresh_from_db()
    return index


def dataset_reembed_cancel(*, workspace_id: uuid.UUID, dataset_id: uuid.UUID, actor: User | None = None) -> None:
    """Give up embedding with another model, or forget that it failed; raises `Conflict` when there is neither."""
    dataset = dataset_get(workspace_id, dataset_id)
    with transaction.atomic():
        rows = VectorIndex.objects.filter(dataset_id=dataset_id, state=VectorIndex.State.BUILDING)
        building = rows.select_for_update().first()
        if building is None:
            raise Conflict("the dataset is not being embedded anew")
        _retire(building)
        _audit(actor, "dataset.reembedding_cancelled", dataset, model=building.model)


def _retire(index: VectorIndex) -> None:
    """Take an index out of use; a worker removes it, for it may have very many vectors."""
    VectorIndex.objects.filter(id=index.id).update(
        state=f"r{index.id % 1_000_000}", lease_token=None, lease_expires_at=None
    )
    transaction.on_commit(partial(ann_send, index.dataset_id), robust=True)


def _audit(actor: User | None, action: str, dataset: Dataset, **detail: object) -> None:
    audit_record(
        workspace_id=dataset.workspace_id,
        actor=actor,
        action=action,
        target=str(dataset.id),
        detail={"name": dataset.name, **detail},
    )
