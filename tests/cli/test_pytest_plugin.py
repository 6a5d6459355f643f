"""The suite's own guards: a skip that nobody decided on is a failure, and one platform runs at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from backend.embedded.home import REPOSITORY

PASSES = "def test_passes():\n    pass\n"
SKIPS = "import pytest\n\n{mark}\ndef test_skips():\n    pytest.skip('no wheel')\n"


def outcome(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sample.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  e2e: x\n  vllm: x\n  shared_data: x\n  slow: x\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-p", "backend.cli.pytest_plugin", *options, str(folder)],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_an_undecided_skip_fails_and_is_listed(tmp_path: Path, workers: tuple[str, ...]) -> None:
    source = PASSES + SKIPS.format(mark="@pytest.mark.slow")
    done = outcome(tmp_path, source, "--strict-skips", *workers)
    assert done.returncode == 1
    assert "test_sample.py::test_skips" in done.stdout
    assert outcome(tmp_path, source, *workers).returncode == 0


@pytest.mark.parametrize("marker", ["vllm", "shared_data"])
def test_an_optional_skip_is_listed_and_passes(tmp_path: Path, marker: str) -> None:
    done = outcome(tmp_path, PASSES + SKIPS.format(mark=f"@pytest.mark.{marker}"), "--strict-skips")
    assert done.returncode == 0, done.stdout
    assert "optional, skipped" in done.stdout


def test_a_module_that_skips_itself_fails(tmp_path: Path) -> None:
    source = "import pytest\npytest.skip('all of it', allow_module_level=True)\n"
    assert outcome(tmp_path, source, "--strict-skips").returncode != 0


def test_tests_of_a_platform_share_one_worker(tmp_path: Path) -> None:
    source = """
import pytest, time
from pathlib import Path

@pytest.mark.e2e
@pytest.mark.parametrize("each", range(8))
def test_of_a_platform(each, worker_id):
    Path(worker_id).touch()
    time.sleep(0.05)
"""
    done = outcome(tmp_path, source, "-n", "2", "--dist", "loadgroup")
    assert done.returncode == 0, done.stdout
    assert len(list(tmp_path.glob("gw*"))) == 1
