"""Runs a Python module of this repository as an ordinary user, also where the suite is run by root."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
USER = 61002


def as_ordinary_user(module: str, *arguments: str, timeout_s: float = 240) -> str:
    """Return what `python -m module` prints; raises `AssertionError` with its errors."""
    # As another user the home of our interpreter may be closed to us: a view of the files in which it is not.
    command = [sys.executable, "-m", module, *arguments]
    if os.geteuid() == 0:
        command = [*_view(), "--", *_ordinary(), *command]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/tmp"}


def _view() -> list[str]:
    shown: list[str] = []
    closed = {Path("/", path.parts[1]) for path in _needed() if not _is_open(path)}
    for folder in sorted(closed):
        shown += ["--perms", "0755", "--tmpfs", str(folder)]
        for path in _needed():
            if folder in path.parents:
                parents = [parent for parent in reversed(path.parents) if folder in parent.parents]
                shown += [part for parent in parents for part in ("--perms", "0755", "--dir", str(parent))]
                shown += ["--ro-bind", str(path), str(path)]
    kept = [part for name in ("SETUID", "SETGID", "SETPCAP") for part in ("--cap-add", f"CAP_{name}")]
    return ["bwrap", "--dev-bind", "/", "/", *shown, "--cap-drop", "ALL", *kept, "--die-with-parent"]


def _needed() -> list[Path]:
    return [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT]


def _is_open(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents))


def _ordinary() -> list[str]:
    dropped = ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", *dropped]
