"""The command line as a process, on a home of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.embedded.home import REPOSITORY, Home

Atelier = Callable[..., subprocess.CompletedProcess[str]]


def atelier_run(home: Path, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run one verb as `./atelier` does, with nothing of the suite's own services in its environment."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env = {name: value for name, value in env.items() if not name.startswith("ATELIER_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "backend.cli", *arguments],
        env={**env, "ATELIER_HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def atelier(home: Home) -> Atelier:
    return lambda *arguments: atelier_run(home.root, *arguments)
