"""What an earlier supervisor left: found, ended when it is really ours, and forgotten."""

import dataclasses
import subprocess

from backend.embedded.environment import addresses
from backend.embedded.home import Home
from backend.embedded.process import identity
from backend.embedded.state import ProcessState, state_read, state_running
from backend.embedded.supervisor import clear_leftovers, publisher


def stale_state(home: Home, process: ProcessState) -> None:
    """A state file as a supervisor writes it, with this test's own process as the supervisor."""
    home.create()
    publisher(home, addresses(home, "127.0.0.1", 8000, env={}))("running", (process,))


def test_a_process_that_outlived_its_supervisor_is_ended(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    who = identity(sleeper.pid)
    assert who is not None
    stale_state(home, ProcessState("web", "running", who.pid, who.started_ticks))
    state = state_read(home)
    assert state is not None
    mine = state.supervisor.identity
    assert mine is not None
    clear_leftovers(home, patience_s=0)
    assert sleeper.wait(10) == -9
    assert state_read(home) is None


def test_another_process_under_a_reused_id_is_left_alone(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    who = identity(sleeper.pid)
    assert who is not None
    other = dataclasses.replace(who, started_ticks=who.started_ticks - 1)
    stale_state(home, ProcessState("web", "running", other.pid, other.started_ticks))
    clear_leftovers(home, patience_s=0)
    assert sleeper.poll() is None


def test_state_without_a_lock_is_stale(home: Home) -> None:
    stale_state(home, ProcessState("web", "waiting"))
    assert state_read(home) is not None
    assert state_running(home) is None
