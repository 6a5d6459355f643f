"""Runs CTranslate2 in a thread: requests that want tokens chosen in the same way are computed as one batch."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from inference.batching.executor import Listener
from inference.batching.sequence import Sequence, Token
from inference.engines.folder_text import FolderText
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import EngineStats, FinishReason

_LOG = logging.getLogger(__name__)


class _Step(Protocol):
    """What CTranslate2 says of one token."""

    batch_id: int
    token_id: int


@dataclass(slots=True, eq=False)
class _Job:
    sequence: Sequence
    listener: Listener
    since_s: float
    is_cancelled: bool = False
    end: FinishReason | None = None  # its listener has heard of it

    @property
    def key(self) -> tuple[object, ...]:
        """Jobs of equal keys may share a batch; deterministic ones have it to themselves."""
        sampling = self.sequence.sampling
        alone = self.sequence.id if sampling.deterministic else None
        chosen = (sampling.temperature, sampling.top_k, sampling.top_p, sampling.repeat_penalty, sampling.ignore_eos)
        return (alone, *chosen)


class BatchSource:
    """Implements TokenSource. What comes while a batch is computed waits for its end."""

    def __init__(
        self,
        generator: object,
        text: FolderText,
        *,
        max_sequences: int,
        max_queued: int,
        name: str,
    ) -> None:
        self._generator = generator
        self._text = text
        self._max_sequences, self._max_queued = max_sequences, max_queued
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._is_stopped = False
        self._stats = EngineStats()
        self._compute_s = 0.0
        self._thread = threading.Thread(target=self._work, name=f"engine-{name}", daemon=True)
        self._thread.start()

    def submit(self, sequence: Sequence, listener: Listener) -> None:
        with self._changed:
            if self._is_stopped:
                raise EngineFailedError("The engine is shutting down: send the request to another server.")
            if len(self._waiting) >= self._max_queued:
                raise OverloadedError(f"{len(self._waiting)} requests wait already: try again.", retry_after_s=2.0)
            self._waiting.append(_Job(sequence, listener, time.monotonic()))
            self._changed.notify()

    def cancel(self, sequence_id: int) -> None:
        with self._changed:
            for job in (*self._waiting, *self._running):
                if job.sequence.id == sequence_id:
                    job.is_cancelled = True
            self._waiting = deque(job for job in self._waiting if not job.is_cancelled)

    def stats(self) -> EngineStats:
        with self._changed:
            active = [job for job in self._running if job.end is None and not job.is_cancelled]
            queued = sum(len(job.sequence.tokens) for job in self._waiting)
            return EngineStats(
                active=len(active), queued=len(self._waiting), queued_tokens=queued, compute_s=self._compute_s
            )

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            for job in self._running:
                job.is_cancelled = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while (jobs := self._taken()) is not None:
            started = time.perf_counter()
            problem: InferenceError | None = None
            try:
                self._compute(jobs)
            except Exception as caught:  # noqa: BLE001  # the engine thread: these requests fail, the next go on
                _LOG.warning("A batch failed.", exc_info=caught)
                problem = EngineFailedError(f"CTranslate2 could not compute it: {caught}.")
            self._settle(jobs, problem, time.perf_counter() - started)
        with self._changed:
            left, self._waiting = list(self._waiting), deque()
        for job in left:
            job.listener.failed(EngineFailedError("The engine is shutting down: try again."))
        self._generator = None

    def _taken(self) -> list[_Job] | None:
        """Wait for work; return the first job that waits with those that can share its batch, None at the end."""
        with self._changed:
            while not self._waiting and not self._is_stopped:
                self._changed.wait()
            if self._is_stopped:
                return None
            key = self._waiting[0].key
            jobs = [job for job in self._waiting if job.key == key][: self._max_sequences]
            self._waiting = deque(job for job in self._waiting if job not in jobs)
            self._running = jobs
            return jobs

    def _compute(self, jobs: list[_Job]) -> None:
        sampling = jobs[0].sequence.sampling
        longest = max(job.sequence.remaining for job in jobs)
        is_greedy = sampling.temperature <= 0 or sampling.deterministic

        def heard(step: _Step) -> bool:
            return self._heard(jobs[step.batch_id], step.token_id)

        self._generator.generate_batch(  # type: ignore[attr-defined]  # a ctranslate2.Generator, which has no types here
            [self._text.names(job.sequence.tokens) for job in jobs],
            max_length=longest,
            min_length=longest if sampling.ignore_eos else 0,
            include_prompt_in_result=False,
            end_token=sorted(self._text.end_tokens),
            sampling_topk=1 if is_greedy else sampling.top_k,
            sampling_topp=1.0 if is_greedy else sampling.top_p,
            sampling_temperature=1.0 if is_greedy else sampling.temperature,
            repetition_penalty=sampling.repeat_penalty,
            callback=heard,
        )

    def _heard(self, job: _Job, token: int) -> bool:
        """Hand a token on; True ends the generation."""
        sequence = job.sequence
        if job.is_cancelled or job.end is not None:
            return True
        if token in self._text.end_tokens:
            job.end = "stop"
        else:
            sequence.tokens.append(token)
            if job.listener.token(Token(token)):
                job.end = "stop"
            elif sequence.remaining <= 0:
                job.end = "length"
        if job.end is not None:
            job.listener.finished(job.end, sequence)
        return job.end is not None

    def _settle(self, jobs: list[_Job], problem: InferenceError | None, seconds: float) -> None:
        with self._changed:
            self._running = []
            self._compute_s += seconds
            is_stopped = self._is_stopped
        if is_stopped:
            problem = EngineFailedError("The engine is shutting down: try again.")
        for job in jobs:
            if job.end is not None or (job.is_cancelled and not is_stopped):
                continue
            if problem is not None:
                job.listener.failed(problem)
            else:  # an end token is not told
                job.listener.finished("stop", job.sequence)
