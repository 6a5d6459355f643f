"""Which requests a fresh engine may have: one that kills engines is found among those that were only there. Pure."""

from collections.abc import Collection

MAX_CRASHES = 3
_SUSPECT_FROM = 2  # one crash happens to anybody: all go on together


class Quarantine:
    """Counts in how many crashes in a row a request was running.

    After two it is a suspect. Suspects are tried one at a time, so whatever reaches MAX_CRASHES was the only suspect
    that ran: it is condemned, and the others live. A request on trial is cleared by the progress it makes.
    """

    def __init__(self) -> None:
        self._crashes: dict[int, int] = {}
        self._on_trial: int | None = None

    def is_suspect(self, request: int) -> bool:
        return self._crashes.get(request, 0) >= _SUSPECT_FROM

    def is_on_trial(self, request: int) -> bool:
        return request == self._on_trial

    def admit(self, request: int) -> bool:
        """Return whether the request may run now; a suspect that may is on trial from here on."""
        if not self.is_suspect(request) or self.is_on_trial(request):
            return True
        if self._on_trial is not None:
            return False
        self._on_trial = request
        return True

    def blame(self, running: Collection[int]) -> list[int]:
        """Count a crash for all that ran, end the trial, and return the condemned."""
        self._on_trial = None
        for request in running:
            self._crashes[request] = self._crashes.get(request, 0) + 1
        return [request for request in running if self._crashes[request] >= MAX_CRASHES]

    def forget(self, request: int) -> None:
        """The request has ended, or has gone so far beyond where the engine died that it is cleared."""
        self._crashes.pop(request, None)
        if self.is_on_trial(request):
            self._on_trial = None
