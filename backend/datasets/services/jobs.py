"""The jobs of documents, as people steer them: paused, resumed, cancelled, retried, indexed anew."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import ApiError, Conflict
from backend.datasets.adapters import index_send
from backend.datasets.lease import RESEND_S, UNFINISHED, documents_requeue, in_seconds
from backend.datasets.models import Document, DocumentStatus
from backend.datasets.selectors import document_get
from backend.datasets.services.documents import document_update, documents_remove
from backend.datasets.staging import STILL_SEARCHED, staged_drop

Action = Literal["enable", "disable", "archive", "unarchive", "delete", "retry", "pause", "resume", "cancel", "reindex"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that an action left alone, and why."""

    id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of an action on many documents."""

    done: int
    skipped: tuple[Skipped, ...]


def document_pause(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """Take a document that is on its way out of the workers' hands; what is done of it is kept for `document_resume`.

    Raises `Conflict` for one that is at an end or paused.
    """
    return _turn(
        document_get(workspace_id, dataset_id, document_id),
        Q(UNFINISHED, is_paused=False),
        "only a document that is on its way can be paused",
        # Its worker finds the lease gone, and stops.
        {"is_paused": True, "status": DocumentStatus.QUEUED, "attempts": 0, "lease_token": None}
        | {"lease_expires_at": None},
        actor,
        "document.paused",
    )


def document_resume(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """Let a paused document go on where it was; raises `Conflict` for any other."""
    return _turn(
        document_get(workspace_id, dataset_id, document_id),
        Q(UNFINISHED, is_paused=True),
        "only a paused document can be resumed",
        {"is_paused": False, "lease_expires_at": in_seconds(RESEND_S)},
        actor,
        "document.resumed",
        send=True,
    )


def document_cancel(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """End the indexing of a document and drop what was done of it; a version that is searchable stays so.

    Raises `Conflict` for a document that is at an end.
    """
    document = document_get(workspace_id, dataset_id, document_id)
    reason = f"cancelled by {actor.email if actor else 'the API'}"
    if document.revision and document.chunk_count:
        reason = f"{reason}; {STILL_SEARCHED}"
    with transaction.atomic():
        _turn(
            document,
            UNFINISHED,
            "only a document that is on its way can be cancelled",
            {"status": DocumentStatus.FAILED, "is_paused": False, "reason": reason, "finished_at": Now()}
            | {"lease_token": None, "lease_expires_at": None},
            actor,
            "document.cancelled",
        )
        staged_drop(document)
    return document_get(workspace_id, dataset_id, document_id)


def document_retry(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """Have a failed document indexed again, with all its attempts; raises `Conflict` for any other."""
    message = "only a failed document can be retried; this one is ready or on its way"
    document = document_get(workspace_id, dataset_id, document_id)
    return _requeue(document, Q(status=DocumentStatus.FAILED), message, actor, "document.retried")


def document_reindex(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """Have a document at an end indexed anew by the settings of today; one from the web is fetched anew.

    What is searched now stays searchable until its successor is complete. Raises `Conflict` for one on its way.
    """
    message = "this document is on its way already: wait for it, or cancel it"
    document = document_get(workspace_id, dataset_id, document_id)
    return _requeue(document, ~UNFINISHED, message, actor, "document.reindexed", refetch=True)


def _delete(*, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None) -> None:
    document_get(workspace_id, dataset_id, document_id)
    documents_remove(workspace_id=workspace_id, dataset_id=dataset_id, ids=[document_id], actor=actor)


ACTIONS: Mapping[Action, Callable[..., object]] = {
    "enable": partial(document_update, values={"is_enabled": True}),
    "disable": partial(document_update, values={"is_enabled": False}),
    "archive": partial(document_update, values={"is_archived": True}),
    "unarchive": partial(document_update, values={"is_archived": False}),
    "delete": _delete,
    "retry": document_retry,
    "pause": document_pause,
    "resume": document_resume,
    "cancel": document_cancel,
    "reindex": document_reindex,
}


def documents_act(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    action: Action,
    ids: Sequence[uuid.UUID],
    actor: User | None = None,
) -> Acted:
    """Do the same with many documents; those with which it cannot be done are named with the reason."""
    done, skipped = 0, []
    act = ACTIONS[action]
    for document_id in dict.fromkeys(ids):
        try:
            act(workspace_id=workspace_id, dataset_id=dataset_id, document_id=document_id, actor=actor)
            done += 1
        except ApiError as error:
            skipped.append(Skipped(document_id, error.message))
    return Acted(done, tuple(skipped))


def _rows(document: Document) -> QuerySet[Document]:
    return Document.objects.within(document.workspace_id).filter(id=document.id)


def _turn(
    document: Document,
    allowed: Q,
    refusal: str,
    values: Mapping[str, object],
    actor: User | None,
    action: str,
    *,
    send: bool = False,
) -> Document:
    """Change a document that is in an allowed state, and have a worker told; raises `Conflict` with the refusal."""
    with transaction.atomic():
        if not _rows(document).filter(allowed).update(**values, updated_at=Now()):
            raise Conflict(refusal)
        _audit(actor, action, document)
        if send:
            transaction.on_commit(partial(index_send, document.id), robust=True)
    return document_get(document.workspace_id, document.dataset_id, document.id)


def _requeue(
    document: Document, allowed: Q, refusal: str, actor: User | None, action: str, *, refetch: bool = False
) -> Document:
    with transaction.atomic():
        if not documents_requeue(_rows(document).filter(allowed), refetch=refetch):
            raise Conflict(refusal)
        _audit(actor, action, document)
    return document_get(document.workspace_id, document.dataset_id, document.id)


def _audit(actor: User | None, action: str, document: Document) -> None:
    audit_record(
        workspace_id=document.workspace_id,
        actor=actor,
        action=action,
        target=str(document.id),
        detail={"name": document.name},
    )
