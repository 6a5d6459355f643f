"""Homes for the embedded services; nothing here needs Django or the suite's own database."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import pytest

from backend.embedded.home import REPOSITORY, Home
from backend.embedded.postgres import cluster_ensure, launch_detect
from backend.embedded.process import descendants, identity
from backend.embedded.state import PlatformState, state_read

PATIENCE_S = 30.0
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    """These tests start services of their own: the suite's Redis is left alone."""


@pytest.fixture(autouse=True)
def _own_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's services are in the environment, where a user's own would be: these tests embed theirs."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster fresh from initdb, to be copied: making one takes longer than most tests."""
    made = Home(tmp_path_factory.mktemp("cluster"))
    made.create()
    cluster_ensure(made, launch_detect())
    return made.postgres


@pytest.fixture
def home_with_cluster(home: Home, new_cluster: Path) -> Home:
    home.create()
    shutil.copytree(new_cluster, home.postgres)
    return home


def until(look: Callable[[], T | Literal[False] | None], what: str) -> T:
    """Poll until `look` returns something; the deadline only ends a test that would never end."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {PATIENCE_S} s")


@dataclass
class Running:
    """A supervisor in a process of its own, and the state that it publishes."""

    home: Home
    process: subprocess.Popen[bytes]

    def state(self) -> PlatformState:
        state = state_read(self.home)
        assert state is not None
        return state

    def wait_phase(self, phase: str) -> PlatformState:
        def look() -> PlatformState | None:
            state = state_read(self.home)
            return state if state is not None and state.phase == phase else None

        return until(look, f"phase {phase!r}")

    def family(self) -> list[int]:
        return descendants(self.process.pid)


@pytest.fixture
def supervise(home: Home) -> Iterator[Callable[[str], Running]]:
    """Start the real supervisor over what the driver names; all of it is gone after the test."""
    started: list[Running] = []

    def start(what: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.backend.embedded.driver", str(home.root), what],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.DEVNULL,
        )
        started.append(Running(home, process))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(PATIENCE_S)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    assert identity(process.pid) is not None
    yield process
    process.kill()
    process.wait()
