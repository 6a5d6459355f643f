"""Who indexes a document: a lease in PostgreSQL that is claimed, renewed and lost; its token fences every write.

unclaimed: lease_token is NULL, lease_expires_at is when the sweep sends the document's message again
claimed:   lease_token is the worker's, lease_expires_at is when another worker may take over
ended:     both are NULL
paused:    both are NULL and `is_paused` is set; the status is `queued`
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from backend.datasets.adapters import index_send, jobs_waiting
from backend.datasets.models import Document, DocumentStatus

LEASE_S = 15.0
HEARTBEAT_S = 5.0
RESEND_S = 20.0
RETRY_PAUSE_S = 10.0
MAX_ATTEMPTS = 3
UNFINISHED = ~Q(status__in=["ready", "failed"])
"""As the partial index `document_unfinished` says it, so that PostgreSQL uses it."""
DUE = UNFINISHED & Q(is_paused=False)
QUEUED_ANEW: Mapping[str, object] = {
    "status": DocumentStatus.QUEUED,
    "is_paused": False,
    "reason": "",
    "progress": 0.0,
    "attempts": 0,
    "stage_times": {},
    "finished_at": None,
    "lease_token": None,
}
"""What is written on a document that is to be indexed as if for the first time."""


class LeaseLost(Exception):
    """Another worker holds the document now, or it was deleted: whatever this one still has to say is void."""


def in_seconds(seconds: float) -> object:
    """Return the database's clock plus `seconds`: workers on several machines share no other."""
    return Now() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to index one document."""

    document_id: uuid.UUID
    token: uuid.UUID

    def row(self) -> QuerySet[Document]:
        """Return the document as long as this lease holds, else nothing."""
        return Document.unscoped.filter(id=self.document_id, lease_token=self.token)

    def write(self, **values: object) -> None:
        """Change the document; raises `LeaseLost`."""
        if not self.row().update(**values, updated_at=Now()):
            raise LeaseLost(str(self.document_id))

    def renew(self, **values: object) -> None:
        """Change the document and prolong the lease; raises `LeaseLost`."""
        self.write(**values, lease_expires_at=in_seconds(LEASE_S))

    def look(self) -> None:
        """Raise `LeaseLost` if it is."""
        if not self.row().exists():
            raise LeaseLost(str(self.document_id))

    def end(self, status: DocumentStatus, **values: object) -> None:
        """Write an end and give the lease back; raises `LeaseLost`."""
        self.write(**values, status=status, finished_at=Now(), lease_token=None, lease_expires_at=None)

    def postpone(self, reason: str, pause_s: float) -> None:
        """Give the document back for another attempt after `pause_s`; raises `LeaseLost`."""
        self.write(
            status=DocumentStatus.QUEUED,
            reason=reason,
            progress=0.0,
            lease_token=None,
            lease_expires_at=in_seconds(pause_s),
        )


def _claimed() -> dict[str, object]:
    return {
        "lease_expires_at": in_seconds(LEASE_S),
        "attempts": F("attempts") + 1,
        "status": DocumentStatus.EXTRACTING,
        "progress": 0.0,
        "reason": "",
        "stage_times": {},
        "updated_at": Now(),
    }


def _claimable() -> QuerySet[Document]:
    free = Q(lease_token=None) | Q(lease_expires_at__lt=Now())
    return Document.unscoped.filter(DUE, free, attempts__lt=MAX_ATTEMPTS)


def lease_claim(document_id: uuid.UUID) -> Lease | None:
    """Claim an unfinished document that nobody works on; None when there is nothing to do."""
    token = uuid.uuid4()
    claimed = _claimable().filter(id=document_id).update(lease_token=token, **_claimed())
    return Lease(document_id, token) if claimed else None


def lease_claim_next(size_bytes: int) -> Lease | None:
    """Claim the oldest small document (up to `size_bytes`) that waits for its first attempt; None when none does.

    What has met a worker's death already is left to its message: it may be what kills, and is indexed alone.
    """
    waiting = _claimable().filter(status=DocumentStatus.QUEUED, attempts=0, size_bytes__lte=size_bytes)
    with transaction.atomic():
        row = waiting.order_by("created_at").select_for_update(skip_locked=True).values_list("id").first()
        return lease_claim(row[0]) if row else None


def documents_requeue(documents: QuerySet[Document], *, refetch: bool = True) -> list[uuid.UUID]:
    """Have documents indexed as if for the first time, and return their ids. What is searched now stays.

    With `refetch`, those from the web are fetched anew.
    """
    with transaction.atomic():
        ids = list(documents.select_for_update(of=("self",)).values_list("id", flat=True))
        Document.unscoped.filter(id__in=ids).update(
            **QUEUED_ANEW, lease_expires_at=in_seconds(RESEND_S), updated_at=Now()
        )
        if refetch:
            Document.unscoped.filter(id__in=ids).exclude(source_url="").update(format="")
        for document_id in ids:
            # Without a broker the document still is there, and the sweep sends it later.
            transaction.on_commit(partial(index_send, document_id), robust=True)
    return ids


def documents_reclaim() -> list[uuid.UUID]:
    """Take documents back from dead workers and return those whose message must be sent (again).

    A document that outlived `MAX_ATTEMPTS` workers fails: it may be what kills them.
    """
    due = Document.unscoped.filter(DUE).filter(Q(lease_expires_at__lt=Now()) | Q(lease_expires_at=None))
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=True).values_list("id", "lease_token", "attempts"))
        spent = [row_id for row_id, _, attempts in rows if attempts >= MAX_ATTEMPTS]
        orphans = [row_id for row_id, token, attempts in rows if token and attempts < MAX_ATTEMPTS]
        unclaimed = [row_id for row_id, token, attempts in rows if not token and attempts < MAX_ATTEMPTS]
        Document.unscoped.filter(id__in=spent).update(
            status=DocumentStatus.FAILED,
            reason=f"the worker died {MAX_ATTEMPTS} times while indexing this document; split it, or retry it "
            "when the machine has more memory",
            finished_at=Now(),
            lease_token=None,
            lease_expires_at=None,
            updated_at=Now(),
        )
        Document.unscoped.filter(id__in=orphans + unclaimed).update(
            status=DocumentStatus.QUEUED,
            progress=0.0,
            lease_token=None,
            lease_expires_at=in_seconds(RESEND_S),
            updated_at=Now(),
        )
    # As many messages as documents: none is lost, they only wait their turn, and copies would not speed them up.
    lost = unclaimed if jobs_waiting() < len(unclaimed) else []
    return orphans + lost
