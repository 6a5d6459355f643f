"""The supervisor: one small process that starts, watches, restarts and stops all others of a home."""

import argparse
import contextlib
import os
import selectors
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from backend.embedded.child import Child
from backend.embedded.environment import Addresses, addresses, environment
from backend.embedded.errors import EmbeddedError
from backend.embedded.files import write_atomically
from backend.embedded.home import REPOSITORY, Home, home_locked
from backend.embedded.log_files import LogLimits, rotate
from backend.embedded.platform import migrated_marker, migrations_fingerprint, platform_services
from backend.embedded.postgres import Launch, cluster_ensure, launch_detect
from backend.embedded.process import adopt_orphans, descendants, die_with_parent, end_processes, identity
from backend.embedded.secret_file import secrets_ensure
from backend.embedded.service import Service
from backend.embedded.state import PlatformState, ProcessState, state_read, state_write

POLL_S = 0.05
IDLE_POLL_S = 10.0


def say(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}", flush=True)  # noqa: T201 - this process's log is its stdout


class Supervisor:
    """Runs the services until it is told to stop; it has one thread and keeps what it knows in `state.json`."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        home: Home,
        env: Mapping[str, str],
        publish: Callable[[str, tuple[ProcessState, ...]], None],
        cwd: Path = REPOSITORY,
    ) -> None:
        self.children = {service.name: Child(service, home.log_file(service.name)) for service in services}
        self.home = home
        self.env = env
        self.cwd = cwd
        self.publish = publish
        self.log_limits = LogLimits.read(env)
        self.phase = "starting"
        self.stop_requested = False
        self._published: tuple[str, tuple[ProcessState, ...]] | None = None
        self._rotated_at = 0.0

    def run(self) -> bool:
        """Loop until a signal asks for the end or a task fails; False when it was a failure. Stops everything."""
        wake = self._listen_to_signals()
        try:
            while not self.stop_requested and self.phase != "failed":
                # In this order, what became ready is followed at once by what waited for it.
                self._reap()
                self._probe()
                self._start_due()
                self._publish()
                self._rotate_logs()
                wake.select(self._pause_s())
                self._drain(wake)
        finally:
            failed = self.phase == "failed"
            self._stop_all(wake)
        return not failed

    def _listen_to_signals(self) -> selectors.BaseSelector:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._request_stop)
        selector = selectors.DefaultSelector()
        selector.register(reader, selectors.EVENT_READ)
        return selector

    def _request_stop(self, *_: object) -> None:
        self.stop_requested = True

    @staticmethod
    def _drain(wake: selectors.BaseSelector) -> None:
        for key in wake.get_map().values():
            with contextlib.suppress(BlockingIOError):
                while os.read(key.fd, 512):
                    pass

    def _reap(self) -> None:
        by_pid = {child.pid: child for child in self.children.values()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = by_pid.get(pid)
            if child is None:
                continue  # an orphan that was adopted when its own parent died
            code = os.waitstatus_to_exitcode(status)
            child.exited(code, time.monotonic())
            say(f"{child.service.name} (pid {pid}) ended with {code}: {child.status}")
            if child.status == "failed":
                self.phase = "failed"

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            waits = child.status == "waiting" and all(self.children[name].is_up for name in child.service.after)
            if waits or (child.status == "backoff" and child.due_at <= now):
                try:
                    child.start(self.env, self.cwd, now)
                    say(f"{child.service.name} started as pid {child.pid}")
                except OSError as error:
                    say(f"{child.service.name} could not be started: {error}")
                    child.exited(127, now)

    def _probe(self) -> None:
        for child in self.children.values():
            if child.probe():
                say(f"{child.service.name} is ready")
        if self.phase == "starting" and all(child.is_up for child in self.children.values()):
            self.phase = "running"

    def _publish(self) -> None:
        current = (self.phase, tuple(child.snapshot() for child in self.children.values()))
        if current != self._published:
            self.publish(*current)
            self._published = current

    def _rotate_logs(self) -> None:
        if time.monotonic() - self._rotated_at >= IDLE_POLL_S:
            self._rotated_at = time.monotonic()
            for path in (*(child.log_file for child in self.children.values()), self.home.log_file("supervisor")):
                rotate(path, self.log_limits)

    def _pause_s(self) -> float:
        if self.phase == "failed":
            return 0.0
        if any(child.status == "starting" for child in self.children.values()):
            return POLL_S
        due = [child.due_at - time.monotonic() for child in self.children.values() if child.status == "backoff"]
        return max(0.0, min([IDLE_POLL_S, *due]))

    def _stop_all(self, wake: selectors.BaseSelector) -> None:
        """Tier by tier, the highest first; who does not listen in time is killed, and so is what they left behind."""
        self.phase = "failed" if self.phase == "failed" else "stopping"
        for tier in sorted({child.service.tier for child in self.children.values()}, reverse=True):
            members = [child for child in self.children.values() if child.service.tier == tier]
            for child in members:
                if child.status != "failed":
                    child.stop()
            self._publish()
            started = time.monotonic()
            while waiting := [child for child in members if child.process is not None]:
                for child in waiting:
                    if time.monotonic() - started > child.service.stop_timeout_s:
                        say(f"{child.service.name} did not stop in {child.service.stop_timeout_s} s: killed")
                        child.signal_group(signal.SIGKILL)
                wake.select(POLL_S * 2)
                self._drain(wake)
                self._reap()
        strays = [who for pid in descendants(os.getpid()) if (who := identity(pid)) is not None]
        end_processes(strays, patience_s=0)
        self._reap()
        self._publish()
        say("stopped")


def publisher(home: Home, where: Addresses) -> Callable[[str, tuple[ProcessState, ...]], None]:
    """Writes the state file of this supervisor."""
    me = identity(os.getpid())
    ticks = me.started_ticks if me else None

    def publish(phase: str, processes: tuple[ProcessState, ...]) -> None:
        state_write(
            home,
            PlatformState(
                host=where.host,
                port=where.port,
                inference_port=where.inference_port,
                url=where.url,
                inference_url=where.inference_url,
                database_url=where.database_url,
                redis_url=where.redis_url,
                sockets=str(home.sockets),
                supervisor=ProcessState(name="supervisor", state="running", pid=os.getpid(), started_ticks=ticks),
                processes=processes,
                phase=phase,
            ),
        )

    return publish


def metrics_clear(home: Home) -> None:
    """Begin to count anew: what processes counted that are gone would stay for ever."""
    shutil.rmtree(home.metrics, ignore_errors=True)
    home.metrics.mkdir(mode=0o700)


def clear_leftovers(home: Home, patience_s: float = 10.0) -> None:
    """End what a supervisor that was killed may have left, and forget its state."""
    stale = state_read(home)
    if stale is not None:
        left = end_processes([who for who in stale.identities() if who.pid != os.getpid()], patience_s)
        if left:
            raise EmbeddedError(
                f"processes {[who.pid for who in left]!r} of an earlier run do not end: stop them by hand"
            )
    home.state_file.unlink(missing_ok=True)


def supervise(home: Home, host: str, port: int) -> bool:
    """Prepare the home, then run the platform in it until told to stop; True when it ended as it was asked to."""
    where = addresses(home, host, port)
    home.create()
    with home_locked(home):
        clear_leftovers(home)
        publish = publisher(home, where)
        publish("preparing", ())
        secrets_ensure(home)
        metrics_clear(home)
        launch = Launch()
        if where.embeds_postgres:
            launch = launch_detect()
            cluster_ensure(home, launch)
        fingerprint = migrations_fingerprint(where)
        marker = migrated_marker(home)
        migrate = not marker.exists() or marker.read_text() != fingerprint
        services = platform_services(home, where, launch, migrate=migrate)

        def publish_and_mark(phase: str, processes: tuple[ProcessState, ...]) -> None:
            if any(process.name == "migrate" and process.state == "done" for process in processes):
                write_atomically(marker, fingerprint)
            publish(phase, processes)

        supervisor = Supervisor(services, home=home, env=environment(home, where), publish=publish_and_mark)
        ended_well = supervisor.run()
        if ended_well:
            home.state_file.unlink(missing_ok=True)
        return ended_well


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m backend.embedded.supervisor")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=8000, type=int)
    parser.add_argument("--attached", action="store_true", help="stop when the process that started this one ends")
    options = parser.parse_args()
    adopt_orphans()
    if options.attached:
        die_with_parent(signal.SIGTERM)
    try:
        return 0 if supervise(Home(options.home.absolute()), options.host, options.port) else 1
    except EmbeddedError as error:
        say(f"error: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
