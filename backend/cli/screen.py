"""What the person at the terminal sees: steps with their time, a spinner on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status


class Step:
    """One running step: `note` replaces what is shown beside it on a terminal and prints now and then elsewhere."""

    PLAIN_EVERY_S = 15.0

    def __init__(self, title: str, status: "Status | None") -> None:
        self.title = title
        self._status = status
        self._started = self._printed = time.monotonic()
        self._shown = ""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        if text == self._shown:
            return
        if self._status is not None:
            self._status.update(f"{self.title}: {text}")
            self._shown = text
        elif time.monotonic() - self._printed >= self.PLAIN_EVERY_S:
            say(f"    {text}")
            self._printed = time.monotonic()
            self._shown = text


def say(text: str = "") -> None:
    """A line for eyes: on stderr, so that stdout carries nothing but results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show that a step runs, then its time; a step that raises is shown as failed."""
    spinner = nullcontext(None)
    if sys.stderr.isatty():
        from rich.console import Console

        spinner = Console(stderr=True).status(title)
    else:
        say(f"  … {title}")
    outcome = "✗"
    with spinner as status:
        current = Step(title, status)
        try:
            yield current
            outcome = "✓"
        finally:
            if status is not None:
                status.stop()
            say(f"  {outcome} {title} ({current.elapsed_s:.1f} s)")
