"""The web page: built from `frontend/` when its sources changed, otherwise left alone."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.screen import say, step
from backend.embedded.files import write_atomically
from backend.embedded.home import REPOSITORY

FRONTEND = REPOSITORY / "frontend"
GENERATED = frozenset({"node_modules", "dist", "coverage", ".vite"})
NEEDED_NODE = 20


def sources() -> Iterator[Path]:
    """Every file that the page is made of, in a fixed order; what is generated is not even walked through."""
    for folder, below, names in os.walk(FRONTEND):
        below[:] = sorted(set(below) - GENERATED)
        yield from (Path(folder) / name for name in sorted(names))


def fingerprint(paths: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _matches(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


def node_require() -> None:
    """Raise unless npm and a Node that is new enough are there."""
    node = shutil.which("node")
    version = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip() if node else ""
    )
    major = int(version.lstrip("v").split(".")[0]) if version.startswith("v") else 0
    if major < NEEDED_NODE or shutil.which("npm") is None:
        raise CommandError(
            f"Node {NEEDED_NODE} or later with npm is needed to build the web page, found {version or 'none'!r}: "
            "get it from https://nodejs.org or your distribution's package `nodejs`"
        )


def _npm(title: str, *arguments: str) -> None:
    with step(title):
        done = subprocess.run(
            ["npm", *arguments], cwd=FRONTEND, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            output = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
            raise CommandError(f"`npm {' '.join(arguments)}` failed in {str(FRONTEND)!r}:\n{output}")


def packages_ensure() -> None:
    """Install what package-lock.json names, when it changed."""
    lock = fingerprint(iter([FRONTEND / "package-lock.json"]))
    stamp = FRONTEND / "node_modules" / ".atelier-lock"
    if not _matches(stamp, lock):
        node_require()
        _npm("Installing the web page's packages", "ci", "--no-audit", "--no-fund")
        write_atomically(stamp, lock)


def frontend_ensure() -> None:
    """Build the page when its sources are newer than what was built; the stamp is written last."""
    if not (FRONTEND / "package.json").exists():
        say("  - no web page: frontend/package.json is missing, only the HTTP interfaces will answer")
        return
    wanted = fingerprint(sources())
    stamp = FRONTEND / "dist" / ".atelier-fingerprint"
    if _matches(stamp, wanted):
        return
    packages_ensure()
    _npm("Building the web page", "run", "build")
    write_atomically(stamp, wanted)


def is_current() -> bool:
    """Whether the built page is that of the present sources."""
    return _matches(FRONTEND / "dist" / ".atelier-fingerprint", fingerprint(sources()))
