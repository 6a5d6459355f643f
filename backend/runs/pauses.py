"""Paused runs: what they ask, the answers that wake them, and the questions that nobody answered in time.

A paused run has no lease and nothing executes it; an answer is an event in its journal, and then it is queued again.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models.functions import Now

from agents.events import Body, Event, HumanInputGiven, HumanInputRequired
from agents.types import JsonObject
from agents.workflow.state import RunState, fold
from agents.workflow.storable import storable_body
from backend.common.errors import Conflict, NotFound
from backend.runs.journal import event_record, row_unsealed
from backend.runs.lease import SEQS_PER_ATTEMPT
from backend.runs.models import Run, RunEvent, RunStatus
from backend.runs.ports import REDACTOR_OF
from backend.runs.rows import Row

CLOCK_STEP_S = 0.001  # the database keeps microseconds, a question's time has more


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was stored outside an attempt, with the number of the one before it, to be told to listeners."""

    event: Event
    previous: int


def open_asks(state: RunState) -> list[HumanInputRequired]:
    """Return the questions that nobody has answered yet."""
    return [
        question
        for record in state.nodes.values()
        for ask, question in record.asked.items()
        if ask not in record.answered and record.finished is None
    ]


def wakes_at(state: RunState) -> datetime | None:
    """Return when the first open question expires; None for never."""
    times = [question.expires_at for question in open_asks(state) if question.expires_at > 0]
    return datetime.fromtimestamp(min(times), UTC) if times else None


def state_of(run: Run) -> RunState:
    """Return what has happened in a run, as far as PostgreSQL knows."""
    records = RunEvent.objects.filter(run=run).order_by("seq")
    return fold(row_unsealed(record).event.body for record in records)


def event_store(run: Run, body: Body) -> Told:
    """Append an event to a run that nobody executes; its row must be locked."""
    last = RunEvent.objects.filter(run=run).order_by("-seq").values_list("seq", flat=True).first() or 0
    event = Event(max(last, SEQS_PER_ATTEMPT * run.attempt) + 1, time.time(), storable_body(body))
    redactor = REDACTOR_OF.get()(str(run.workspace_id)) if run.sealed is not None else None
    event_record(run.id, Row(event.seq, event), redactor).save(force_insert=True)
    return Told(event, last)


@transaction.atomic
def answer_store(run_id: uuid.UUID, *, node_id: str, ask: str, values: JsonObject, by: str) -> Told:
    """Append a person's answer and queue the run again, once; raises `NotFound` or `Conflict`."""
    run = _locked(run_id)
    record = state_of(run).nodes.get(node_id)
    if record is None or ask not in record.asked:
        raise NotFound(f"the run asks nothing {ask!r} at the node {node_id!r}: see its asks")
    if ask in record.answered:
        raise Conflict("somebody has answered this already", code="already_answered")
    if run.status != RunStatus.PAUSED:
        raise Conflict(f"the run is {run.status}, not paused: answer when it waits", code="run_not_paused")
    return _wake(run, [HumanInputGiven(node_id, ask, values, by=by)])[0]


@transaction.atomic
def expired_store(run_id: uuid.UUID) -> list[Told]:
    """Answer for nobody what has expired, and queue the run again; nothing when somebody was faster."""
    run = _locked(run_id)
    if run.status != RunStatus.PAUSED or run.wakes_at is None:
        return []
    until = run.wakes_at.timestamp() + CLOCK_STEP_S
    late = [question for question in open_asks(state_of(run)) if 0 < question.expires_at <= until]
    return _wake(run, [HumanInputGiven(item.node_id, item.ask, {}, timed_out=True) for item in late])


def _locked(run_id: uuid.UUID) -> Run:
    return Run.unscoped.select_for_update(no_key=True).get(id=run_id)


def _wake(run: Run, bodies: list[HumanInputGiven]) -> list[Told]:
    told = [event_store(run, body) for body in bodies]
    waiting = {"status": RunStatus.QUEUED, "wakes_at": None, "resumed_at": Now(), "lease_expires_at": None}
    Run.unscoped.filter(id=run.id).update(**waiting)
    return told
