"""Executes a leased run: events from the runtime into the journal, with heartbeat, cancel, time limit and one end."""

import asyncio
import contextlib
import logging
import time
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
)
from agents.workflow.execute import run_graph
from backend.common.database import in_database
from backend.runs.journal import Finish, Journal
from backend.runs.lease import MAX_ATTEMPTS, Lease, LeaseLost, lease_claim, lease_release, lease_renew
from backend.runs.models import Run, RunStatus
from backend.runs.ports import COST_OF, RUN_PORTS

logger = logging.getLogger(__name__)
INTERNAL_ERROR = RunFailed("internal_error", "the run broke on our side; the log of the runs worker has the details")
TOO_MANY_ATTEMPTS = RunFailed(
    "worker_lost", f"the worker died {MAX_ATTEMPTS} times while it executed this run; it is not tried again"
)


class Totals:
    """What the nodes of a run cost so far, over all attempts."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost = Decimal(0)

    async def add(self, body: Body) -> None:
        """Count a finished node; other events cost nothing."""
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
        self._released = False
        self.over = asyncio.Event()

    def cancel(self) -> None:
        """End the run as cancelled, now."""
        if self._task:
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
        totals = Totals(lease.spec.scope)
        for body in past:
            await totals.add(body)
        try:
            last = await self._drive(lease, journal, past, totals)
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
        await journal.finish(last, _finish(lease, journal, totals, last))

    async def _drive(self, lease: Lease, journal: Journal, past: list[Body], totals: Totals) -> Body:
        if lease.attempt >= MAX_ATTEMPTS:
            return TOO_MANY_ATTEMPTS
        remaining_s = settings.RUN_MAX_S - (time.time() - lease.started_at)
        async with asyncio.timeout(max(0.0, remaining_s)):
            graph: AsyncGenerator[Body, None] = run_graph(lease.spec, RUN_PORTS.get()(lease.spec), past)
            async with aclosing(graph) as bodies:
                async for body in bodies:
                    await totals.add(body)
                    if body.kind in TERMINAL_KINDS:
                        return replace(body, cost=format(totals.cost, "f")) if isinstance(body, RunFinished) else body
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


def _finish(lease: Lease, journal: Journal, totals: Totals, last: Body) -> Finish:
    """Return what ends the row in the same transaction as the last event."""

    def finish(run: Run) -> None:
        run.finished_at = timezone.now()
        run.lease_token, run.lease_expires_at, run.lease_owner = None, None, ""
        run.prompt_tokens, run.completion_tokens, run.cost = totals.prompt_tokens, totals.completion_tokens, totals.cost
        if journal.first_text_at is not None and run.ttft_ms is None:
            run.ttft_ms = (journal.first_text_at - lease.created_at) * 1000
        match last:
            case RunFinished(outputs=outputs):
                run.status, run.outputs = RunStatus.SUCCEEDED, dict(outputs)
            case RunFailed(code=code, message=message):
                run.status, run.error_code, run.error_message = RunStatus.FAILED, code, message
                run.outputs = _partial(journal)
            case _:
                run.status, run.outputs = RunStatus.CANCELLED, _partial(journal)
        run.save()

    return finish


def _partial(journal: Journal) -> dict[str, str]:
    """Return the text that was out when a run ended early."""
    texts = [text for text in journal.shown.values() if text]
    return {"answer": texts[-1]} if texts else {}
