"""One supervised process through its life: waiting, starting, running, backing off, ended."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from backend.embedded.process import dying_with, identity, primary_group
from backend.embedded.service import Service
from backend.embedded.state import ProcessState

ChildStatus = Literal["waiting", "starting", "running", "backoff", "done", "failed", "stopping", "stopped"]
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
# A process that ran this long was well: its next failure starts the back-off anew.
STABLE_AFTER_S = 60.0


def restart_delay_s(failures: int) -> float:
    """0.5, 1, 2, 4 … 30 seconds after the first, second … failure in a row."""
    # The exponent is bounded as well: a process that failed all week must not overflow a float.
    return float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(failures - 1, 16)))


class Child:
    """A service and its present process; the supervisor's loop drives it and tells it the time."""

    def __init__(self, service: Service, log_file: Path) -> None:
        self.service = service
        self.log_file = log_file
        self.status: ChildStatus = "waiting"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_ticks: int | None = None
        self.restarts = 0
        self.failures = 0
        self.exit_code: int | None = None
        self.started_at = 0.0
        self.due_at = 0.0

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    @property
    def is_up(self) -> bool:
        """Ready for those that come after it."""
        return self.status in ("running", "done")

    def start(self, env: Mapping[str, str], cwd: Path, now: float) -> None:
        """Start the process in a session of its own, its output appended to the log."""
        service = self.service
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                service.command,
                env=dict(env),
                cwd=cwd if service.user is None else "/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=service.user,
                group=primary_group(service.user),
                extra_groups=None if service.user is None else [],
                # The supervisor has one thread, so code between fork and exec is safe.
                preexec_fn=dying_with(os.getpid(), service.death_signal),  # noqa: PLW1509
            )
        who = identity(self.process.pid)
        self.started_ticks = who.started_ticks if who else None
        self.status = "starting"
        self.started_at = now
        self.exit_code = None

    def probe(self) -> bool:
        """Ask a starting process whether it is ready; True when that changed its status."""
        if self.status != "starting" or self.process is None or self.service.kind == "task":
            return False
        if self.service.is_ready(self.process.pid):
            self.status = "running"
            return True
        return False

    def exited(self, exit_code: int, now: float) -> None:
        """Note the end of the process and when to start the next one."""
        if self.process is not None:
            self.process.returncode = exit_code
            self.signal_group(signal.SIGKILL)
        self.process = None
        self.started_ticks = None
        self.exit_code = exit_code
        if self.status == "stopping":
            self.status = "stopped"
        elif self.service.kind == "task":
            self.status = "done" if exit_code == 0 else "failed"
        else:
            self.failures = 1 if now - self.started_at >= STABLE_AFTER_S else self.failures + 1
            self.restarts += 1
            self.due_at = now + restart_delay_s(self.failures)
            self.status = "backoff"

    def stop(self) -> None:
        """Ask the process to end; one that does not run is stopped at once."""
        if self.process is None:
            self.status = "stopped"
            return
        self.status = "stopping"
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, self.service.stop_signal)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal whatever shares the process's session, its own forked workers included."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def snapshot(self) -> ProcessState:
        return ProcessState(
            name=self.service.name,
            state=self.status,
            pid=self.pid,
            started_ticks=self.started_ticks,
            restarts=self.restarts,
            exit_code=self.exit_code,
            url=self.service.url,
        )
