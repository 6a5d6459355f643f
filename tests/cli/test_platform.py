"""A whole platform from `up` to `down`: started twice, hurt, backed up, restored, and gone without a trace."""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.embedded.home import Home, is_locked
from backend.embedded.ports import is_free
from backend.embedded.process import Identity, descendants, identity, wait_gone
from backend.embedded.state import PlatformState, state_read, state_running
from tests.cli.conftest import atelier_run

pytestmark = [pytest.mark.platform, pytest.mark.timeout(400)]
UP_S = 200
PATIENCE_S = 60.0


def two_free_ports() -> int:
    """A port whose successor is free too, below those that the kernel gives to outgoing connections."""
    candidates = (random.randrange(20000, 30000, 2) for _ in range(1000))
    return next(port for port in candidates if is_free("127.0.0.1", port) and is_free("127.0.0.1", port + 1))


def until(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline, f"{what} did not happen in {PATIENCE_S} s"
        time.sleep(0.1)


def running(home: Home) -> PlatformState:
    state = state_running(home)
    assert state is not None
    return state


def family(home: Home) -> list[Identity]:
    supervisor = running(home).supervisor.pid
    assert supervisor is not None
    return [who for pid in (supervisor, *descendants(supervisor)) if (who := identity(pid)) is not None]


def report(home: Home) -> dict[str, Any]:
    done = atelier_run(home.root, "status", "--json")
    assert done.returncode == 0, done.stdout
    body: dict[str, Any] = json.loads(done.stdout)
    return body


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A healthy platform; the tests of this module leave it healthy."""
    home = Home(tmp_path_factory.mktemp("platform") / "home")
    done = atelier_run(home.root, "up", "--detach", "--port", str(two_free_ports()), timeout_s=UP_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{running(home).url}\n"
    yield home
    left = family(home) if state_running(home) else []
    atelier_run(home.root, "down")
    assert wait_gone(left, timeout_s=0) == []


def test_up_twice_starts_nothing_and_prints_the_same_url(platform: Home) -> None:
    before = family(platform)
    done = atelier_run(platform.root, "up", "--detach")
    assert (done.returncode, done.stdout) == (0, f"{running(platform).url}\n")
    assert family(platform) == before


def test_status_counts_every_process_and_stays_within_the_memory_budget(platform: Home) -> None:
    body = report(platform)
    assert body["healthy"] is True
    names = [process["name"] for process in body["processes"]]
    assert names == ["web", "worker-runs", "worker-jobs", "beat", "inference", "postgres", "redis", "supervisor"]
    assert all(process["mb"] > 0 for process in body["processes"])
    assert body["total_mb"] <= 900


def test_the_doctor_of_a_healthy_platform_finds_its_services_well(platform: Home) -> None:
    lines = atelier_run(platform.root, "doctor").stdout.splitlines()
    for name in ("web", "worker-runs", "worker-jobs", "inference", "health", "pgvector", "runs and documents"):
        assert any(line.startswith(f"✓ {name}: ") for line in lines), lines


def test_an_admin_is_made_once_and_a_token_stands_alone_on_stdout(platform: Home) -> None:
    create = ("admin", "create", "--email", "first@example.org", "--password", "correct horse battery")
    assert atelier_run(platform.root, *create).returncode == 0
    again = atelier_run(platform.root, *create)
    assert again.returncode == 1
    assert "--reset-password" in again.stderr
    assert atelier_run(platform.root, *create, "--reset-password").returncode == 0
    token = atelier_run(platform.root, "token", "create", "--email", "first@example.org")
    assert token.returncode == 0
    assert token.stdout.startswith("pat-")
    assert len(token.stdout.split()) == 1


def test_a_model_is_timed_as_an_application_asks_it(platform: Home, tmp_path: Path) -> None:
    file = tmp_path / "chat.json"
    asked = ("models", "bench", "smollm2-135m-instruct", "--streams", "1,3", "--tokens", "8", "--json", str(file))
    done = atelier_run(platform.root, *asked)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text("utf-8"))
    assert [one["streams"] for one in found["decode"]] == [1, 3]
    assert found["prompt_tokens"] >= 300
    assert all(one["tokens_s"] > 0 < one["first_s"] for one in (found["decode"]))
    assert f"a prompt of {found['prompt_tokens']} tokens" in done.stderr
    assert "3 answers at once" in done.stderr
    embedding = atelier_run(platform.root, "models", "bench", "all-minilm-l6-v2", "--json", str(file))
    assert embedding.returncode == 0, embedding.stderr
    assert json.loads(file.read_text("utf-8"))["texts_s"] > 0
    unknown = atelier_run(platform.root, "models", "bench", "none")
    assert unknown.returncode == 1
    assert "no model 'none' on this machine: `./atelier models list`" in unknown.stderr


@pytest.mark.parametrize("name", ["worker-jobs", "redis", "postgres"])
def test_a_killed_process_is_replaced_and_the_platform_is_well_again(platform: Home, name: str) -> None:
    before = running(platform).process(name)
    assert before is not None
    assert before.pid is not None
    below = [who for pid in descendants(before.pid) if (who := identity(pid)) is not None]
    os.kill(before.pid, signal.SIGKILL)

    def is_replaced() -> bool:
        now = running(platform).process(name)
        return now is not None and now.restarts > before.restarts and now.state == "running"

    until(is_replaced, f"another {name}")
    until(lambda: report(platform)["healthy"], "health")
    assert wait_gone(below, timeout_s=20) == []


def test_kill_9_of_the_supervisor_leaves_nothing_and_up_starts_again(platform: Home) -> None:
    port = running(platform).port
    everyone = family(platform)
    os.kill(everyone[0].pid, signal.SIGKILL)
    assert wait_gone(everyone, timeout_s=30) == []
    assert state_read(platform) is not None, "the state file is stale now"
    assert atelier_run(platform.root, "status").returncode == 1
    done = atelier_run(platform.root, "up", "--detach", "--port", str(port), timeout_s=UP_S)
    assert done.returncode == 0, done.stderr
    assert report(platform)["healthy"] is True


def test_a_running_platform_is_backed_up_and_lives_again_in_another_home(platform: Home, tmp_path: Path) -> None:
    email = "kept@example.org"
    create = ("admin", "create", "--email", email, "--password", "correct horse battery")
    assert atelier_run(platform.root, *create).returncode == 0
    archive = tmp_path / "backup.tar.gz"
    assert atelier_run(platform.root, "backup", str(archive)).returncode == 0
    refused = atelier_run(platform.root, "restore", str(archive), "--force")
    assert refused.returncode == 1
    assert "down" in refused.stderr
    copy = Home(tmp_path / "copy")
    assert atelier_run(copy.root, "restore", str(archive)).returncode == 0
    try:
        done = atelier_run(copy.root, "up", "--detach", "--port", str(two_free_ports()), timeout_s=UP_S)
        assert done.returncode == 0, done.stderr
        again = atelier_run(copy.root, *create)
        assert again.returncode == 1, "the account came with the backup"
        assert report(platform)["healthy"] is True, "two homes run side by side"
    finally:
        left = family(copy) if state_running(copy) else []
        assert atelier_run(copy.root, "down").returncode == 0
    assert wait_gone(left, timeout_s=0) == []


def test_down_leaves_no_process_and_no_lock(platform: Home) -> None:
    everyone = family(platform)
    done = atelier_run(platform.root, "down")
    assert done.returncode == 0, done.stderr
    assert wait_gone(everyone, timeout_s=0) == []
    assert not is_locked(platform)
    assert not platform.state_file.exists()
