"""Environments of the benches' peers: made once below the home, apart from the platform's own."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.screen import step
from backend.embedded.home import Home

STAMP = "complete"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


def python_environment(home: Home, name: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment with `packages`, after making it when it is not whole."""
    folder = home.root / "bench" / name
    python = folder / "bin" / "python"
    if not (folder / STAMP).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with step(f"Installing {name} into {folder}: once, some minutes"):
            _run([sys.executable, "-m", "venv", str(folder)])
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, *(package for package in packages if package != "torch" or not _has_slim_torch(pip))])
            (folder / STAMP).touch()
    return python


def _has_slim_torch(pip: Sequence[str]) -> bool:
    """Install the wheel of torch that is for a CPU alone: the default one brings gigabytes for graphics cards."""
    command = [*pip, "--retries", "0", "--index-url", CPU_WHEELS, "torch"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandError(f"{' '.join(command)} failed: {done.stderr.strip()[-1500:]}")
