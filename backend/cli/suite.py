"""`test` and `check`: the suite and the gates before it, on homes and ports of their own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.cli.engines import RECIPES, engine_install
from backend.cli.frontend import FRONTEND, packages_ensure
from backend.cli.screen import say
from backend.cli.up import prepare
from backend.embedded.home import REPOSITORY, home_resolve

PLUGIN = ("-p", "backend.cli.pytest_plugin")
WITHOUT_ENGINE = ("-p", "backend.cli.without_engine")
PARALLEL = ("-n", "2", "--dist", "loadgroup")
FAST = "not (e2e or platform or model or shared_data or vllm)"


@dataclass(frozen=True)
class Gate:
    """One step of `check`."""

    name: str
    command: tuple[str, ...]
    folder: Path = REPOSITORY


def _environment(home: str) -> dict[str, str]:
    """Nothing of the user's own platform: a test that forgets to choose a home gets an empty one."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    kept = {name: value for name, value in kept.items() if not name.startswith("ATELIER_")}
    return {**kept, "ATELIER_HOME": home, "PYTHONPATH": str(REPOSITORY)}


def suite_run(arguments: Sequence[str], *, with_vllm: bool) -> int:
    """Run pytest: everything, or what the arguments name; returns its exit code."""
    prepare()
    # A marker expression of the user's own replaces ours.
    chosen = () if with_vllm or "-m" in arguments else ("-m", "not vllm")
    whole = PARALLEL if not arguments or all(argument.startswith("--strict-skips") for argument in arguments) else ()
    engines = _engines() if with_vllm else {}
    command = [sys.executable, "-m", "pytest", *PLUGIN, *whole, *chosen, *arguments]
    with tempfile.TemporaryDirectory(prefix="atelier-test-") as home:
        return subprocess.run(command, cwd=REPOSITORY, env=_environment(home) | engines, check=False).returncode


def _engines() -> dict[str, str]:
    """Install what the tests of engines need, once for this checkout, and say where it lies."""
    home = home_resolve(str(REPOSITORY / "var"))
    for name in RECIPES:
        engine_install(home, name)
    return {"ATELIER_TEST_ENGINES": str(home.root / "engines")}


def _gates() -> list[Gate]:
    python = sys.executable
    gates = [
        Gate("format", (python, "-m", "ruff", "format", "--check", ".")),
        Gate("lint", (python, "-m", "ruff", "check", ".")),
        Gate("types", (python, "-m", "mypy")),
        Gate("import contracts", (str(Path(sys.prefix) / "bin" / "lint-imports"),)),
    ]
    if (FRONTEND / "package.json").exists():
        gates += [
            Gate("web page: types", ("node_modules/.bin/tsc", "--noEmit"), FRONTEND),
            Gate("web page: lint", ("npm", "run", "--silent", "lint"), FRONTEND),
            Gate("web page: tests", ("npm", "run", "--silent", "test"), FRONTEND),
        ]
    return [*gates, Gate("fast tests", (python, "-m", "pytest", *PLUGIN, *WITHOUT_ENGINE, *PARALLEL, "-q", "-m", FAST))]


def check_run() -> int:
    """Run every gate, also after one has failed; returns 1 when one did."""
    if (FRONTEND / "package.json").exists():
        packages_ensure()
    failed = []
    with tempfile.TemporaryDirectory(prefix="atelier-check-") as home:
        for gate in _gates():
            started = time.monotonic()
            done = subprocess.run(gate.command, cwd=gate.folder, env=_environment(home), check=False)
            say(f"{'✓' if done.returncode == 0 else '✗'} {gate.name} ({time.monotonic() - started:.1f} s)")
            if done.returncode != 0:
                failed.append(gate.name)
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0
