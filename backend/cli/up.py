"""`up`: prepares what is missing, starts the supervisor, waits until the platform is healthy."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from backend.cli.builtin_models import builtin_models_ensure
from backend.cli.errors import CommandError
from backend.cli.frontend import frontend_ensure
from backend.cli.health import health_detail, is_healthy
from backend.cli.native import native_ensure
from backend.cli.screen import Step, say, step
from backend.embedded.environment import python
from backend.embedded.home import REPOSITORY, Home, is_locked
from backend.embedded.log_files import tail
from backend.embedded.ports import is_loopback, ports_require_free
from backend.embedded.secret_file import secrets_read
from backend.embedded.state import PlatformState, ProcessState, state_read, state_running

DEFAULT_PORT = 8000
HEALTHY_WITHIN_S = 180.0
POLL_S = 0.1
# A process that fails this often before the platform was ever well will not get well by itself.
TOLERATED_RESTARTS = 3
SHOWN_LOG_LINES = 20


@contextlib.contextmanager
def one_preparation() -> Iterator[None]:
    """Homes share the virtual environment and the built page: one `up` at a time prepares them."""
    descriptor = os.open(sys.prefix, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def prepare() -> None:
    """Everything that is built once and not part of a home."""
    with one_preparation():
        native_ensure()
        frontend_ensure()


def up(home: Home, host: str, port: int | None, *, detach: bool) -> None:
    """Start the platform of the home, or say that it runs already."""
    if is_locked(home):
        _join_running(home, port)
        return
    port = DEFAULT_PORT if port is None else port
    ports_require_free(host, port)
    prepare()
    home.create()
    builtin_models_ensure(home)
    # Minutes may have passed since the first look.
    ports_require_free(host, port)
    supervisor = _spawn(home, host, port, attached=not detach)
    try:
        with step("Starting") as progress:
            state = _wait_healthy(home, supervisor, progress)
        _announce(home, state)
        if not detach:
            say("Ctrl-C stops it.")
            _stay(supervisor)
    except BaseException:
        _stop(supervisor)
        raise


def _join_running(home: Home, port: int | None) -> None:
    """Another supervisor holds the home: wait until it is well instead of starting a second one."""
    with step("Atelier is already running in this home") as progress:
        state = _wait_healthy(home, None, progress)
    if port not in (None, state.port):
        say(f"  (on port {state.port}: `./atelier down` first to move it to {port})")
    _announce(home, state)


def _spawn(home: Home, host: str, port: int, *, attached: bool) -> subprocess.Popen[bytes]:
    log = home.log_file("supervisor")
    arguments = ["--home", str(home.root), "--host", host, "--port", str(port)]
    with open(log, "ab") as sink:
        return subprocess.Popen(
            [*python("-m", "backend.embedded.supervisor"), *arguments, *(["--attached"] if attached else [])],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            # Ctrl-C is for this process, which then stops the supervisor in order.
            start_new_session=True,
        )


def _wait_healthy(home: Home, supervisor: subprocess.Popen[bytes] | None, progress: Step) -> PlatformState:
    """Poll until the health check passes; raises CommandError with the failing process's last lines."""
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline:
        if supervisor is not None and supervisor.poll() is not None:
            raise CommandError(_explain_end(home, f"the supervisor ended with exit code {supervisor.returncode}"))
        state = state_running(home)
        if state is not None:
            failing = next((p for p in state.processes if p.restarts >= TOLERATED_RESTARTS), None)
            if failing is not None and state.phase == "starting":
                raise CommandError(_explain(home, failing))
            if state.phase == "running" and is_healthy(state.url):
                return state
            progress.note(_waiting_for(state))
        elif supervisor is None and not is_locked(home):
            raise CommandError(_explain_end(home, "the platform that was starting has ended"))
        time.sleep(POLL_S)
    state = state_running(home)
    detail = health_detail(state.url) if state else "it has no state"
    raise CommandError(
        f"not healthy after {HEALTHY_WITHIN_S:.0f} s: {detail}; `./atelier logs` shows what the processes say"
    )


def _waiting_for(state: PlatformState) -> str:
    names = [process.name for process in state.processes if process.state not in ("running", "done")]
    return f"waiting for {', '.join(names)}" if names else "waiting for the health check"


def _explain(home: Home, process: ProcessState) -> str:
    lines = "\n".join(f"  {line}" for line in tail(home.log_file(process.name), SHOWN_LOG_LINES))
    return f"{process.name} does not start (exit code {process.exit_code}). Its log ends with:\n{lines}"


def _explain_end(home: Home, what: str) -> str:
    state = state_read(home)
    failed = next((p for p in state.processes if p.state == "failed"), None) if state else None
    if failed is not None:
        return _explain(home, failed)
    last = tail(home.log_file("supervisor"), SHOWN_LOG_LINES)
    said = next((line for line in reversed(last) if " error: " in line), "")
    return (
        said.split(" error: ", 1)[1]
        if said
        else f"{what}. Its log ends with:\n" + "\n".join(f"  {line}" for line in last)
    )


def _announce(home: Home, state: PlatformState) -> None:
    if not is_loopback(state.host):
        say(f"Set-up code for the first visitor: {secrets_read(home).setup_code}")
    print(state.url, flush=True)


def _stay(supervisor: subprocess.Popen[bytes]) -> None:
    try:
        supervisor.wait()
    except KeyboardInterrupt:
        _stop(supervisor)
        return
    raise CommandError("the supervisor has ended: `./atelier logs supervisor` says why")


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    """Stop in order; a second Ctrl-C does not interrupt it, since nothing may stay behind."""
    if supervisor.poll() is None:
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        with step("Stopping"):
            supervisor.terminate()
            supervisor.wait()
        signal.signal(signal.SIGINT, previous)
