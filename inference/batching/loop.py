"""The engine thread: takes commands, asks the scheduler, runs the step, hands out the tokens."""

import logging
import queue
import threading
import time
from dataclasses import dataclass, field

from inference.batching.executor import CacheFullError, ContextLostError, Executor, Listener
from inference.batching.pressure import Intake
from inference.batching.scheduler import Progress, Scheduler, parts_of
from inference.batching.sequence import Batch, Outcome, Row, Sequence, Trim
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import EngineStats

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Submit:
    sequence: Sequence
    listener: Listener
    since_s: float


@dataclass(frozen=True, slots=True)
class _Cancel:
    sequence_id: int


class _Stop:
    pass


@dataclass(slots=True)
class _Run:
    """What came of one batch: rows with outcomes, rows that failed, or a reason to plan anew."""

    rows: list[Row] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[tuple[Row, Exception]] = field(default_factory=list)
    is_full: bool = False
    is_lost: bool = False
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        return not (self.failures or self.is_full or self.is_lost)


@dataclass(slots=True)
class _Counts:
    """What the steps amounted to; written by the engine thread only."""

    steps: int = 0
    step_sequences: int = 0
    step_s: float = 0.0
    rejected: int = 0
    kv_running: int = 0
    kv_cached: int = 0


class EngineLoop:
    """Runs one executor in one thread for any number of clients."""

    def __init__(
        self, executor: Executor, scheduler: Scheduler, *, max_queued: int, name: str, ttft_target_s: float = 30.0
    ) -> None:
        self._executor = executor
        self._scheduler = scheduler
        self._intake = Intake(
            scheduler.speed,
            max_running=scheduler.limits.max_sequences,
            max_queued=max_queued,
            ttft_target_s=ttft_target_s,
        )
        self._commands: queue.SimpleQueue[_Submit | _Cancel | _Stop] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._in_flight: dict[int, _Submit] = {}
        self._counts = _Counts()
        self._is_stopped = False
        self._step_since_s: float | None = None
        self._thread = threading.Thread(target=self._work, name=f"engine-{name}", daemon=True)
        self._thread.start()

    def submit(self, sequence: Sequence, listener: Listener) -> None:
        """Queue a sequence; raises OverloadedError when too many wait already. Any thread may call this."""
        command = _Submit(sequence, listener, time.monotonic())
        with self._lock:
            if self._is_stopped:
                raise EngineFailedError("The engine is shutting down: send the request to another server.")
            if (refusal := self._intake.refusal(sequence)) is not None:
                self._counts.rejected += 1
                raise OverloadedError(
                    f"{refusal.reason}: try again in {refusal.retry_after_s} s.", retry_after_s=refusal.retry_after_s
                )
            self._intake.enter(sequence)
            self._in_flight[sequence.id] = command
        self._commands.put(command)

    def cancel(self, sequence_id: int) -> None:
        """End a sequence within a step; its listener hears no more. Unknown and ended ones are ignored."""
        if sequence_id in self._in_flight:
            self._commands.put(_Cancel(sequence_id))

    @property
    def is_running(self) -> bool:
        """Sequences can be submitted; False after `stop`, or when the cells could not even be cleared any more."""
        return not self._is_stopped

    def stats(self) -> EngineStats:
        with self._lock:
            sequences = [command.sequence for command in self._in_flight.values()]
        active = [sequence for sequence in sequences if sequence.slot is not None]
        queued = [sequence for sequence in sequences if sequence.slot is None]
        scheduler, counts, since_s = self._scheduler, self._counts, self._step_since_s
        return EngineStats(
            active=len(active),
            queued=len(queued),
            queued_tokens=sum(len(sequence.tokens) for sequence in queued),
            kv_used=counts.kv_running,
            kv_total=scheduler.kv.total,
            kv_cached=counts.kv_cached,
            preemptions=scheduler.preemptions,
            steps=counts.steps,
            step_sequences=counts.step_sequences,
            step_s=counts.step_s,
            compute_s=self._executor.compute_s,
            admitted=scheduler.admitted,
            queued_s=scheduler.queued_s,
            prompt_tokens=scheduler.prompt_tokens,
            prefix_hit_tokens=scheduler.prefix_hit_tokens,
            drafted_tokens=scheduler.speculation.drafted,
            accepted_tokens=scheduler.speculation.accepted,
            rejected_requests=counts.rejected,
            busy_s=0.0 if since_s is None else time.monotonic() - since_s,
        )

    def stop(self, timeout_s: float = 5.0) -> None:
        """End every sequence, free the executor and wait for the thread."""
        with self._lock:
            self._is_stopped = True
        self._commands.put(_Stop())
        self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            while self._obey():
                try:
                    self._step()
                except Exception:  # noqa: BLE001  # the engine thread must outlive any step
                    _LOG.exception("The engine thread failed in a step; its sequences end.")
                    self._fail_all("The engine failed in a step: try again.")
                    self._scheduler.reset()
                    self._executor.move([Trim(slot) for slot in range(self._scheduler.kv.slots)])
        finally:
            with self._lock:
                self._is_stopped = True
            self._fail_all("The engine is shutting down: try again.")
            self._executor.shutdown()

    def _obey(self) -> bool:
        """Take in all commands, waiting for one when there is nothing to do; False ends the thread."""
        is_idle = not self._scheduler.has_work
        while True:
            try:
                command = self._commands.get(block=is_idle)
            except queue.Empty:
                return True
            is_idle = False
            match command:
                case _Submit(sequence, _, since_s):
                    self._open(sequence, since_s)
                case _Cancel(sequence_id):
                    self._drop(sequence_id)
                case _Stop():
                    return False

    def _step(self) -> None:
        started_s = time.monotonic()
        batch = self._scheduler.schedule(started_s)
        self._executor.move(batch.moves)
        if not batch.rows:
            return
        run = self._run(batch)
        ended_s = time.monotonic()
        if run.is_whole:
            self._scheduler.record(batch, run.seconds)
        for progress in self._scheduler.update(run.rows, run.outcomes, ended_s):
            self._deliver(progress)
        for row, problem in run.failures:
            self._fail(row.sequence.id, _failure(problem))
        if run.is_lost:
            self._scheduler.reset()
        elif run.is_full and not self._scheduler.relieve():
            self._fail(batch.rows[0].sequence.id, EngineFailedError("The KV cache has no room for it: shorten it."))
        self._counts.steps += 1
        self._counts.step_sequences += len(run.rows)
        self._measure_cells()
        seconds = time.monotonic() - started_s
        self._counts.step_s += seconds
        with self._lock:
            self._intake.slowness.record(*parts_of(batch), seconds)

    def _run(self, batch: Batch) -> _Run:
        """Compute the rows; when that fails, halves of them, so that only the row at fault fails."""
        run = _Run()
        parts = [batch.rows]
        while parts:
            rows = parts.pop()
            started_s = time.perf_counter()
            try:
                outcomes = self._executor.run(rows, batch.adapter)
            except CacheFullError:
                run.is_full = True
                break
            except ContextLostError as problem:
                _LOG.warning("The context was made anew: %s", problem)
                run.is_lost = True
                break
            except Exception as problem:  # noqa: BLE001  # the engine thread: the row at fault fails
                if len(rows) == 1:
                    run.failures.append((rows[0], problem))
                else:
                    middle = len(rows) // 2
                    parts += [rows[middle:], rows[:middle]]
            else:
                for row, outcome in zip(rows, outcomes, strict=True):
                    if outcome.error is not None:
                        run.failures.append((row, outcome.error))
                        continue
                    run.rows.append(row)
                    run.outcomes.append(outcome)
            finally:
                run.seconds += time.perf_counter() - started_s
        return run

    def _deliver(self, progress: Progress) -> None:
        sequence, reason = progress.sequence, progress.finish_reason
        command = self._in_flight[sequence.id]
        kept = len(sequence.tokens) - len(progress.tokens)
        for token in progress.tokens:
            kept += 1
            if command.listener.token(token):
                reason = "stop"
                break
        if reason is not None:
            self._drop(sequence.id, kept)
            command.listener.finished(reason, sequence)

    def _open(self, sequence: Sequence, since_s: float) -> None:
        try:
            self._executor.open(sequence)
        except Exception as problem:  # noqa: BLE001  # the engine thread: this request fails
            self._fail(sequence.id, _failure(problem))
        else:
            self._scheduler.add(sequence, since_s)

    def _drop(self, sequence_id: int, tokens: int | None = None) -> None:
        with self._lock:
            command = self._in_flight.pop(sequence_id, None)
            if command is not None:
                self._intake.leave(command.sequence)
        if command is not None:
            self._scheduler.finish(command.sequence, tokens)
            self._executor.close(command.sequence)
            self._measure_cells()

    def _fail(self, sequence_id: int, error: InferenceError) -> None:
        command = self._in_flight.get(sequence_id)
        try:
            self._drop(sequence_id)
        finally:
            if command is not None:
                command.listener.failed(error)

    def _fail_all(self, message: str) -> None:
        for sequence_id in tuple(self._in_flight):
            self._fail(sequence_id, EngineFailedError(message))

    def _measure_cells(self) -> None:
        kv = self._scheduler.kv
        self._counts.kv_cached = kv.cached
        self._counts.kv_running = kv.used - self._counts.kv_cached


def _failure(problem: Exception) -> InferenceError:
    if isinstance(problem, InferenceError):
        return problem
    _LOG.warning("A sequence failed.", exc_info=problem)
    return EngineFailedError(f"It could not be computed: {problem}.")
