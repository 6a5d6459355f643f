"""`state.json`: what runs in a home, where it listens and as which processes."""

import json
from dataclasses import asdict, dataclass, field

from backend.embedded.files import write_atomically
from backend.embedded.home import Home, is_locked
from backend.embedded.process import Identity, is_alive

VERSION = 1


@dataclass(frozen=True)
class ProcessState:
    """One process as its supervisor sees it."""

    name: str
    state: str
    pid: int | None = None
    started_ticks: int | None = None
    restarts: int = 0
    exit_code: int | None = None
    url: str = ""

    @property
    def identity(self) -> Identity | None:
        return None if self.pid is None or self.started_ticks is None else Identity(self.pid, self.started_ticks)


@dataclass(frozen=True)
class PlatformState:
    """Everything that a verb needs to find a running platform."""

    host: str
    port: int
    inference_port: int
    url: str
    inference_url: str
    database_url: str
    redis_url: str
    sockets: str
    supervisor: ProcessState
    processes: tuple[ProcessState, ...] = ()
    version: int = VERSION
    phase: str = field(default="starting")

    def process(self, name: str) -> ProcessState | None:
        return next((process for process in self.processes if process.name == name), None)

    def identities(self) -> list[Identity]:
        """The supervisor and its children, as far as they were ever started."""
        everyone = (self.supervisor, *self.processes)
        return [who for process in everyone if (who := process.identity) is not None]


def state_write(home: Home, state: PlatformState) -> None:
    write_atomically(home.state_file, json.dumps(asdict(state), indent=2) + "\n")


def state_read(home: Home) -> PlatformState | None:
    """The last state written, current or stale; None when there is none that this version understands."""
    try:
        raw = json.loads(home.state_file.read_text(encoding="utf-8"))
        supervisor = ProcessState(**raw.pop("supervisor"))
        processes = tuple(ProcessState(**process) for process in raw.pop("processes"))
        state = PlatformState(supervisor=supervisor, processes=processes, **raw)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return state if state.version == VERSION else None


def state_running(home: Home) -> PlatformState | None:
    """The state of the home's live supervisor; None when nothing runs, whatever a stale file says."""
    state = state_read(home)
    if state is None or not is_locked(home):
        return None
    who = state.supervisor.identity
    return state if who is not None and is_alive(who) else None
