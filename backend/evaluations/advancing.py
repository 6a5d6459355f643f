"""Moves an experiment on: what has ended is noted and judged, what is free begins. Anybody may call it, at any time.

    pending → running (with the run, in one transaction) → scoring → succeeded
                                                         → failed · cancelled

Nothing of an experiment is in a process: the row names its run, and a run survives its worker. The lock on the
experiment keeps two who move it at once from beginning a row twice.
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

from celery import current_app
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from agents.types import JsonValue
from backend.apps.drafts import CONVERSATION_MODES, draft_read
from backend.apps.services import RunAsk, run_begin, run_plan
from backend.common.errors import ApiError, TooManyRequests
from backend.evaluations.models import Experiment, ExperimentRow, ExperimentRowStatus, ExperimentStatus
from backend.evaluations.scoring import row_send
from backend.evaluations.selectors import experiment_of_run, progress_of
from backend.logs.selectors import sources_of, steps_of_runs
from backend.runs.models import END_STATUSES, Run, RunSource, RunStatus
from backend.runs.services import run_cancel, run_enqueue

ADVANCE = "evaluations.advance"
ROWS_A_TIME = 100
RUN_COLUMNS = (
    *("id", "workspace_id", "status", "outputs", "error_code", "error_message", "prompt_tokens"),
    *("completion_tokens", "cost", "created_at", "finished_at", "ttft_ms"),
)
SOURCE_CHARS = 2000
PATIENCE_S = 60
"""A limit that is free again sooner makes an experiment wait; one that is not stops it: no case is judged for that."""
logger = logging.getLogger(__name__)


def run_ended(run_id: uuid.UUID, source: str) -> None:
    """Move the experiment on whose run has ended."""
    experiment_id = experiment_of_run(run_id) if source == RunSource.EVALUATION else None
    if experiment_id is not None:
        experiment_advance(experiment_id)


def experiment_send(experiment_id: uuid.UUID) -> None:
    """Have a worker move an experiment on; without a broker, the sweep does it."""
    try:
        current_app.send_task(ADVANCE, (str(experiment_id),), queue="runs", retry=False)
    except (current_app.connection().connection_errors, RedisError, OSError) as error:
        logger.warning("experiment %s waits for the sweep: %s", experiment_id, error)


@transaction.atomic
def experiment_advance(experiment_id: uuid.UUID) -> None:
    """Note what has ended, begin as many rows as may run at once, and end the experiment with its last row."""
    found = Experiment.unscoped.select_for_update(of=("self",)).select_related("app", "created_by")
    experiment = found.filter(id=experiment_id).first()
    if experiment is None or experiment.finished_at:
        return
    running = _settle(experiment)
    if experiment.status == ExperimentStatus.RUNNING:
        spent = _over_budget(experiment)
        if spent:
            experiment_stop(experiment, spent)
        else:
            _begin(experiment, experiment.at_once - running)
    _end(experiment)


def _settle(experiment: Experiment) -> int:
    """Copy what ended runs gave to their rows, send those to be judged; return how many still run."""
    rows = list(ExperimentRow.unscoped.filter(experiment=experiment, status=ExperimentRowStatus.RUNNING))
    runs = {run.id: run for run in Run.unscoped.filter(id__in=[row.run_id for row in rows]).only(*RUN_COLUMNS)}
    ended = [run for run in runs.values() if run.status in END_STATUSES]
    steps = steps_of_runs(ended)
    busy = 0
    for row in rows:
        run = runs.get(row.run_id)
        if run is None:
            _fail(row, "run_deleted", "the run of this case was deleted before its end was noted")
        elif run.status == RunStatus.PAUSED:
            transaction.on_commit(partial(run_cancel, run=run))
            _fail(row, "human_input", "the app asked a person something: nobody answers in an experiment")
        elif run.status not in END_STATUSES:
            busy += 1
        else:
            state = steps[run.id]
            row.sources = [
                {**asdict(source), "text": source.text[:SOURCE_CHARS]}
                for source in sorted(sources_of(state), key=lambda item: item.position)
            ]
            row.tool_calls = [
                {"name": call.call.name, "arguments": dict(call.call.arguments)}
                for node in state.nodes.values()
                for call in node.calls
            ]
            _copy(row, run)
    return busy


def _copy(row: ExperimentRow, run: Run) -> None:
    row.outputs, row.answer = run.outputs, answer_of(run.outputs)
    row.prompt_tokens, row.completion_tokens, row.cost = run.prompt_tokens, run.completion_tokens, run.cost
    row.elapsed_ms = (run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else None
    row.ttft_ms = run.ttft_ms
    match run.status:
        case RunStatus.SUCCEEDED:
            row.status = ExperimentRowStatus.SCORING
            row.save()
            transaction.on_commit(partial(row_send, row.id), robust=True)
        case RunStatus.CANCELLED:
            row.status, row.error_code = ExperimentRowStatus.CANCELLED, "cancelled"
            row.save()
        case _:
            _fail(row, run.error_code, run.error_message)


def answer_of(outputs: Mapping[str, JsonValue]) -> str:
    """Return the text that is judged: the answer, the one output there is, or all of them as JSON."""
    value = outputs.get("answer", outputs if len(outputs) != 1 else next(iter(outputs.values())))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fail(row: ExperimentRow, code: str, message: str) -> None:
    """End a row whose run gave no answer: it scores 0, for it would have been no answer in earnest either."""
    row.status, row.error_code, row.error_message, row.score = ExperimentRowStatus.FAILED, code, message, 0.0
    row.save()


def _over_budget(experiment: Experiment) -> str:
    """Return why nothing more may begin, or nothing."""
    so_far = progress_of([experiment])[experiment.id]
    tokens = so_far.prompt_tokens + so_far.completion_tokens + so_far.judge_tokens
    cost = so_far.cost + so_far.judge_cost
    if experiment.budget_tokens is not None and tokens >= experiment.budget_tokens:
        return f"the budget of {experiment.budget_tokens:,} tokens is spent: {tokens:,} were used"
    if experiment.budget_cost is not None and cost >= experiment.budget_cost > 0:
        return f"the budget of {experiment.budget_cost.normalize():f} USD is spent: {cost.normalize():f} were used"
    return ""


def experiment_stop(experiment: Experiment, reason: str, status: str = ExperimentStatus.STOPPED) -> None:
    """Begin nothing more, and end what runs; call it with the experiment locked, in a transaction."""
    rows = ExperimentRow.unscoped.filter(experiment=experiment)
    if not rows.filter(status=ExperimentRowStatus.PENDING).exists() and status == ExperimentStatus.STOPPED:
        return
    waiting = rows.filter(status=ExperimentRowStatus.PENDING)
    waiting.update(status=ExperimentRowStatus.CANCELLED, error_code=status, updated_at=timezone.now())
    experiment.status, experiment.reason = status, reason
    experiment.save(update_fields=["status", "reason", "updated_at"])
    running = rows.filter(status=ExperimentRowStatus.RUNNING, run__isnull=False).values_list("run_id", flat=True)
    transaction.on_commit(partial(_runs_cancel, experiment.id, list(running)))


def _runs_cancel(experiment_id: uuid.UUID, run_ids: Sequence[uuid.UUID]) -> None:
    for run in Run.unscoped.filter(id__in=run_ids):
        run_cancel(run=run)
    experiment_advance(experiment_id)


def _begin(experiment: Experiment, free: int) -> None:
    """Begin up to `free` rows, case by case; cases that cannot be asked fail on the way."""
    if free <= 0:
        return
    drafts = [draft_read(experiment.app.mode, variant["config"]) for variant in experiment.variants]
    pending = ExperimentRow.unscoped.filter(experiment=experiment, status=ExperimentRowStatus.PENDING)
    for row in pending.order_by("number", "variant")[:ROWS_A_TIME]:
        variant = experiment.variants[row.variant]
        ask = RunAsk(
            app=experiment.app,
            draft=drafts[row.variant],
            source=RunSource.EVALUATION,
            version=variant["version"],
            inputs=row.case["inputs"],
            query=row.case["query"],
            user=experiment.created_by,
            history=() if experiment.app.mode in CONVERSATION_MODES else None,
            asks_model=True,
        )
        try:
            free -= _row_begin(ask, row)
        except TooManyRequests as error:
            if error.retry_after_s > PATIENCE_S:
                experiment_stop(experiment, error.message)
            return  # the sweep comes back
        if not free:
            return
    if pending.exists():
        transaction.on_commit(partial(experiment_send, experiment.id))


def _row_begin(ask: RunAsk, row: ExperimentRow) -> bool:
    """Give a row its run; False for a case that the app cannot be asked with. Raises `TooManyRequests` over a limit."""
    try:
        plan = run_plan(ask)
        run = run_begin(ask, replace(plan, spec=replace(plan.spec, priority="batch")))
    except TooManyRequests:
        raise
    except ApiError as error:
        _fail(row, error.code, error.message)
        return False
    row.run, row.status = run, ExperimentRowStatus.RUNNING
    row.save()
    transaction.on_commit(partial(run_enqueue, run.id))
    return True


def _end(experiment: Experiment) -> None:
    """End an experiment none of whose rows is on its way."""
    open_rows = ExperimentRow.unscoped.filter(experiment=experiment).filter(
        status__in=(ExperimentRowStatus.PENDING, ExperimentRowStatus.RUNNING, ExperimentRowStatus.SCORING)
    )
    if open_rows.exists():
        return
    if experiment.status == ExperimentStatus.RUNNING:
        experiment.status = ExperimentStatus.FINISHED
    experiment.finished_at = timezone.now()
    experiment.save(update_fields=["status", "finished_at", "updated_at"])
