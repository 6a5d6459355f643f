"""A home folder: where one platform keeps its data, sockets, logs and secrets, and how it is locked."""

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.errors import AlreadyRunningError, EmbeddedError

REPOSITORY = Path(__file__).resolve().parents[2]
# sun_path holds 108 bytes with its terminator; PostgreSQL's own lock file name is the longest that we put there.
SOCKET_PATH_LIMIT_BYTES = 107
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True)
class Home:
    """The paths below one home folder; making the object touches nothing on disk."""

    root: Path

    @property
    def run(self) -> Path:
        """Locks, markers and (when the path is short enough) sockets: nothing in it outlives the processes."""
        return self.root / "run"

    @property
    def metrics(self) -> Path:
        """What the processes count for `/metrics`."""
        return self.run / "metrics"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def secrets_file(self) -> Path:
        return self.root / "secrets.json"

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def sockets(self) -> Path:
        """A folder whose sockets fit into a socket address: below the home, or a short one named after it."""
        longest = os.fsencode(self.run / LONGEST_SOCKET_NAME)
        if len(longest) <= SOCKET_PATH_LIMIT_BYTES:
            return self.run
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        parent = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
        return (parent if parent.is_dir() else Path(tempfile.gettempdir())) / f"atelier-{digest}"

    def log_file(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def create(self) -> None:
        """Make the folders, readable by their owner alone."""
        for folder in (self.root, self.run, self.logs, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)  # it may be older than we are
        status = self.sockets.lstat()
        # Root lets a group in where PostgreSQL needs a user of its own; nobody else shares the folder.
        closed = 0o007 if os.geteuid() == 0 else 0o077
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & closed:
            raise EmbeddedError(
                f"the socket folder {str(self.sockets)!r} belongs to someone else or is open to others: "
                "remove it or choose another --home"
            )


def home_resolve(option: str | None) -> Home:
    """The home that a verb works on: `--home`, else $ATELIER_HOME, else `var` in the repository."""
    chosen = option or os.environ.get("ATELIER_HOME") or str(REPOSITORY / "var")
    return Home(Path(chosen).expanduser().absolute())


def is_locked(home: Home) -> bool:
    """True while a supervisor (or a backup of a stopped platform) holds the home."""
    try:
        descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return True
        raise
    finally:
        os.close(descriptor)
    return False


@contextmanager
def home_locked(home: Home) -> Iterator[None]:
    """Hold the home exclusively; the kernel gives the lock back however this process ends."""
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise AlreadyRunningError(
                    f"a platform is running in {str(home.root)!r}: `./atelier down` stops it"
                ) from error
            raise
        yield
    finally:
        os.close(descriptor)
