"""One message, many documents: small ones that wait are indexed beside the one that a message names.

A model answers several texts at once as quickly as one, and waits for none while another document is read. A document
that has met a worker's death is indexed alone: if it is what kills, it takes no other one's attempts.
"""

import asyncio
import threading
import time
import uuid
from typing import cast

from django.db import connections

from backend.datasets.indexing import lease_work
from backend.datasets.lease import lease_claim, lease_claim_next

HELPERS = 3
SMALL_BYTES = 256 * 1024
DRAIN_S = 30.0
"""After this long nothing more is begun: the messages of what still waits bring it on, and Celery sees its task end."""
LOOK_S = 0.5


def document_drain(document_id: uuid.UUID) -> None:
    """Index the document, and meanwhile other small ones that wait for their first attempt."""
    lease = lease_claim(document_id)
    if lease is None:
        return
    attempts = lease.row().values_list("attempts", flat=True).first()
    drain = _Drain()
    if attempts == 1:
        drain.scout()
    try:
        lease_work(lease, _runner())
    finally:
        drain.finish()


_OWN = threading.local()


def _runner() -> asyncio.Runner:
    """Return the loop of this thread's tasks: its connections to model servers outlive a message."""
    if not hasattr(_OWN, "runner"):
        _OWN.runner = asyncio.Runner()
    return cast(asyncio.Runner, _OWN.runner)


class _Drain:
    """The helpers that index other documents under one message."""

    def __init__(self) -> None:
        self._until = time.monotonic() + DRAIN_S
        self._is_done = threading.Event()
        self._helpers: list[threading.Thread] = []
        self._lock = threading.Lock()

    def scout(self) -> None:
        """Start a helper; each one that finds something to do starts the next, up to `HELPERS`."""
        with self._lock:
            if len(self._helpers) < HELPERS:
                self._helpers.append(threading.Thread(target=self._help, name="index-helper", daemon=True))
                self._helpers[-1].start()

    def finish(self) -> None:
        """Wait until nothing small waits any more, or it is time to let the broker see an end."""
        self._is_done.set()
        for helper in self._helpers:  # one that is started meanwhile is waited for as well
            helper.join()

    def _help(self) -> None:
        try:
            with asyncio.Runner() as runner:
                while time.monotonic() < self._until:
                    lease = lease_claim_next(SMALL_BYTES)
                    if lease is not None:
                        self.scout()
                        lease_work(lease, runner)
                    elif self._is_done.wait(LOOK_S):
                        return
        finally:
            connections.close_all()
