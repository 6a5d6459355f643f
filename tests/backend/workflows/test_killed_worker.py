"""A real runs worker, killed at every node boundary: every run ends, and every effect happened once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from agents.events import NodeFinished
from backend.common.database import in_database
from backend.common.redis import redis_sync
from backend.runs import selectors, tasks
from backend.runs.models import END_STATUSES, Run, RunEvent
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.workflows.running import draft, end, made, node, post, start

pytestmark = [LIVE, pytest.mark.timeout(200)]
ROOT = Path(__file__).parents[3]
NODES = 10
PATIENCE_S = 60


class Effects:
    """A server on loopback that does what it is asked once for each key, and may kill who asks."""

    def __init__(self) -> None:
        self.done: dict[str, str] = {}
        self.requests: Counter[str] = Counter()
        self.on_request: Callable[[str], None] = lambda name: None
        self.on_answer: Callable[[str], None] = lambda name: None
        self.pause_s = 0.0
        effects = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                name = self.path.strip("/")
                effects.requests[name] += 1
                effects.on_request(name)
                time.sleep(effects.pause_s)
                effects.done.setdefault(self.headers["Idempotency-Key"], name)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
                self.wfile.flush()
                effects.on_answer(name)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None  # type: ignore[method-assign]  # who asked may be dead
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def counts(self) -> Counter[str]:
        """How many times each effect happened."""
        return Counter(self.done.values())


@pytest.fixture
def effects() -> Iterator[Effects]:
    made = Effects()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Nursery:
    """The process that worker processes are forked from."""

    def __init__(self, log: Path, database_name: str) -> None:
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database_name}")
        environment = {**os.environ, "DATABASE_URL": urlunsplit(database), "REDIS_URL": settings.REDIS_URL}
        environment.setdefault("ATELIER_SECRETS_FILE", str(settings.ENVIRONMENT.home / "secrets.json"))
        command = [sys.executable, "-m", "tests.backend.workflows.warm_worker"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with log.open("wb") as errors:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=errors, **pipes)  # type: ignore[call-overload]

    def born(self) -> int:
        """Return the id of a new worker process."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class RunsWorker:
    """A worker process as Celery starts it, on the tests' database and Redis."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._pid = nursery.born()
        self._is_dead = False
        self.kills = 0

    def kill(self) -> None:
        """Kill it as the kernel does when memory runs out."""
        self.kills += 1
        os.kill(self._pid, signal.SIGKILL)
        self._is_dead = True

    def revive(self) -> None:
        """Start it again when it is dead, as the supervisor does."""
        if self._is_dead:
            self._is_dead = False
            self._pid = self._nursery.born()

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("workers") / "log", connection.settings_dict["NAME"])
    yield made
    made.close()


@pytest.fixture
def worker(nursery: Nursery, transactional_db: None) -> Iterator[RunsWorker]:
    made = RunsWorker(nursery)
    yield made
    made.stop()


def posting(effects: Effects, count: int = NODES, **config: Any) -> dict[str, Any]:
    """Return a workflow of nodes that each have an effect, one after the other."""
    ids = [f"n{number}" for number in range(count)]
    address = f"http://127.0.0.1:{effects.port}"
    nodes = [node(item, "http-request", {"method": "POST", "url": f"{address}/{item}", **config}) for item in ids]
    wires = [f"{a} > {b}" for a, b in zip(["start", *ids], [*ids, "end"], strict=True)]
    return draft([start(), *nodes, end(body=f"{ids[-1]}.body")], wires)


MAY_REPEAT = {"retry_config": {"retry_enabled": True, "max_retries": 1, "retry_interval": 10}}


async def workflow(owner: Person, effects: Effects, count: int = NODES, **config: Any) -> str:
    allowed = {"allow": [f"127.0.0.1:{effects.port}"], "deny": [], "only_listed": False}
    assert (await in_database(owner.request, "put", "/egress", allowed)).status_code == 200
    return await made(owner, posting(effects, count, **config))


async def begun(owner: Person, app_id: str) -> str:
    response = await post(owner, f"/apps/{app_id}/runs", {})
    assert response.status_code == 200, response.content
    return str(response.headers["X-Run-Id"])


def wait_for_ends(run_ids: list[str], worker: RunsWorker, *, sweeps: bool = False) -> list[Run]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = list(Run.unscoped.filter(id__in=run_ids))
        if all(row.status in END_STATUSES for row in rows):
            return rows
        assert time.monotonic() < deadline, [(row.status, row.attempt, row.lease_expires_at) for row in rows]
        worker.revive()
        if sweeps:
            tasks.sweep()
        time.sleep(0.05)


async def test_r01_a_worker_killed_at_each_of_10_boundaries_of_a_run_loses_and_repeats_no_effect(
    owner: Person, worker: RunsWorker, effects: Effects
) -> None:
    left = {f"n{number}" for number in range(NODES)}

    def kill_before(name: str) -> None:
        if name in left and int(name[1:]) % 2 == 0:
            left.discard(name)
            worker.kill()
            raise ConnectionError("the effect does not happen: who asked is dead")

    def kill_after(name: str) -> None:
        if name in left:
            left.discard(name)
            worker.kill()

    effects.on_request, effects.on_answer = kill_before, kill_after
    run_id = await begun(owner, await workflow(owner, effects, **MAY_REPEAT))
    (row,) = await in_database(wait_for_ends, [run_id], worker, sweeps=True)
    assert (row.status, row.outputs) == ("succeeded", {"body": "ok"}), row.error_message
    assert not left and worker.kills == NODES <= row.attempt
    assert effects.counts() == Counter({f"n{number}": 1 for number in range(NODES)})
    finished = await in_database(_finished, run_id)
    assert sorted(finished) == sorted({"start", "end", *effects.done.values()}), "no node finished twice"


def _finished(run_id: str) -> list[str]:
    rows = RunEvent.objects.filter(run_id=run_id, kind=NodeFinished.kind)
    return [row.data["node_id"] for row in rows]


async def test_an_effect_that_may_not_be_repeated_is_not_and_the_run_says_so(
    owner: Person, worker: RunsWorker, effects: Effects
) -> None:
    def kill(name: str) -> None:
        if name == "n1":
            worker.kill()

    effects.on_request = kill
    run_id = await begun(owner, await workflow(owner, effects, 3))
    (row,) = await in_database(wait_for_ends, [run_id], worker)
    assert (row.status, row.error_code) == ("failed", "outcome_unknown"), row.error_message
    assert dict(effects.requests) == {"n0": 1, "n1": 1}


async def test_r04_redis_emptied_in_the_middle_of_20_workflows_costs_none_of_them(
    owner: Person, worker: RunsWorker, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "LOST_MESSAGE_S", 0)
    effects.pause_s = 0.1
    app_id = await workflow(owner, effects, 3)
    run_ids = []
    for number in range(20):
        run_ids.append(await begun(owner, app_id))
        if number % 5 == 4:
            await in_database(redis_sync().flushall)
    rows = await in_database(wait_for_ends, run_ids, worker, sweeps=True)
    assert [row.status for row in rows] == ["succeeded"] * 20
    assert effects.counts() == Counter({f"n{number}": 20 for number in range(3)})
    assert dict(effects.requests) == {f"n{number}": 20 for number in range(3)}
    assert not await in_database(selectors.runs_stuck().exists)
