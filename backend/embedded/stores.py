"""PostgreSQL and Redis of a home without the rest of the platform: for a backup, a restore and the tests."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from backend.embedded.child import Child
from backend.embedded.environment import Addresses, addresses, environment
from backend.embedded.errors import StartFailedError
from backend.embedded.home import REPOSITORY, Home
from backend.embedded.log_files import tail
from backend.embedded.platform import embedded_services
from backend.embedded.postgres import Launch, cluster_ensure, launch_detect
from backend.embedded.secret_file import secrets_ensure

READY_WITHIN_S = 60.0
POLL_S = 0.02


@contextmanager
def stores_running(
    home: Home, *, where: Addresses | None = None, is_durable: bool = True, port: int = 8000
) -> Iterator[dict[str, str]]:
    """Run the embedded stores of a home; yields the environment in which our processes find them.

    They end with this block, and with the thread that entered it. `is_durable=False` leaves out fsync: a crash
    of the machine would cost the data, so it is for tests alone. The caller holds the home's lock or owns the home.
    """
    where = where or addresses(home, "127.0.0.1", port, env={})
    home.create()
    secrets_ensure(home)
    launch = Launch()
    if where.embeds_postgres:
        launch = launch_detect()
        cluster_ensure(home, launch)
    env = environment(home, where)
    children = [
        Child(service, home.log_file(service.name))
        for service in embedded_services(home, where, launch, is_durable=is_durable)
    ]
    try:
        for child in children:
            child.start(env, REPOSITORY, time.monotonic())
        _wait_ready(children)
        yield env
    finally:
        for child in reversed(children):
            _end(child)


def _wait_ready(children: list[Child]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while waiting := [child for child in children if not child.is_up]:
        for child in waiting:
            assert child.process is not None
            if child.process.poll() is not None or time.monotonic() > deadline:
                lines = "\n".join(tail(child.log_file, 20))
                raise StartFailedError(f"{child.service.name} does not start; its log ends with:\n{lines}")
            child.probe()
        time.sleep(POLL_S)


def _end(child: Child) -> None:
    process = child.process
    if process is not None and process.poll() is None:
        child.stop()
        try:
            process.wait(child.service.stop_timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
