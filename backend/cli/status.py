"""`status`: each process with its id, state, memory and address."""

import json
from dataclasses import asdict, dataclass

from backend.cli.health import is_healthy
from backend.embedded.home import Home
from backend.embedded.process import descendants, memory_bytes, parents
from backend.embedded.state import PlatformState, state_running


@dataclass(frozen=True)
class Row:
    """A line of `status`; `mb` is the proportional set size of the process and all below it."""

    name: str
    pid: int | None
    state: str
    restarts: int
    mb: float
    url: str


def rows(state: PlatformState) -> list[Row]:
    family = parents()
    found = []
    for process in state.processes:
        if process.name == "migrate" and process.state == "done":
            continue
        pids = [] if process.pid is None else [process.pid, *descendants(process.pid, family)]
        mb = round(memory_bytes(pids) / 1e6, 1)
        found.append(Row(process.name, process.pid, process.state, process.restarts, mb, process.url))
    supervisor = state.supervisor.pid
    assert supervisor is not None
    mb = round(memory_bytes([supervisor]) / 1e6, 1)
    found.append(Row("supervisor", supervisor, state.supervisor.state, 0, mb, ""))
    return found


def status(home: Home, *, as_json: bool) -> int:
    """Print the state of the home's platform; returns 0 when it runs, else 1."""
    state = state_running(home)
    if state is None:
        print(
            json.dumps({"running": False, "home": str(home.root), "processes": []})
            if as_json
            else f"not running: {home.root}"
        )
        return 1
    lines = rows(state)
    total = round(sum(row.mb for row in lines), 1)
    healthy = is_healthy(state.url)
    if as_json:
        body = {"running": True, "healthy": healthy, "phase": state.phase, "home": str(home.root), "url": state.url}
        print(json.dumps({**body, "total_mb": total, "processes": [asdict(row) for row in lines]}, indent=2))
        return 0
    print(f"{'process':<12} {'pid':>7}  {'state':<8} {'MB':>7}  {'restarts':>8}  url")
    for row in lines:
        print(
            f"{row.name:<12} {row.pid or '-':>7}  {row.state:<8} {row.mb:>7.1f}  {row.restarts:>8}  {row.url}".rstrip()
        )
    print(f"{'total':<12} {'':>7}  {'healthy' if healthy else 'unwell':<8} {total:>7.1f}")
    return 0
