"""`down`: asks the supervisor to stop everything and makes sure that nothing stays behind."""

import contextlib
import os
import signal
import time

from backend.cli.errors import CommandError
from backend.cli.screen import say, step
from backend.embedded.home import Home, is_locked
from backend.embedded.process import descendants, end_processes, identity, wait_gone
from backend.embedded.state import state_read, state_running

# Longer than the longest stop of all tiers together.
PATIENCE_S = 45.0


def down(home: Home) -> None:
    """Stop the platform of the home; raises CommandError when something cannot be stopped."""
    state = state_running(home)
    if state is None:
        _clear_stale(home)
        return
    supervisor = state.supervisor.identity
    assert supervisor is not None
    with step("Stopping"):
        family = [who for pid in descendants(supervisor.pid) if (who := identity(pid)) is not None]
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor.pid, signal.SIGTERM)
        stuck = wait_gone([supervisor], PATIENCE_S)
        later = [who for pid in descendants(supervisor.pid) if (who := identity(pid)) is not None] if stuck else []
        left = end_processes([*stuck, *family, *later], patience_s=0 if stuck else 2)
        if left:
            raise CommandError(f"processes {sorted(who.pid for who in left)!r} do not end: stop them by hand")
    home.state_file.unlink(missing_ok=True)
    say("Atelier is stopped.")


def _clear_stale(home: Home) -> None:
    deadline = time.monotonic() + 5
    while is_locked(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    if is_locked(home):
        raise CommandError(
            f"{str(home.root)!r} is in use, by a backup or a start that has only begun: try again when it is done"
        )
    stale = state_read(home)
    if stale is not None and end_processes(stale.identities(), patience_s=5):
        raise CommandError("processes of an earlier run do not end: `./atelier status` lists them, stop them by hand")
    home.state_file.unlink(missing_ok=True)
    say("Atelier is not running.")
