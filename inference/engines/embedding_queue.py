"""The embedding thread: packs texts of many requests into batches, a few of each in turn."""

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference.errors import EngineFailedError, InferenceError, OverloadedError

_LOG = logging.getLogger(__name__)
_RETRY_AFTER_S = 1.0


class Embedder(Protocol):
    """Computes vectors of a few token lists at once; called by one thread only."""

    batch_tokens: int
    max_sequences: int

    def run(self, inputs: Sequence[Sequence[int]]) -> list[list[float]]: ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Job:
    inputs: list[list[int]]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[list[list[float]]]"
    next: int = 0
    vectors: list[list[float]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.next == len(self.inputs) or self.future.done()


@dataclass(frozen=True, slots=True)
class _Part:
    job: _Job
    number: int


class EmbeddingQueue:
    """Serves requests in turns: a query of one text does not wait behind a thousand chunks of an index."""

    def __init__(self, embedder: Embedder, *, max_queued: int) -> None:
        self._embedder = embedder
        self._max_queued = max_queued
        self._incoming: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._jobs: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._queued_texts = self._queued_tokens = 0
        self.active_texts = 0
        self._thread = threading.Thread(target=self._work, name="embedding", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> tuple[int, int]:
        """Return (texts, tokens) that wait."""
        return self._queued_texts, self._queued_tokens

    async def embed(self, inputs: list[list[int]]) -> list[list[float]]:
        """Return one vector per input, in order. Cancelling drops what has not been computed."""
        if not inputs:
            return []
        tokens = sum(map(len, inputs))
        with self._lock:
            if self._queued_texts and self._queued_texts + len(inputs) > self._max_queued:
                raise OverloadedError(
                    f"{self._queued_texts} texts wait already: try again in {_RETRY_AFTER_S:.0f} s.",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._queued_texts += len(inputs)
            self._queued_tokens += tokens
        loop = asyncio.get_running_loop()
        job = _Job(inputs, loop, loop.create_future())
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
            parts = self._pack()
            if not parts:
                continue
            self.active_texts = len(parts)
            try:
                vectors = self._embedder.run([part.job.inputs[part.number] for part in parts])
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
                for part, vector in zip(parts, vectors, strict=True):
                    part.job.vectors.append(vector)
            self.active_texts = 0
            self._settle_finished()
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
        """Take one text of each job in turn while they fit into a batch."""
        parts: list[_Part] = []
        room = self._embedder.batch_tokens
        turn = deque(job for job in self._jobs if not job.is_over)
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
        elif len(job.vectors) == len(job.inputs):
            job.future.set_result(job.vectors)

    try:
        job.loop.call_soon_threadsafe(deliver)
    except RuntimeError:  # the client's event loop has ended: nobody waits
        return
