"""Where the sandbox does not hold, or a language is missing, code is off and says why."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agents.errors import CodeUnavailable
from agents.sandbox import pool as pool_module
from agents.sandbox import recipe, seccomp, selftest
from agents.sandbox.__main__ import main as say
from agents.sandbox.pool import SandboxPool
from agents.sandbox.recipe import host_found, launch_of
from tests.agents.sandbox.running import python
from tests.agents.sandbox.weakening import Weaken, unfiltered, without

ROOT = Path(__file__).resolve().parents[3]


async def test_r34_without_bubblewrap_no_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else which(name))
    await refused(SandboxPool(), "bubblewrap is not installed: `apt-get install bubblewrap`")


async def test_r34_an_old_bubblewrap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "_said", lambda *command: "bubblewrap 0.6.1\n")
    await refused(SandboxPool(), "'bubblewrap 0.6.1' is too old")


def test_r34_where_the_system_forbids_namespaces_code_is_off_and_says_so() -> None:
    # A view of this machine in which nobody can make a user namespace.
    forbidding = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--uid", "1000"]
    asked = [*forbidding, "--", sys.executable, "-m", "agents.sandbox"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("the sandbox does not start; it says: bwrap: Creating new namespace failed")
    assert done.stdout.rstrip().endswith("; the system must let its users make namespaces")


@pytest.mark.parametrize(
    ("uid_map", "users"),
    [
        ("         0          0 4294967295\n", (1_900_000_000, 2_100_000_000)),
        ("         0       1000          1\n         1     100000      65536\n", (61_001, 61_183)),
        ("         0       1000          1\n", None),
    ],
)
def test_root_takes_a_user_that_exists_and_that_nobody_else_is(uid_map: str, users: tuple[int, int] | None) -> None:
    assert recipe.users_of(uid_map) == users


@pytest.mark.parametrize(
    ("weaken", "broken"),
    [
        (without("--unshare-net"), "network: interfaces"),
        (without("--unshare-pid"), "processes: those of the host"),
        (unfiltered(*seccomp.GUARDS), "processes: fork"),
        (without("--nproc"), "processes: threads"),
        (without("--fsize"), "files: their size"),
    ],
)
async def test_r34_the_self_test_sees_a_guard_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, weaken: Weaken, broken: str
) -> None:
    monkeypatch.setattr(selftest, "launch_of", lambda *given: weaken(launch_of(*given)))
    pool = SandboxPool()
    await refused(pool, "the sandbox does not hold on this machine")
    assert broken in pool.reason_off


async def test_javascript_alone_is_off_where_node_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = host_found()
    monkeypatch.setattr(pool_module, "host_found", lambda packages: replace(found, node=""))
    pool = SandboxPool()
    assert pool.reason_off == ""
    assert (await python(pool, "def main():\n    return 1")).value == 1
    with pytest.raises(CodeUnavailable, match="JavaScript needs Node"):
        await pool.run("javascript", "const main = () => 1", {})
    await pool.aclose()


def test_the_command_says_what_runs_or_why_nothing_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say([]) == 0
    assert capsys.readouterr().out == "runs: Python and JavaScript\n"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert say([]) == 1
    assert "apt-get install bubblewrap" in capsys.readouterr().out


async def refused(pool: SandboxPool, why: str) -> None:
    assert why in pool.reason_off
    with pytest.raises(CodeUnavailable, match="no code is run here"):
        await python(pool, "def main():\n    return 1")
    assert pool.waiting_pids == ()
