"""The supervisor over real processes: restart, stop, and leaving nothing behind however it ends."""

import os
import signal
from collections.abc import Callable

import pytest

from backend.embedded.home import Home, is_locked
from backend.embedded.log_files import tail
from backend.embedded.process import identity, wait_gone
from backend.embedded.state import ProcessState, state_read, state_running
from tests.backend.embedded.conftest import Running, until

Supervise = Callable[[str], Running]


def process_of(running: Running, name: str) -> ProcessState:
    process = running.state().process(name)
    assert process is not None
    return process


def test_a_killed_child_comes_back_as_another_process(supervise: Supervise) -> None:
    running = supervise("sleeper")
    before = running.wait_phase("running").process("sleeper")
    assert before is not None
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    after = until(
        lambda: (p := process_of(running, "sleeper")).state == "running" and p.restarts == 1 and p, "a restart"
    )
    assert after.pid != before.pid
    assert after.pid in running.family()


@pytest.mark.usefixtures("home_with_cluster")
def test_kill_9_of_the_supervisor_leaves_no_process(supervise: Supervise) -> None:
    running = supervise("stores")
    running.wait_phase("running")
    family = [who for pid in running.family() if (who := identity(pid)) is not None]
    assert len(family) >= 6, "postgres has processes of its own below it"
    running.process.kill()
    running.process.wait()
    assert wait_gone(family, timeout_s=20) == []
    assert not is_locked(running.home)
    assert state_running(running.home) is None


@pytest.mark.usefixtures("home_with_cluster")
def test_the_stores_come_back_after_their_supervisor_was_killed(supervise: Supervise) -> None:
    first = supervise("stores")
    first.wait_phase("running")
    family = [who for pid in first.family() if (who := identity(pid)) is not None]
    first.process.kill()
    first.process.wait()
    wait_gone(family, timeout_s=20)
    second = supervise("stores")
    until(
        lambda: second.state().supervisor.pid == second.process.pid and second.state().phase == "running",
        "a second start",
    )


@pytest.mark.usefixtures("home_with_cluster")
def test_killed_postgres_is_started_again(supervise: Supervise) -> None:
    running = supervise("stores")
    before = running.wait_phase("running").process("postgres")
    assert before is not None
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: (p := process_of(running, "postgres")).state == "running" and p.pid != before.pid, "another postgres")


@pytest.mark.usefixtures("home_with_cluster")
def test_sigterm_stops_everything_and_forgets_the_processes(supervise: Supervise) -> None:
    running = supervise("stores")
    running.wait_phase("running")
    family = [who for pid in running.family() if (who := identity(pid)) is not None]
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert wait_gone(family, timeout_s=0) == []
    assert {process.state for process in running.state().processes} == {"stopped"}


def test_a_child_that_ignores_the_stop_is_killed(supervise: Supervise) -> None:
    running = supervise("deaf")
    deaf = running.wait_phase("running").process("deaf")
    assert deaf is not None
    until(lambda: tail(running.home.log_file("deaf"), 1) == ["deaf"], "its handler")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert process_of(running, "deaf").exit_code == -signal.SIGKILL


def test_a_stray_grandchild_is_ended_with_the_rest(supervise: Supervise, home: Home) -> None:
    running = supervise("stray")
    running.wait_phase("running")
    stray = identity(int((home.run / "stray.pid").read_text()))
    assert stray is not None
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(30)
    assert wait_gone([stray], timeout_s=0) == []


def test_a_failed_task_stops_the_start_and_is_named(supervise: Supervise) -> None:
    running = supervise("broken-task")
    assert running.process.wait(30) == 1
    task, late = process_of(running, "migrate"), process_of(running, "late")
    assert (task.state, task.exit_code) == ("failed", 7)
    assert late.pid is None


def test_a_second_supervisor_of_the_same_home_is_refused(supervise: Supervise) -> None:
    first = supervise("sleeper")
    first.wait_phase("running")
    second = supervise("sleeper")
    assert second.process.wait(30) == 1
    assert first.state().supervisor.pid == first.process.pid


@pytest.mark.usefixtures("home_with_cluster")
def test_the_state_file_names_every_process_and_is_private(supervise: Supervise, home: Home) -> None:
    running = supervise("stores")
    state = running.wait_phase("running")
    assert {process.name for process in state.processes} == {"postgres", "redis", "client"}
    assert (state.port, state.inference_port) == (8000, 8001)
    assert state.database_url.startswith("postgresql://postgres@/atelier?host=")
    assert home.state_file.stat().st_mode & 0o777 == 0o600
    assert home.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 99}', '{"supervisor": {}, "processes": []}'])
def test_a_damaged_state_file_counts_as_none(home: Home, damage: str) -> None:
    home.create()
    home.state_file.write_text(damage)
    assert state_read(home) is None
