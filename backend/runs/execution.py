"""Executes a leased run: events from the runtime into the journal, with heartbeat, cancel, time limit and one end."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from agents.events import (
    TERMINAL_KINDS,
    Body,
    NodeFinished,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
)
from agents.workflow.execute import run_graph
from agents.workflow.state import RunState
from agents.workflow.storable import storable_body
from backend.common.database import in_database
from backend.runs.ending import end_announce, end_redact, partial_outputs, variables_keep
from backend.runs.journal import Finish, Journal
from backend.runs.lease import MAX_ATTEMPTS, Lease, LeaseLost, lease_claim, lease_release, lease_renew
from backend.runs.models import Run, RunStatus
from backend.runs.pauses import wakes_at
from backend.runs.ports import COST_OF, RUN_PORTS
from backend.runs.redaction import Redactor

logger = logging.getLogger(__name__)
LAST_KINDS = TERMINAL_KINDS | {RunPaused.kind}
"""What ends an attempt: a paused run goes on in another one."""
INTERNAL_ERROR = RunFailed("internal_error", "the run broke on our side; the log of the runs worker has the details")
TOO_MANY_ATTEMPTS = RunFailed(
    "worker_lost", f"the worker died {MAX_ATTEMPTS} times while it executed this run; it is not tried again"
)


class Progress:
    """What has happened in a run so far, over all attempts, and what its nodes cost."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self.state = RunState()
        self.pauses = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost = Decimal(0)

    async def add(self, body: Body) -> None:
        """Take one more body into account; only a finished node costs anything."""
        self.state.add(body)
        self.pauses += isinstance(body, RunPaused)
        if not isinstance(body, NodeFinished) or not body.model:
            return
        prompt, completion = (int(str(body.usage.get(key, 0))) for key in ("prompt_tokens", "completion_tokens"))
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        self.cost += await in_database(COST_OF.get(), self._scope, body.model, prompt, completion)


class Execution:
    """One attempt at a run, with a `lease` that was given or will be claimed.

    `cancel` ends the run, `release` leaves it to the next worker.
    """

    def __init__(self, run_id: uuid.UUID, owner: str, lease: Lease | None = None) -> None:
        self.run_id = run_id
        self._owner = owner
        self._lease = lease
        self._task: asyncio.Task[None] | None = None
        # A task that is cancelled before its first step would never say how the run ended, nor one that is saying it.
        self._can_stop = False
        self._cancelled = False
        self._released = False
        self.over = asyncio.Event()

    def cancel(self) -> None:
        """End the run as cancelled, now."""
        self._cancelled = True
        if self._task and self._can_stop:
            self._task.cancel()

    def release(self) -> None:
        """Stop here and give the run back."""
        self._released = True
        self.cancel()

    async def run(self) -> None:
        """Claim the run and execute it to its end; returns at once when somebody else has it."""
        lease = self._lease or await in_database(lease_claim, self.run_id, self._owner)
        if lease is None:
            return
        journal = Journal(lease)
        heartbeat: asyncio.Task[None] | None = None
        try:
            past = await journal.open()
            self._task = asyncio.create_task(self._execute(lease, journal, past))
            heartbeat = asyncio.create_task(self._heartbeat(lease))
            if lease.cancel_requested:
                self.cancel()
            await self._task
        except LeaseLost:
            logger.info("run %s went to another worker", self.run_id)
        finally:
            if heartbeat:
                heartbeat.cancel()
            await self._close(lease, journal)

    async def _close(self, lease: Lease, journal: Journal) -> None:
        with contextlib.suppress(LeaseLost):
            await journal.close(keep=self._released)
        if self._released:
            await in_database(lease_release, lease)

    async def _execute(self, lease: Lease, journal: Journal, past: list[Body]) -> None:
        progress = Progress(lease.spec.scope)
        self._can_stop = True
        try:
            if self._cancelled:
                raise asyncio.CancelledError
            for body in past:
                await progress.add(body)
            last = await self._drive(lease, journal, past, progress)
        except asyncio.CancelledError:
            if self._released:
                return
            last = RunCancelled()
        except TimeoutError:
            last = RunFailed("time_limit", f"the run took longer than the limit of {settings.RUN_MAX_S} s")
        except LeaseLost:
            raise
        except Exception:
            logger.exception("run %s broke", self.run_id)
            last = INTERNAL_ERROR
        finally:
            self._can_stop = False
        await journal.finish(last, _finish(lease, journal, progress, last))

    async def _drive(self, lease: Lease, journal: Journal, past: list[Body], progress: Progress) -> Body:
        if lease.attempt - progress.pauses >= MAX_ATTEMPTS:
            return TOO_MANY_ATTEMPTS
        async with asyncio.timeout(max(0.0, settings.RUN_MAX_S - lease.elapsed_s)):
            ports, limits = RUN_PORTS.get()(lease.spec), settings.RUN_LIMITS
            graph: AsyncGenerator[Body, None] = run_graph(lease.spec, ports, past, limits=limits)
            async with aclosing(graph) as bodies:
                async for told in bodies:
                    body = storable_body(told)
                    await progress.add(body)
                    if body.kind in LAST_KINDS:
                        is_finished = isinstance(body, RunFinished)
                        return replace(body, cost=format(progress.cost, "f")) if is_finished else body
                    await journal.append(body)
        return INTERNAL_ERROR

    async def _heartbeat(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(settings.RUN_HEARTBEAT_S)
            try:
                if await in_database(lease_renew, lease):
                    self.cancel()
            except LeaseLost:
                self.release()
                return
            except Exception:
                logger.exception("run %s: its lease could not be renewed; the next heartbeat tries again", self.run_id)


# What the end of an attempt may change: nothing else of the row is written again.
ENDING = (
    "status", "outputs", "error_code", "error_message", "prompt_tokens", "completion_tokens", "cost", "ttft_ms",
    "lease_owner", "lease_token", "lease_expires_at", "wakes_at", "finished_at", "updated_at", "is_redacted",
)  # fmt: skip


def _finish(lease: Lease, journal: Journal, progress: Progress, last: Body) -> Finish:
    """Return what ends the row, or lets it sleep, in the same transaction as the last event of the attempt."""

    def finish(run: Run) -> None:
        run.lease_token, run.lease_expires_at, run.lease_owner = None, None, ""
        run.prompt_tokens, run.completion_tokens = progress.prompt_tokens, progress.completion_tokens
        run.cost = progress.cost
        if journal.first_text_at is not None and run.ttft_ms is None:
            run.ttft_ms = (journal.first_text_at - lease.created_at) * 1000
        if isinstance(last, RunPaused):
            # Who asked to cancel while the run fell asleep is heard by the next attempt.
            run.status = RunStatus.QUEUED if run.cancel_requested_at else RunStatus.PAUSED
            run.wakes_at = wakes_at(progress.state)
        else:
            _end(run, progress.state, last, journal.redactor)
        run.save(update_fields=ENDING)

    return finish


def _end(run: Run, state: RunState, last: Body, redactor: Redactor | None) -> None:
    run.finished_at = timezone.now()
    match last:
        case RunFinished(outputs=outputs):
            run.status, run.outputs = RunStatus.SUCCEEDED, dict(outputs)
        case RunFailed(code=code, message=message):
            run.status, run.error_code, run.error_message = RunStatus.FAILED, code, message
            run.outputs = partial_outputs(state)
        case _:
            run.status, run.outputs = RunStatus.CANCELLED, partial_outputs(state)
    end_redact(run, redactor)
    variables_keep(run, state, redactor)
    end_announce(run)
