"""Judges what a run gave: every evaluator of the experiment on one row, by whoever holds the row's lease.

The verdicts of a row are stored together; a worker that dies in between leaves the row to the next one.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from agents.types import JsonValue
from backend.common.database import in_database
from backend.datasets.adapters import job_send
from backend.datasets.lease import MAX_ATTEMPTS, LeaseLost
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from backend.evaluations.kinds.base import EvaluatorFailed, NotApplicable, Observed, Outside, Passage, ToolUse
from backend.evaluations.kinds.registry import judged, kind_read
from backend.evaluations.models import ExperimentRow, ExperimentRowStatus
from backend.evaluations.outside import Spent, WorkspaceOutside
from backend.runs.models import RunSource
from backend.runs.ports import RUN_SPEND, Charge

SCORE = "evaluations.score"
PENDING = Q(status=ExperimentRowStatus.SCORING)
logger = logging.getLogger(__name__)


def row_send(row_id: uuid.UUID) -> None:
    """Have a worker judge a row."""
    job_send(SCORE, row_id)


def row_score(row_id: uuid.UUID) -> uuid.UUID | None:
    """Judge a row that waits for it, unless somebody does; returns its experiment when the row has ended."""
    claimed = row_claim(ExperimentRow, row_id, PENDING)
    if claimed is None:
        return None
    row, lease = claimed
    evaluators, seen, outside = row.experiment.evaluators, observed_of(row), WorkspaceOutside(row.workspace_id)

    async def work() -> list[dict[str, JsonValue]]:
        await in_database(lease.renew, attempts=F("attempts") + 1)
        async with kept(lease):
            return await scores_of(evaluators, seen, outside)

    try:
        scores = asyncio.run(work())
        _keep(row, lease, scores, outside.spent())
    except LeaseLost:
        logger.info("row %s was deleted or taken over while it was judged", row_id)
        _count(row, outside.spent())  # whoever has the row now counts its own
        return None
    return row.experiment_id


def _keep(row: ExperimentRow, lease: RowLease, scores: list[dict[str, JsonValue]], spent: Spent) -> None:
    """Store the verdicts with what the judges took, and count that, or none of it; raises `LeaseLost`."""
    with transaction.atomic():
        lease.end(
            scores=scores,
            score=score_of(scores),
            status=ExperimentRowStatus.SUCCEEDED,
            judge_prompt_tokens=spent.prompt_tokens,
            judge_completion_tokens=spent.completion_tokens,
            judge_cost=spent.cost,
            judged_at=Now(),
        )
        _count(row, spent)


def _count(row: ExperimentRow, spent: Spent) -> None:
    """Hold what judges took against the limits of the workspace and of the app."""
    charge = Charge(workspace_id=row.workspace_id, source=RunSource.EVALUATION, app_id=row.experiment.app_id)
    RUN_SPEND.get()(charge, spent.prompt_tokens + spent.completion_tokens, spent.cost)


async def scores_of(
    evaluators: Sequence[Mapping[str, JsonValue]], seen: Observed, outside: Outside
) -> list[dict[str, JsonValue]]:
    """Return what each evaluator says, one after the other; one that fails says why, and the others go on."""
    return [await _score(evaluator, seen, outside) for evaluator in evaluators]


async def _score(evaluator: Mapping[str, JsonValue], seen: Observed, outside: Outside) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "evaluator_id": evaluator["id"], "name": evaluator["name"], "kind": evaluator["kind"],
        "status": "failed", "value": None, "passed": None, "reason": "",
    }  # fmt: skip
    began = time.monotonic()
    try:
        kind = kind_read(str(evaluator["kind"]), evaluator["config"])  # type: ignore[arg-type]  # stored as it was read
        verdict = await judged(kind, seen, outside)
        passed = verdict.value >= float(str(evaluator["pass_at"]))
        told |= {"status": "scored", "value": round(verdict.value, 6), "passed": passed, "reason": verdict.reason}
    except NotApplicable as error:
        told |= {"status": "skipped", "reason": str(error)}
    except EvaluatorFailed as error:
        told |= {"reason": f"{evaluator['name']}: {error}"}
    return {**told, "elapsed_ms": round((time.monotonic() - began) * 1000, 1)}


def score_of(scores: Sequence[Mapping[str, JsonValue]]) -> float | None:
    """Return the mean of the verdicts, or None where there is none."""
    values = [float(str(score["value"])) for score in scores if score["status"] == "scored"]
    return sum(values) / len(values) if values else None


def observed_of(row: ExperimentRow) -> Observed:
    """Return what evaluators see of a row."""
    case = row.case
    return Observed(
        query=case["query"],
        inputs=case["inputs"],
        expected=case["expected"],
        expected_tools=tuple(ToolUse(item["name"], item.get("arguments")) for item in case["expected_tools"]),
        expected_sources=tuple(case["expected_sources"]),
        answer=row.answer,
        outputs=row.outputs,
        passages=tuple(
            Passage(item["document_name"], item["chunk_id"], item["text"], item["cited"]) for item in row.sources
        ),
        tool_calls=tuple(ToolUse(item["name"], item.get("arguments")) for item in row.tool_calls),
    )


def scorings_reclaim() -> tuple[list[uuid.UUID], set[uuid.UUID]]:
    """Return rows whose message must be sent (again), and experiments with rows that were given up.

    A row that outlived `MAX_ATTEMPTS` workers ends without verdicts: it may be what kills them.
    """
    spent = rows_spent(ExperimentRow, PENDING & Q(attempts__gte=MAX_ATTEMPTS))
    reason = f"the worker died {MAX_ATTEMPTS} times while it judged this answer"
    touched = set()
    for row in ExperimentRow.unscoped.filter(PENDING, id__in=spent).select_related("experiment"):
        row.scores = [
            {
                "evaluator_id": item["id"], "name": item["name"], "kind": item["kind"], "status": "failed",
                "value": None, "passed": None, "reason": f"{item['name']}: {reason}", "elapsed_ms": 0,
            }
            for item in row.experiment.evaluators
        ]  # fmt: skip
        row.status, row.lease_expires_at = ExperimentRowStatus.SUCCEEDED, None
        row.save(update_fields=["scores", "status", "lease_expires_at", "updated_at"])
        touched.add(row.experiment_id)
    return rows_due(ExperimentRow, PENDING), touched
