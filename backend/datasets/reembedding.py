"""Fills the index of a dataset that is embedded with another model, then puts it in the place of the former one.

Searches use the former index meanwhile, and so do documents that are indexed meanwhile: what they write lacks a vector
in the new index and is found by the next look. Nothing can be written between the last look and the exchange.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from backend.common.errors import ApiError
from backend.datasets.adapters import chunk_store, connection_release, jobs_waiting, reembed_send, vector_indexes
from backend.datasets.ann import ann_settle
from backend.datasets.lease import LEASE_S, MAX_ATTEMPTS, RESEND_S, RETRY_PAUSE_S, in_seconds
from backend.datasets.models import Dataset, VectorIndex
from backend.datasets.ports import EMBEDDERS
from inference.errors import InferenceError
from rag.errors import IncompleteRevisionError, RagError
from rag.ingest import embedded
from rag.ports import Embedder

BATCH = 64
LOOK_PASSAGES = 1024
BUILD_S = 3600.0
SLICE_S = 10.0
"""After this long the job gets into line again: documents that were uploaded meanwhile come first."""
logger = logging.getLogger(__name__)


class IndexLost(Exception):
    """The re-embedding was cancelled, its dataset deleted, or another worker took over."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to fill one index."""

    index_id: int
    token: uuid.UUID

    def row(self) -> QuerySet[VectorIndex]:
        """Return the index as long as this lease holds, else nothing."""
        return VectorIndex.objects.filter(id=self.index_id, lease_token=self.token, state=VectorIndex.State.BUILDING)

    def write(self, **values: object) -> None:
        """Change the index; raises `IndexLost`."""
        if not self.row().update(**values):
            raise IndexLost(str(self.index_id))


def index_fill(index_id: int) -> None:
    """Fill an index for a while, and activate it once it is full; whoever sees it unfinished sends it again."""
    lease = _claim(index_id)
    if lease is None:
        return
    try:
        _fill(lease)
    except IndexLost:
        logger.info("index %s was cancelled or taken over while it was filled", index_id)
    except (RagError, ApiError, InferenceError) as error:
        _give_up(lease, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("filling index %s failed unexpectedly", index_id)
        _give_up(lease, "something went wrong on our side; start it again, the log of the jobs worker has the details")


def indexes_reclaim() -> list[int]:
    """Take indexes back from dead workers and return those whose message must be sent (again)."""
    due = VectorIndex.objects.filter(state=VectorIndex.State.BUILDING, lease_expires_at__lt=Now())
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=True).values_list("id", "lease_token", "attempts"))
        spent = [row_id for row_id, _, attempts in rows if attempts >= MAX_ATTEMPTS]
        VectorIndex.objects.filter(id__in=spent).update(
            reason=f"the worker died {MAX_ATTEMPTS} times while the dataset was embedded; start it again",
            lease_token=None,
            lease_expires_at=None,
        )
        rest = [row for row in rows if row[0] not in spent]
        VectorIndex.objects.filter(id__in=[row[0] for row in rest]).update(
            lease_token=None, lease_expires_at=in_seconds(RESEND_S)
        )
    is_lost = jobs_waiting() == 0
    return [row_id for row_id, token, _ in rest if token or is_lost]


def _claim(index_id: int) -> Lease | None:
    token = uuid.uuid4()
    free = Q(lease_token=None) | Q(lease_expires_at__lt=Now())
    claimed = VectorIndex.objects.filter(
        free, id=index_id, state=VectorIndex.State.BUILDING, lease_expires_at__isnull=False, attempts__lt=MAX_ATTEMPTS
    ).update(lease_token=token, lease_expires_at=in_seconds(LEASE_S), attempts=F("attempts") + 1, reason="")
    return Lease(index_id, token) if claimed else None


def _fill(lease: Lease) -> None:
    index = lease.row().select_related("dataset").first()
    if index is None:
        raise IndexLost(str(lease.index_id))
    dataset, indexes = index.dataset, vector_indexes()
    embedder = EMBEDDERS.get()(str(dataset.workspace_id), index.model)
    until = time.monotonic() + SLICE_S
    done, total = indexes.counts(index.id)
    lease.write(done=done, total=total)
    with asyncio.Runner() as runner:
        while time.monotonic() < until:
            missing = list(indexes.missing(index.id, limit=LOOK_PASSAGES).items())
            if not missing and _activate(lease, dataset):
                return
            for first in range(0, len(missing), BATCH):
                _embed(lease, dataset, dict(missing[first : first + BATCH]), embedder, runner)
                if time.monotonic() > until:
                    break
    lease.write(lease_token=None, lease_expires_at=in_seconds(RESEND_S), attempts=0)
    reembed_send(lease.index_id)


def _embed(
    lease: Lease, dataset: Dataset, passages: Mapping[int, str], embedder: Embedder, runner: asyncio.Runner
) -> None:
    connection_release()
    scope, texts = str(dataset.workspace_id), list(passages.values())
    vectors = runner.run(embedded(texts, scope=scope, embedder=embedder, store=chunk_store()))
    with transaction.atomic():
        added = vector_indexes().add_vectors(lease.index_id, dict(zip(passages, vectors, strict=True)))
        # A batch more is progress: an attempt that dies after it is not one of those that led nowhere.
        lease.write(lease_expires_at=in_seconds(LEASE_S), attempts=1, done=F("done") + added)


def _activate(lease: Lease, dataset: Dataset) -> bool:
    """Put the index in the place of the active one, unless it lacks a passage again."""
    indexes = vector_indexes()
    if indexes.wants_ann(lease.index_id):
        # Nobody else takes the index meanwhile; searches find it fast from the first one on.
        lease.write(lease_expires_at=in_seconds(BUILD_S))
        indexes.build_ann(lease.index_id)
    try:
        with transaction.atomic():
            index = lease.row().first()
            if index is None:
                raise IndexLost(str(lease.index_id))
            indexes.activate(str(dataset.id), index.id)
            VectorIndex.objects.filter(id=index.id).update(
                lease_token=None, lease_expires_at=None, attempts=0, reason="", done=0, total=0
            )
            Dataset.unscoped.filter(id=dataset.id).update(embedding_model=index.model, updated_at=Now())
    except IncompleteRevisionError:
        return False
    ann_settle(dataset.id)
    return True


def _give_up(lease: Lease, reason: str, *, may_retry: bool = False) -> None:
    """Write the reason: for good, or until the next attempt when the cause may pass. What is embedded is kept."""
    index = lease.row().first()
    if index is None:
        return
    again = in_seconds(RETRY_PAUSE_S * index.attempts) if may_retry and index.attempts < MAX_ATTEMPTS else None
    lease.row().update(reason=reason, lease_token=None, lease_expires_at=again)
