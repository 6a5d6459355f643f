"""Evaluations of a test set: asked for, and worked off in the background by whoever holds their lease.

The measures of a setting are stored when all of its cases are done; a worker that takes over goes on after them.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.database import in_database
from backend.common.errors import ApiError, Conflict, Invalid, NotFound
from backend.datasets.adapters import job_send
from backend.datasets.lease import LEASE_S, MAX_ATTEMPTS, RETRY_PAUSE_S, LeaseLost
from backend.datasets.models import Document, RetrievalEvaluation, RetrievalTestCase
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from backend.datasets.searches import SearchSettings, search_settings
from backend.datasets.test_sets import set_get
from inference.errors import InferenceError
from rag.errors import RagError
from rag.evaluate import Case, Measures, evaluate
from rag.evaluate.measures import DEPTH
from rag.types import Hit

EVALUATE = "datasets.evaluate"
PENDING = Q(status__in=[RetrievalEvaluation.Status.QUEUED, RetrievalEvaluation.Status.RUNNING])
PROGRESS_EVERY_S = 1.0
MAX_RUNNING = 20
KEPT = 100
"""The evaluations of a test set that are kept; older ones go when a new one is asked for."""
logger = logging.getLogger(__name__)


def evaluation_list(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID
) -> QuerySet[RetrievalEvaluation]:
    """Return the evaluations of a test set; raises `NotFound`."""
    found = set_get(workspace_id, dataset_id, test_set_id)
    return RetrievalEvaluation.objects.within(workspace_id).filter(test_set=found)


def evaluation_get(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, evaluation_id: uuid.UUID
) -> RetrievalEvaluation:
    """Return the evaluation; raises `NotFound`."""
    found = evaluation_list(workspace_id, dataset_id, test_set_id).filter(id=evaluation_id).first()
    if found is None:
        raise NotFound(f"there is no evaluation {str(evaluation_id)!r} of this test set")
    return found


def evaluation_start(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    test_set_id: uuid.UUID,
    settings: Sequence[Mapping[str, object]],
    actor: User | None = None,
) -> RetrievalEvaluation:
    """Have named settings measured on a test set; raises `ApiError` for settings that cannot be, or an empty set."""
    test_set = set_get(workspace_id, dataset_id, test_set_id)
    if not test_set.case_count:
        raise Conflict("the test set has no cases: add some, or have a model write them")
    named = _checked(workspace_id, dataset_id, settings)
    evaluations = RetrievalEvaluation.objects.within(workspace_id).filter(test_set=test_set)
    if evaluations.filter(PENDING).count() >= MAX_RUNNING:
        raise Conflict(f"{MAX_RUNNING} evaluations of this test set are on their way: wait until one has finished")
    with transaction.atomic():
        made = RetrievalEvaluation.objects.create(workspace_id=workspace_id, test_set=test_set, settings=named)
        old = evaluations.exclude(PENDING).order_by("-created_at", "-id").values_list("id", flat=True)[KEPT:]
        RetrievalEvaluation.objects.within(workspace_id).filter(id__in=list(old)).delete()
        audit_record(
            workspace_id=workspace_id,
            actor=actor,
            action="test_set.evaluated",
            target=str(test_set.id),
            detail={"name": test_set.name, "dataset_id": dataset_id, "settings": [item["name"] for item in named]},
        )
        # Without a broker the evaluation still is there, and the sweep sends it later.
        transaction.on_commit(partial(job_send, EVALUATE, made.id), robust=True)
    return made


def _checked(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, settings: Sequence[Mapping[str, object]]
) -> list[dict[str, object]]:
    """Return the settings with their defaults filled in; raises `Invalid` that says which of them is wrong."""
    named: list[dict[str, object]] = []
    for at, values in enumerate(settings):
        name = str(values["name"])
        if any(name == item["name"] for item in named):
            message = f"two settings are named {name!r}: give each a name of its own"
            raise Invalid(message, fields={f"settings.{at}.name": [message]})
        own = {key: value for key, value in values.items() if key != "name"}
        try:
            found = search_settings(workspace_id, dataset_id, own)
        except Invalid as error:
            fields = {f"settings.{at}.{key}": value for key, value in error.extra.get("fields", {}).items()}
            raise Invalid(
                error.message, code=error.code, fields=fields or {f"settings.{at}": [error.message]}
            ) from error
        named.append({"name": name, **found.to_json()})
    return named


def evaluation_run(evaluation_id: uuid.UUID) -> None:
    """Work the evaluation off, unless it is finished, gone or in other hands. It ends in `finished` or `failed`."""
    claimed = row_claim(RetrievalEvaluation, evaluation_id, PENDING)
    if claimed is None:
        return
    row, lease = claimed
    try:
        lease.renew(status=RetrievalEvaluation.Status.RUNNING, attempts=F("attempts") + 1, reason="", updated_at=Now())
        asyncio.run(_measure(row, lease))
        lease.end(status=RetrievalEvaluation.Status.FINISHED, progress=1.0, finished_at=Now(), updated_at=Now())
    except LeaseLost:
        logger.info("evaluation %s was deleted or taken over", evaluation_id)
    except (RagError, ApiError, InferenceError) as error:
        _give_up(row, lease, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("evaluation %s failed unexpectedly", evaluation_id)
        reason = "something went wrong on our side; start it again, the log of the jobs worker has the details"
        _give_up(row, lease, reason, may_retry=False)


def _give_up(row: RetrievalEvaluation, lease: RowLease, reason: str, *, may_retry: bool) -> None:
    """Write the reason: for good, or until the next attempt when the cause may pass."""
    try:
        if may_retry and row.attempts + 1 < MAX_ATTEMPTS:
            lease.postpone(RETRY_PAUSE_S, status=RetrievalEvaluation.Status.QUEUED, reason=reason, updated_at=Now())
        else:
            lease.end(status=RetrievalEvaluation.Status.FAILED, reason=reason, finished_at=Now(), updated_at=Now())
    except LeaseLost:
        logger.info("evaluation %s was deleted or taken over before it failed", row.id)


async def _measure(row: RetrievalEvaluation, lease: RowLease) -> None:
    async with kept(lease):
        rows = await in_database(_rows, row)
        dataset_id, cases = await in_database(_cases, row, rows)
        results = list(row.results)
        for at in range(len(results), len(row.settings)):
            values = dict(row.settings[at])
            name = str(values.pop("name"))
            settings = await in_database(search_settings, row.workspace_id, dataset_id, values)
            progress = _Progress(lease, at, len(row.settings), len(cases))
            measures = await evaluate(cases, _search_with(row.workspace_id, dataset_id, settings), on_case=progress)
            results.append(_result(name, settings, rows, measures))
            await in_database(lease.renew, results=results, progress=(at + 1) / len(row.settings))


def _search_with(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, settings: SearchSettings
) -> Callable[[str], Awaitable[Sequence[Hit]]]:
    # Measures look at the first ten hits, however many people are shown.
    deep = replace(settings, retrieval=replace(settings.retrieval, top_k=max(settings.retrieval.top_k, DEPTH)))

    async def search(question: str) -> Sequence[Hit]:
        return (await deep.search(workspace_id, [dataset_id], question, count_hits=False)).hits

    return search


class _Progress:
    """Writes how many cases are done, at most once a second."""

    def __init__(self, lease: RowLease, settings_done: int, settings: int, cases: int) -> None:
        self._lease = lease
        self._settings_done = settings_done
        self._settings = settings
        self._cases = cases
        self._written_at = time.monotonic()

    async def __call__(self, done: int) -> None:
        """Note a case."""
        if time.monotonic() - self._written_at >= PROGRESS_EVERY_S:
            self._written_at = time.monotonic()
            progress = (self._settings_done + done / self._cases) / self._settings
            await in_database(self._lease.renew, progress=round(progress, 4))


def _rows(row: RetrievalEvaluation) -> list[RetrievalTestCase]:
    cases = RetrievalTestCase.objects.within(row.workspace_id).filter(test_set_id=row.test_set_id)
    return list(cases.order_by("created_at", "id"))


def _cases(row: RetrievalEvaluation, rows: Sequence[RetrievalTestCase]) -> tuple[uuid.UUID, list[Case]]:
    """Return the dataset and the cases, with documents by id."""
    dataset_id = row.test_set.dataset_id
    names = {name for case in rows for name in case.documents}
    documents = Document.objects.within(row.workspace_id).filter(dataset_id=dataset_id, name__in=names)
    ids: dict[str, set[str]] = {}
    for document_id, name in documents.values_list("id", "name"):
        ids.setdefault(name, set()).add(str(document_id))
    return dataset_id, [
        Case(
            id=str(case.id),
            question=case.question,
            document_ids=frozenset(item for name in case.documents for item in ids.get(name, ())),
            chunk_ids=frozenset(case.chunks),
            phrase=case.phrase,
        )
        for case in rows
    ]


def _result(
    name: str, settings: SearchSettings, rows: Sequence[RetrievalTestCase], measures: Measures
) -> dict[str, object]:
    by_id = {str(row.id): row for row in rows}
    return {
        "name": name,
        "settings": settings.to_json(),
        "recall_at_k": {str(k): round(value, 4) for k, value in measures.recall_at_k.items()},
        "ndcg_at_10": round(measures.ndcg_at_10, 4),
        "mrr": round(measures.mrr, 4),
        "p50_ms": round(measures.p50_ms, 2),
        "p95_ms": round(measures.p95_ms, 2),
        "cases": [
            {
                "id": item.case_id,
                "question": by_id[item.case_id].question,
                "rank": item.rank,
                "expected": _expected(by_id[item.case_id]),
                "found": list(item.found),
                "elapsed_ms": round(item.elapsed_ms, 2),
            }
            for item in measures.cases
        ],
    }


def _expected(row: RetrievalTestCase) -> list[str]:
    return [*row.documents, *row.chunks, *([row.phrase] if row.phrase else [])]


def evaluations_reclaim() -> list[uuid.UUID]:
    """Take evaluations back from dead workers, and return those whose message must be sent (again).

    One that outlived `MAX_ATTEMPTS` workers fails: it may be what kills them.
    """
    spent = rows_spent(RetrievalEvaluation, PENDING & Q(attempts__gte=MAX_ATTEMPTS))
    RetrievalEvaluation.unscoped.filter(id__in=spent).update(
        status=RetrievalEvaluation.Status.FAILED,
        reason=f"the worker died {MAX_ATTEMPTS} times over this evaluation; start it again with fewer settings",
        finished_at=Now(),
        lease_expires_at=None,
        updated_at=Now(),
    )
    return rows_due(RetrievalEvaluation, PENDING)


def evaluations_stuck() -> QuerySet[RetrievalEvaluation]:
    """Return evaluations, of every workspace, whose worker left them two leases ago; unclaimed ones wait in a queue."""
    return RetrievalEvaluation.unscoped.filter(PENDING, lease_expires_at__lt=Now() - timedelta(seconds=2 * LEASE_S))
