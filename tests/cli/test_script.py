"""The shell script before Python: POSIX, independent of where it is called from, and clear about what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.embedded.home import REPOSITORY

SCRIPT = REPOSITORY / "atelier"
# Stands in for the environment's Python: says how it was called.
ECHO = '#!/bin/sh\nprintf "%s\\n" "$PYTHONPATH" "${PYTHONDONTWRITEBYTECODE-unset}" "$@"\n'


def checksum(path: Path) -> str:
    return subprocess.run(["cksum"], input=path.read_bytes(), capture_output=True, check=True).stdout.decode().strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose virtual environment, a development one, is as locked."""
    root = tmp_path / "a checkout"
    (root / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(SCRIPT, root)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (root / name).write_text(f"# {name}\n")
    python = root / ".venv" / "bin" / "python"
    python.write_text(ECHO)
    python.chmod(0o755)
    (root / ".venv" / ".atelier-dev").write_text(checksum(root / "requirements-dev.lock").replace(" ", "-") + "\n")
    return root


def call(script: Path, *arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script), *arguments], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_is_valid_for_a_posix_shell(shell: str) -> None:
    options = ["--posix"] if shell == "bash" else []
    assert subprocess.run([shell, *options, "-n", str(SCRIPT)], check=False).returncode == 0


def test_it_works_from_anywhere_and_through_links(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "atelier").symlink_to("../a checkout/atelier")
    (tmp_path / "again").symlink_to(tmp_path / "bin" / "atelier")
    for script in (checkout / "atelier", tmp_path / "bin" / "atelier", tmp_path / "again"):
        done = call(script, "backup", "two words", cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1")
        assert done.returncode == 0, done.stderr
        said = done.stdout.splitlines()
        assert said == [str(checkout), "unset", "-P", "-m", "backend.cli", "backup", "two words"]


@pytest.mark.parametrize("verb", ["status", "up", "test", "check", "bench"])
def test_a_development_environment_serves_every_verb(checkout: Path, tmp_path: Path, verb: str) -> None:
    assert call(checkout / "atelier", verb, cwd=tmp_path).returncode == 0
    assert not (checkout / ".venv" / ".atelier-runtime").exists()


@pytest.mark.parametrize(("verb", "lock"), [("status", "requirements.lock"), ("test", "requirements-dev.lock")])
def test_what_is_missing_is_named_all_at_once(checkout: Path, tmp_path: Path, verb: str, lock: str) -> None:
    (checkout / ".venv" / ".atelier-dev").unlink()
    (checkout / lock).write_text("changed\n")
    few = tmp_path / "few"
    few.mkdir()
    for tool in ("sh", "dirname", "readlink", "cksum", "tr", "cat"):
        found = shutil.which(tool)
        assert found is not None
        (few / tool).symlink_to(found)
    done = call(checkout / "atelier", verb, cwd=tmp_path, PATH=str(few))
    assert done.returncode == 1
    for word in ("python >= 3.11", "Node.js >= 20", "C++ compiler", "apt-get install"):
        assert word in done.stderr
    assert done.stdout == ""
