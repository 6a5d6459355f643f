"""`doctor`: looks for what keeps a platform from starting or working, and says what to do about it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.cli import frontend, native
from backend.cli.builtin_models import unconverted
from backend.cli.errors import CommandError
from backend.cli.health import health_detail, is_healthy
from backend.embedded.environment import addresses, environment, python
from backend.embedded.errors import EmbeddedError
from backend.embedded.home import REPOSITORY, Home
from backend.embedded.ports import ports_require_free
from backend.embedded.postgres import postgres_binary
from backend.embedded.state import PlatformState, state_running
from inference.config import builtin_models

LEAST_FREE_BYTES = 2 * 10**9
PACKAGES = "sandbox"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `text` is what was seen, or what to do when `is_good` is false."""

    name: str
    is_good: bool
    text: str


def _toolchain(_home: Home, _state: PlatformState | None) -> Iterator[Finding]:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    yield Finding(
        "C++ compiler", compiler is not None, compiler or "`apt-get install g++`: needed to compile llama.cpp"
    )
    try:
        frontend.node_require()
        yield Finding("Node", True, shutil.which("node") or "")
    except CommandError as error:
        yield Finding("Node", False, str(error))
    is_new_enough = sys.version_info >= (3, 11)
    yield Finding("Python", is_new_enough, sys.version.split()[0] if is_new_enough else "install Python 3.11 or later")


def _disk(home: Home, _state: PlatformState | None) -> Iterator[Finding]:
    place = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    yield Finding("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free at {place}, 2 GB are wanted")


def _stamp(kind: str, lock: str) -> bool:
    """Whether the virtual environment was made for the present lock: the same sum that `./atelier` writes."""
    stamp = Path(sys.prefix) / f".atelier-{kind}"
    done = subprocess.run(["cksum"], input=(REPOSITORY / lock).read_bytes(), capture_output=True, check=False)
    return stamp.exists() and stamp.read_text().strip() == done.stdout.decode().strip().replace(" ", "-")


def _built(home: Home, _state: PlatformState | None) -> Iterator[Finding]:
    is_fresh = _stamp("dev", "requirements-dev.lock") or _stamp("runtime", "requirements.lock")
    yield Finding(
        "virtual environment", is_fresh, "as locked" if is_fresh else "other than the lock: `./atelier up` renews it"
    )
    has_native = native.is_installed()
    yield Finding("llama.cpp", has_native, native.pinned_version() if has_native else "`./atelier up` compiles it")
    is_built = frontend.is_current()
    yield Finding(
        "web page", is_built, "built" if is_built else "not built from the present sources: `./atelier up` builds it"
    )
    missing = [m.id for m in builtin_models(home.root) if m.convert_from is None and not m.path.exists()]
    missing += [m.id for m in unconverted(home)]
    yield Finding(
        "built-in models",
        not missing,
        f"{', '.join(missing)} missing: `./atelier up` makes them" if missing else "there",
    )


def code_checked(home: Home, _state: PlatformState | None) -> Iterator[Finding]:
    command = python("-m", "agents.sandbox", str(home.root / PACKAGES))
    here = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, env=here, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    said = (done.stdout or done.stderr).strip().splitlines()
    text = said[-1] if said else "the sandbox says nothing"
    yield Finding("code of users", done.returncode == 0, text if done.returncode == 0 else f"off: {text}")


def _secrets(home: Home, _state: PlatformState | None) -> Iterator[Finding]:
    if home.secrets_file.exists():
        mode = home.secrets_file.stat().st_mode & 0o777
        is_private = mode & 0o077 == 0
        yield Finding(
            "secrets",
            is_private,
            f"mode {mode:o}" if is_private else f"`chmod 600 {home.secrets_file}`: others can read it",
        )


def _running(home: Home, state: PlatformState | None) -> Iterator[Finding]:
    if state is None:
        try:
            ports_require_free("127.0.0.1", int(os.environ.get("ATELIER_PORT", "8000")))
            yield Finding("platform", True, "not running; its default ports are free")
        except EmbeddedError as error:
            yield Finding("platform", False, str(error))
        return
    for process in state.processes:
        is_up = process.state in ("running", "done")
        text = f"{process.state}, {process.restarts} restarts"
        yield Finding(process.name, is_up, text if is_up else f"{text}: `./atelier logs {process.name}`")
    is_well = is_healthy(state.url)
    yield Finding("health", is_well, "200" if is_well else f"{health_detail(state.url)}: `./atelier logs`")
    yield from _database(home, state)


def _database(home: Home, state: PlatformState) -> Iterator[Finding]:
    query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    command = [str(postgres_binary("psql")), "--tuples-only", "--no-align", f"--command={query}", state.database_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    version = done.stdout.strip()
    yield Finding(
        "pgvector", bool(version), version or f"missing ({done.stderr.strip()}): `CREATE EXTENSION vector` as its owner"
    )
    where = addresses(home, state.host, state.port, {"DATABASE_URL": state.database_url, "REDIS_URL": state.redis_url})
    rows = subprocess.run(
        python("-m", "django", "doctor"),
        env=environment(home, where),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (rows.stdout + rows.stderr).strip().splitlines()
    yield Finding("runs and documents", rows.returncode == 0, said[-1] if said else "each has its lease or its end")


CHECKS: tuple[Callable[[Home, PlatformState | None], Iterator[Finding]], ...] = (
    _toolchain,
    _disk,
    _built,
    code_checked,
    _secrets,
    _running,
)


def doctor(home: Home) -> int:
    """Print every finding; returns 1 when one asks for something to be done."""
    state = state_running(home)
    is_well = True
    for check in CHECKS:
        for finding in check(home, state):
            print(f"{'✓' if finding.is_good else '✗'} {finding.name}: {finding.text}")
            is_well &= finding.is_good
    return 0 if is_well else 1
