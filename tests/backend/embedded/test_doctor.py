"""What doctor says of the sandbox."""

import shutil
from pathlib import Path

import pytest

from backend.cli.doctor import CHECKS, Finding, code_checked
from backend.embedded.home import Home


def test_doctor_says_that_code_runs(tmp_path: Path) -> None:
    assert code_checked in CHECKS
    assert list(code_checked(Home(tmp_path), None)) == [Finding("code of users", True, "runs: Python and JavaScript")]


def test_doctor_says_why_no_code_runs_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Everything else that is on the path stays there.
    links = tmp_path / "bin"
    links.mkdir()
    for name in ("prlimit", "setpriv", "node"):
        (links / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(links))
    why = "off: bubblewrap is not installed: `apt-get install bubblewrap`"
    assert list(code_checked(Home(tmp_path), None)) == [Finding("code of users", False, why)]
