"""The thread of an encoder: packs texts of many requests into steps, small requests first."""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import EngineStats

_LOG = logging.getLogger(__name__)
_RETRY_AFTER_S = 1.0
_SMALL_TEXTS = 4  # somebody waits for a request of so few texts: a question, not an index
_MOST_PASSES = 4  # steps in a row in which larger requests stand aside for small ones

Rows = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Computes one row of `dimensions` numbers per token list, a few at once; called by one thread only."""

    batch_tokens: int
    max_sequences: int
    dimensions: int

    def run(self, inputs: Sequence[Sequence[int]]) -> Rows: ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Job:
    """[0, done) of `rows` are computed · [done, next) are in the step that runs · [next, end) wait."""

    inputs: Sequence[Sequence[int]]
    rows: Rows
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Rows]"
    next: int = 0
    done: int = 0
    passes: int = 0

    @property
    def is_over(self) -> bool:
        return self.next == len(self.inputs) or self.future.done()

    @property
    def is_small(self) -> bool:
        return len(self.inputs) <= _SMALL_TEXTS


@dataclass(frozen=True, slots=True)
class _Part:
    job: _Job
    number: int


class EmbeddingQueue:
    """Serves requests in turns: a query of one text does not wait behind a thousand chunks of an index.

    While small requests wait, larger ones stay out of the step, which is then short; but not forever.
    """

    def __init__(self, embedder: Embedder, *, max_queued: int) -> None:
        self._embedder = embedder
        self._max_queued = max_queued
        self._incoming: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._jobs: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._queued_texts = self._queued_tokens = 0
        self.active_texts = 0
        self._steps = self._step_texts = self._tokens = self._rejected = 0
        self._step_s = self._compute_s = 0.0
        self._step_since_s: float | None = None
        self._thread = threading.Thread(target=self._work, name="embedding", daemon=True)
        self._thread.start()

    def stats(self) -> EngineStats:
        """Return how busy the thread is; texts that wait or are computed count with all their tokens."""
        active, since_s = self.active_texts, self._step_since_s
        return EngineStats(
            active=active,
            queued=max(0, self._queued_texts - active),
            queued_tokens=self._queued_tokens,
            steps=self._steps,
            step_sequences=self._step_texts,
            step_s=self._step_s,
            compute_s=self._compute_s,
            prompt_tokens=self._tokens,
            rejected_requests=self._rejected,
            busy_s=0.0 if since_s is None else time.perf_counter() - since_s,
        )

    async def embed(self, inputs: Sequence[Sequence[int]]) -> Rows:
        """Return one row per input, in order. Cancelling drops what has not been computed."""
        rows = np.empty((len(inputs), self._embedder.dimensions), np.float32)
        if not inputs:
            return rows
        tokens = sum(map(len, inputs))
        with self._lock:
            if self._queued_texts and self._queued_texts + len(inputs) > self._max_queued:
                self._rejected += 1
                raise OverloadedError(
                    f"{self._queued_texts} texts wait already: try again in {_RETRY_AFTER_S:.0f} s.",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._queued_texts += len(inputs)
            self._queued_tokens += tokens
        loop = asyncio.get_running_loop()
        job = _Job(inputs, rows, loop, loop.create_future())
        self._incoming.put(job)
        try:
            return await job.future
        finally:
            with self._lock:
                self._queued_texts -= len(inputs)
                self._queued_tokens -= tokens

    def stop(self, timeout_s: float = 5.0) -> None:
        self._incoming.put(None)
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while self._receive():
            started = time.perf_counter()
            parts = self._pack()
            if not parts:
                continue
            inputs = [part.job.inputs[part.number] for part in parts]
            self.active_texts = len(parts)
            before = self._step_since_s = time.perf_counter()
            try:
                rows = self._embedder.run(inputs)
            except Exception as problem:  # noqa: BLE001  # the engine thread must outlive any batch
                _LOG.warning("A batch of texts could not be embedded: %s", problem)
                error = (
                    problem
                    if isinstance(problem, InferenceError)
                    else EngineFailedError(f"Embedding failed: {problem}.")
                )
                for job in {part.job for part in parts}:
                    _settle(job, error)
            else:
                for part, row in zip(parts, rows, strict=True):
                    part.job.rows[part.number] = row
                    part.job.done += 1
            self._compute_s += time.perf_counter() - before
            self.active_texts = 0
            self._step_since_s = None
            self._settle_finished()
            self._steps += 1
            self._step_texts += len(parts)
            self._tokens += sum(map(len, inputs))
            self._step_s += time.perf_counter() - started
        for job in self._jobs:
            _settle(job, EngineFailedError("The engine is shutting down: try again."))
        self._embedder.close()

    def _receive(self) -> bool:
        """Take in new jobs, waiting when there are none; False ends the thread."""
        while True:
            try:
                job = self._incoming.get(block=not self._jobs)
            except queue.Empty:
                return True
            if job is None:
                return False
            self._jobs.append(job)

    def _pack(self) -> list[_Part]:
        """Take one text of each job in turn while they fit into a step."""
        parts: list[_Part] = []
        room = self._embedder.batch_tokens
        turn = deque(self._next_jobs())
        while turn and len(parts) < self._embedder.max_sequences:
            job = turn.popleft()
            size = len(job.inputs[job.next])
            if size > room:
                continue
            parts.append(_Part(job, job.next))
            job.next += 1
            room -= size
            if not job.is_over:
                turn.append(job)
        self._jobs.rotate(-1)
        if not parts:
            self._settle_finished()
        return parts

    def _next_jobs(self) -> list[_Job]:
        """Return the jobs that may enter this step: the small ones alone, and those that stood aside long enough."""
        waiting = [job for job in self._jobs if not job.is_over]
        if not any(job.is_small for job in waiting):
            return waiting
        chosen = [job for job in waiting if job.is_small or job.passes >= _MOST_PASSES]
        for job in waiting:
            job.passes = 0 if job.passes >= _MOST_PASSES else job.passes + 1
        return sorted(chosen, key=lambda job: not job.is_small)

    def _settle_finished(self) -> None:
        for job in [job for job in self._jobs if job.is_over]:
            self._jobs.remove(job)
            _settle(job, None)


def _settle(job: _Job, error: InferenceError | None) -> None:
    job.next = len(job.inputs)

    def deliver() -> None:
        if job.future.done():
            return
        if error is not None:
            job.future.set_exception(error)
        elif job.done == len(job.inputs):
            job.future.set_result(job.rows)

    try:
        job.loop.call_soon_threadsafe(deliver)
    except RuntimeError:  # the client's event loop has ended: nobody waits
        return
