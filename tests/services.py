"""A pytest plugin: real PostgreSQL and Redis for the whole session, unless the environment names others.

The process that starts the session starts them, before Django reads its settings; workers of pytest-xdist inherit
their addresses, and each takes a database (pytest-django's doing) and a Redis index of its own.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.embedded.home import Home
from backend.embedded.stores import stores_running

OWN_VARIABLES = ("ATELIER_HOME", "ATELIER_SECRETS_FILE", "DATABASE_URL", "REDIS_URL")
_STACK = ExitStack()


def _start() -> None:
    folder = Path(tempfile.mkdtemp(prefix="atelier-stores-"))
    _STACK.callback(shutil.rmtree, folder, ignore_errors=True)
    env = _STACK.enter_context(stores_running(Home(folder), is_durable=False))
    os.environ.update({name: env[name] for name in OWN_VARIABLES})


def _take_redis_index(worker: str) -> None:
    base, _, _index = os.environ["REDIS_URL"].partition("?db=")
    os.environ["REDIS_URL"] = f"{base}?db={int(worker.removeprefix('gw')) + 1}"


worker_name = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker_name:
    _take_redis_index(worker_name)
elif not os.environ.get("DATABASE_URL"):
    _start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started."""
    _STACK.close()
