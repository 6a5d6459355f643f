"""The engine thread: takes commands, asks the scheduler, runs the step, hands out the tokens."""

import logging
import math
import queue
import threading
import time
from collections.abc import Sequence as Sized
from dataclasses import dataclass
from typing import Protocol

from inference.batching.scheduler import Sampled, Scheduler
from inference.batching.sequence import Batch, Row, Sequence
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import EngineStats, FinishReason

_LOG = logging.getLogger(__name__)
_STEP_TARGET_S = 0.15  # a prompt's chunk must not hold up running streams for longer
_SMALLEST_CHUNK = 16
_SMOOTHING = 0.3
_FIRST_PREFILL_RATE = 250.0  # tokens per second, until measured


class Executor(Protocol):
    """Computes steps. Called by one thread only."""

    def open(self, sequence: Sequence) -> None:
        """Prepare sampling for a new sequence."""
        ...

    def run(self, rows: Sized[Row]) -> list[int | None]:
        """Compute the rows, return a sampled token for each that samples. Raises with the cache as it was before."""
        ...

    def clear(self, slots: Sized[int]) -> None:
        """Forget the cells of vacated slots."""
        ...

    def close(self, sequence: Sequence) -> None:
        """Forget what `open` prepared."""
        ...

    def shutdown(self) -> None:
        """Free everything; nothing is called afterwards."""
        ...


class Listener(Protocol):
    """Hears about one sequence, in the engine thread: every method must be quick."""

    def token(self, token: int) -> bool:
        """Take one token; True ends the generation (a stop string was seen)."""
        ...

    def finished(self, reason: FinishReason, sequence: Sequence) -> None: ...

    def failed(self, error: InferenceError) -> None: ...


@dataclass(frozen=True, slots=True)
class _Submit:
    sequence: Sequence
    listener: Listener


@dataclass(frozen=True, slots=True)
class _Cancel:
    sequence_id: int


class _Stop:
    pass


class EngineLoop:
    """Runs one executor in one thread for any number of clients."""

    def __init__(self, executor: Executor, scheduler: Scheduler, *, max_in_flight: int, name: str) -> None:
        self._executor = executor
        self._scheduler = scheduler
        self._max_in_flight = max_in_flight
        self._commands: queue.SimpleQueue[_Submit | _Cancel | _Stop] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._in_flight: dict[int, _Submit] = {}
        self._prefill_rate = _FIRST_PREFILL_RATE
        self._is_stopped = False
        self._thread = threading.Thread(target=self._work, name=f"engine-{name}", daemon=True)
        self._thread.start()

    def submit(self, sequence: Sequence, listener: Listener) -> None:
        """Queue a sequence; raises OverloadedError when too many wait already. Any thread may call this."""
        command = _Submit(sequence, listener)
        with self._lock:
            if self._is_stopped:
                raise EngineFailedError("The engine is shutting down: send the request to another server.")
            if len(self._in_flight) >= self._max_in_flight:
                wait_s = self._estimate_wait_s()
                raise OverloadedError(
                    f"{len(self._in_flight)} requests are queued or running already: try again in {wait_s} s.",
                    retry_after_s=wait_s,
                )
            self._in_flight[sequence.id] = command
        self._commands.put(command)

    def cancel(self, sequence_id: int) -> None:
        """End a sequence within a step; its listener hears no more. Unknown and ended ones are ignored."""
        if sequence_id in self._in_flight:
            self._commands.put(_Cancel(sequence_id))

    def stats(self) -> EngineStats:
        with self._lock:
            sequences = [command.sequence for command in self._in_flight.values()]
        active = [sequence for sequence in sequences if sequence.slot is not None]
        queued = [sequence for sequence in sequences if sequence.slot is None]
        return EngineStats(
            active=len(active),
            queued=len(queued),
            queued_tokens=sum(len(sequence.tokens) for sequence in queued),
            kv_used=sum(sequence.computed for sequence in active),
            kv_total=self._scheduler.kv.total,
            preemptions=self._scheduler.preemptions,
        )

    def stop(self, timeout_s: float = 5.0) -> None:
        """End every sequence, free the executor and wait for the thread."""
        with self._lock:
            self._is_stopped = True
        self._commands.put(_Stop())
        self._thread.join(timeout_s)

    def _estimate_wait_s(self) -> int:
        backlog = sum(c.sequence.missing for c in self._in_flight.values() if c.sequence.slot is None)
        return max(1, math.ceil(backlog / self._prefill_rate))

    def _work(self) -> None:
        while self._obey():
            try:
                self._step()
            except Exception:  # noqa: BLE001  # the engine thread must outlive any step
                _LOG.exception("The engine thread failed in a step; its sequences end.")
                self._fail_all("The engine failed in a step: try again.")
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
                case _Submit(sequence, _):
                    self._open(sequence)
                case _Cancel(sequence_id):
                    self._drop(sequence_id)
                case _Stop():
                    return False

    def _step(self) -> None:
        batch = self._scheduler.schedule(self._prefill_budget())
        self._executor.clear(self._scheduler.take_freed())
        if not batch.rows:
            return
        started = time.perf_counter()
        computed, tokens = self._compute(batch.rows)
        self._measure(batch, time.perf_counter() - started)
        for sampled in self._scheduler.update(Batch(tuple(computed)), tokens):
            self._deliver(sampled)
        self._executor.clear(self._scheduler.take_freed())

    def _compute(self, rows: Sized[Row]) -> tuple[list[Row], list[int | None]]:
        """Run the rows; when that fails, halves of them, so that only the row at fault fails."""
        try:
            return list(rows), self._executor.run(rows)
        except Exception as problem:  # noqa: BLE001  # the engine thread: the row at fault fails
            if len(rows) == 1:
                _LOG.warning("A sequence failed: %s", problem)
                error = problem if isinstance(problem, InferenceError) else EngineFailedError(f"It failed: {problem}.")
                self._fail(rows[0].sequence.id, error)
                return [], []
        middle = len(rows) // 2
        first, second = self._compute(rows[:middle]), self._compute(rows[middle:])
        return first[0] + second[0], first[1] + second[1]

    def _deliver(self, sampled: Sampled) -> None:
        sequence, reason = sampled.sequence, sampled.finish_reason
        command = self._in_flight[sequence.id]
        if sampled.token is not None and command.listener.token(sampled.token):
            reason = "stop"
        if reason is not None:
            self._drop(sequence.id)
            command.listener.finished(reason, sequence)

    def _open(self, sequence: Sequence) -> None:
        try:
            self._executor.open(sequence)
        except Exception as problem:  # noqa: BLE001  # the engine thread: this request fails
            self._fail(sequence.id, EngineFailedError(f"The sampler could not be made: {problem}."))
        else:
            self._scheduler.add(sequence)

    def _drop(self, sequence_id: int) -> None:
        with self._lock:
            command = self._in_flight.pop(sequence_id, None)
        if command is not None:
            self._scheduler.finish(command.sequence)
            self._executor.clear(self._scheduler.take_freed())
            self._executor.close(command.sequence)

    def _fail(self, sequence_id: int, error: InferenceError) -> None:
        command = self._in_flight.get(sequence_id)
        self._drop(sequence_id)
        if command is not None:
            command.listener.failed(error)

    def _fail_all(self, message: str) -> None:
        for sequence_id in tuple(self._in_flight):
            self._fail(sequence_id, EngineFailedError(message))

    def _prefill_budget(self) -> int:
        """Return how many prompt tokens the step may take: few while streams wait for their next token."""
        if not self._scheduler.is_decoding:
            return self._max_chunk
        return max(_SMALLEST_CHUNK, min(self._max_chunk, int(self._prefill_rate * _STEP_TARGET_S)))

    @property
    def _max_chunk(self) -> int:
        return self._scheduler.batch_tokens

    def _measure(self, batch: Batch, seconds: float) -> None:
        if batch.tokens >= 2 * _SMALLEST_CHUNK and not batch.is_decode_only:
            self._prefill_rate += _SMOOTHING * (batch.tokens / max(seconds, 1e-6) - self._prefill_rate)
