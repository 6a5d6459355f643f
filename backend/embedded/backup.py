"""Backup and restore: the database and the files of a home as of one moment, while the platform runs or not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.embedded.archive import DUMP, FILES, archive_extract, archive_write
from backend.embedded.environment import addresses
from backend.embedded.errors import AlreadyRunningError, BackupError
from backend.embedded.home import Home, home_locked, is_locked
from backend.embedded.postgres import cluster_exists, postgres_binary
from backend.embedded.state import state_running
from backend.embedded.stores import stores_running

# The dump holds the database; Redis only wakes people up; the rest of these outlive no process.
NOT_COPIED = frozenset({"postgres", "redis", "run", "logs", "state.json"})
NOT_COPIED_PREFIXES = ("postgres.new-", ".")


def backup(home: Home, target: Path) -> None:
    """Write the backup of the home into the new file `target`, mode 0600."""
    if target.exists():
        raise BackupError(f"{str(target)!r} exists: choose another name, a backup replaces nothing")
    if not home.secrets_file.exists():
        raise BackupError(f"there is no platform in {str(home.root)!r} to back up: check --home")
    with _database(home) as url, tempfile.TemporaryDirectory(dir=home.root, prefix=".backup-") as name:
        work = Path(name)
        # Files never change once written. A row of the dump points to a file that was there before the dump began, even
        # if it is deleted meanwhile, or was written while it ran: linking before and after collects both.
        link_files(home, work / FILES)
        _run("pg_dump", "--format=custom", "--compress=0", "--no-owner", f"--file={work / DUMP}", url)
        link_files(home, work / FILES)
        archive_write(target, work / DUMP, work / FILES)


@contextmanager
def _database(home: Home) -> Iterator[str]:
    """The URL of the home's database: the running one's, else one that is started for this block."""
    state = state_running(home)
    if state is not None:
        if state.phase != "running":
            raise BackupError(
                f"the platform is {state.phase}: try again when `./atelier status` says that it is healthy"
            )
        yield state.database_url
        return
    where = addresses(home, "127.0.0.1", 8000)
    if where.embeds_postgres and not cluster_exists(home):
        raise BackupError(f"there is no database in {str(home.root)!r} to back up: check --home")
    home.create()
    with home_locked(home), stores_running(home, where=where) as env:
        yield env["DATABASE_URL"]


def link_files(home: Home, target: Path) -> None:
    """Add a hard link to each file of the home that `target` does not have yet."""
    target.mkdir(exist_ok=True)
    for top in home.root.iterdir():
        if top.name in NOT_COPIED or top.name.startswith(NOT_COPIED_PREFIXES) or top.is_symlink():
            continue
        for path in [top, *(top.rglob("*") if top.is_dir() else ())]:
            place = target / path.relative_to(home.root)
            if path.is_symlink() or place.exists():
                continue
            try:
                place.mkdir(parents=True) if path.is_dir() else _link(path, place)
            except FileNotFoundError:
                continue  # deleted while we looked: no row of the dump needs it


def _link(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, place)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        shutil.copy2(path, place)  # another file system, or one without links


def restore(source: Path, home: Home, *, force: bool) -> Path | None:
    """Make the home anew from a backup, beside its place, then put it there whole.

    Returns where the former content went, when there was any and `force` allowed it.
    """
    if is_locked(home):
        raise AlreadyRunningError(f"a platform is running in {str(home.root)!r}: `./atelier down` first")
    occupied = home.root.exists() and any(home.root.iterdir())
    if occupied and not force:
        raise BackupError(
            f"{str(home.root)!r} is not empty: choose another --home, or --force to set its content aside"
        )
    home.root.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=home.root.parent, prefix=f".{home.root.name}.restore-"))
    # PostgreSQL may have to run as another user, which walks through but reads nothing.
    work.chmod(0o711)
    try:
        archive_extract(source, work)
        fresh = Home(work / FILES)
        if not fresh.secrets_file.is_file():
            raise BackupError(f"{str(source)!r} is incomplete: it holds no secrets.json")
        _load(fresh, work / DUMP, force=force)
        for folder in {fresh.run, fresh.logs, fresh.sockets}:
            shutil.rmtree(folder)
        aside = _set_aside(home) if occupied else None
        fresh.root.replace(home.root)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return aside


def _load(fresh: Home, dump: Path, *, force: bool) -> None:
    where = addresses(fresh, "127.0.0.1", 8000)
    with stores_running(fresh, where=where) as env:
        url = env["DATABASE_URL"]
        if not where.embeds_postgres:
            _require_replaceable(url, force=force)
        replace = () if where.embeds_postgres else ("--clean", "--if-exists")
        _run(
            "pg_restore",
            "--exit-on-error",
            "--no-owner",
            "--single-transaction",
            *replace,
            f"--dbname={url}",
            str(dump),
        )


def _require_replaceable(url: str, *, force: bool) -> None:
    tables = _run(
        "psql", "--tuples-only", "--no-align", "--command=SELECT count(*) FROM pg_stat_user_tables", url
    ).strip()
    if tables != "0" and not force:
        raise BackupError(f"the database of DATABASE_URL holds {tables} tables: empty it, or --force to replace them")


def _set_aside(home: Home) -> Path:
    aside = home.root.with_name(f"{home.root.name}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    home.root.rename(aside)
    return aside


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run([str(postgres_binary(program)), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupError(f"{program} failed with exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
