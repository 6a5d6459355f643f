"""Keeps a document's lease alive and its progress visible, from a thread beside the work."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from django.db import DatabaseError, connections

from backend.datasets.lease import HEARTBEAT_S, Lease, LeaseLost
from rag.ingest import IngestStage

TICK_S = 0.25
LOOK_S = 0.75
"""How soon a document that was paused, cancelled or deleted is noticed."""
SPAN_OF_STAGE: dict[str, tuple[float, float]] = {
    "extracting": (0.0, 0.2),
    "splitting": (0.2, 0.25),
    "embedding": (0.25, 0.95),
    "indexing": (0.95, 1.0),
}
logger = logging.getLogger(__name__)


class Heartbeat:
    """Renews a lease every `every_s` seconds and writes what `report` was told, at most four times a second.

    The stages of indexing run in an event loop and in library threads, where Django's connection must not be used.
    `on_lost` is called once, on the thread of the heartbeat, when the document is no longer ours.
    """

    def __init__(self, lease: Lease, every_s: float = HEARTBEAT_S) -> None:
        self._lease = lease
        self._every_s = every_s
        self._stage: str = ""
        self._stage_began = time.monotonic()
        self._times: dict[str, int] = {}
        self._progress = 0.0
        self._written: tuple[str, float] = ("", 0.0)
        self._lock = threading.Lock()
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="document-heartbeat", daemon=True)
        self.on_lost: Callable[[], None] | None = None

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def stage(self) -> str:
        """What is being done now."""
        return self._stage

    @property
    def is_lost(self) -> bool:
        """Is the document no longer ours?"""
        return self._lost.is_set()

    def report(self, stage: IngestStage, done: int, total: int | None) -> None:
        """Note how far a stage is; raises `LeaseLost` once the document is no longer ours."""
        if self._lost.is_set():
            raise LeaseLost(str(self._lease.document_id))
        first, last = SPAN_OF_STAGE[stage]
        with self._lock:
            if stage != self._stage:
                self._close_stage()
                self._stage = stage
            self._progress = first + (last - first) * (min(done / total, 1.0) if total else 0.0)

    def stage_times(self) -> dict[str, int]:
        """Return the milliseconds of every stage until now."""
        with self._lock:
            self._close_stage()
            return dict(self._times)

    def _close_stage(self) -> None:
        now = time.monotonic()
        if self._stage:
            self._times[self._stage] = self._times.get(self._stage, 0) + round((now - self._stage_began) * 1000)
        self._stage_began = now

    def _beat(self) -> None:
        renewed_at = looked_at = time.monotonic()
        while not self._stop.wait(TICK_S):
            with self._lock:
                state, times = (self._stage, round(self._progress, 3)), dict(self._times)
            now = time.monotonic()
            is_due = state != self._written or now - renewed_at >= self._every_s
            if not is_due and now - looked_at < LOOK_S:
                continue
            looked_at = now
            try:
                if is_due:
                    status = {"status": state[0]} if state[0] else {}
                    self._lease.renew(**status, progress=state[1], stage_times=times)
                    self._written, renewed_at = state, now
                else:
                    self._lease.look()
            except LeaseLost:
                self._lost.set()
                tell = self.on_lost
                if tell is not None:
                    tell()
                return
            except DatabaseError as error:
                # The lease outlives a short failure; if it does not, the next write finds it lost.
                logger.warning("the lease of document %s was not renewed: %s", self._lease.document_id, error)
            finally:
                connections.close_all()
