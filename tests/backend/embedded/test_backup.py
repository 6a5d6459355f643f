"""Backup and restore with the real PostgreSQL: a round trip, and archives that are not ours."""

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from backend.embedded.archive import MANIFEST, archive_extract
from backend.embedded.backup import backup, link_files, restore
from backend.embedded.errors import AlreadyRunningError, BackupError
from backend.embedded.home import Home, home_locked
from backend.embedded.postgres import postgres_binary
from backend.embedded.stores import stores_running

GOOD_MANIFEST = {"format": "atelier-backup", "version": 1, "created_at": "2026-11-20T00:00:00+00:00"}


def sql(url: str, statement: str) -> str:
    command = [str(postgres_binary("psql")), "-qtA", "-v", "ON_ERROR_STOP=1", "-c", statement, url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def filled(home_with_cluster: Home) -> Home:
    """A stopped home with a table with a vector in it, a file and secrets."""
    home = home_with_cluster
    with stores_running(home, is_durable=False) as env:
        sql(env["DATABASE_URL"], "CREATE EXTENSION vector; CREATE TABLE t (name text, v vector(2))")
        sql(env["DATABASE_URL"], "INSERT INTO t VALUES ('Привет', '[1,2]')")
    (home.root / "files" / "ab").mkdir(parents=True)
    (home.root / "files" / "ab" / "report.pdf").write_bytes(b"%PDF")
    return home


def test_a_deleted_home_is_there_again_after_restore(filled: Home, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    secrets = filled.secrets_file.read_bytes()
    backup(filled, archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert not list(filled.root.glob(".backup-*"))
    target = Home(tmp_path / "again")
    assert restore(archive, target, force=False) is None
    assert target.secrets_file.read_bytes() == secrets
    assert (target.root / "files" / "ab" / "report.pdf").read_bytes() == b"%PDF"
    assert target.root.stat().st_mode & 0o777 == 0o700
    with stores_running(target, is_durable=False) as env:
        assert sql(env["DATABASE_URL"], "SELECT name, v, lower('ПРИВЕТ') FROM t") == "Привет|[1,2]|привет"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "backup.tar.gz", "home"]


def test_a_backup_replaces_nothing(filled: Home, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    archive.write_text("precious")
    with pytest.raises(BackupError, match="exists"):
        backup(filled, archive)
    assert archive.read_text() == "precious"


def test_an_empty_home_cannot_be_backed_up(home: Home, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="--home"):
        backup(home, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_files_that_are_deleted_or_written_during_the_dump_are_both_kept(home: Home, tmp_path: Path) -> None:
    home.create()
    (home.root / "files").mkdir()
    (home.root / "files" / "old").write_text("old")
    (home.root / "state.json").write_text("{}")
    link_files(home, tmp_path / "copy")
    (home.root / "files" / "old").unlink()
    (home.root / "files" / "new").write_text("new")
    link_files(home, tmp_path / "copy")
    copied = {p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*") if p.is_file()}
    assert copied == {"files/old", "files/new"}


def write_archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], manifest: object = GOOD_MANIFEST) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for entry, content in [(tarfile.TarInfo(MANIFEST), json.dumps(manifest).encode()), *members]:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def link_entry(kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo("home/link")
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        tarfile.TarInfo("../evil"),
        tarfile.TarInfo("/tmp/evil"),
        tarfile.TarInfo("home/../../evil"),
        tarfile.TarInfo("elsewhere/evil"),
        link_entry(tarfile.SYMTYPE),
        link_entry(tarfile.LNKTYPE),
        link_entry(tarfile.FIFOTYPE),
        link_entry(tarfile.CHRTYPE),
    ],
    ids=lambda entry: f"{entry.name}-{entry.type!r}",
)
def test_an_archive_with_a_hostile_member_restores_nothing(home: Home, tmp_path: Path, entry: tarfile.TarInfo) -> None:
    archive = tmp_path / "hostile.tar.gz"
    write_archive(archive, [(entry, b"")])
    with pytest.raises(BackupError, match="no backup of ours"):
        restore(archive, home, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.tar.gz"]


@pytest.mark.parametrize(
    ("manifest", "says"),
    [({**GOOD_MANIFEST, "version": 2}, "format 2"), ({"format": "other"}, "not a backup"), ([], "not a backup")],
)
def test_a_foreign_archive_is_refused(tmp_path: Path, manifest: object, says: str) -> None:
    write_archive(tmp_path / "x.tar.gz", [], manifest)
    with pytest.raises(BackupError, match=says):
        archive_extract(tmp_path / "x.tar.gz", tmp_path)


def test_a_truncated_archive_restores_nothing(filled: Home, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    backup(filled, archive)
    os.truncate(archive, archive.stat().st_size // 2)
    target = Home(tmp_path / "again")
    with pytest.raises(BackupError, match="not readable"):
        restore(archive, target, force=False)
    assert not target.root.exists()
    assert not list(tmp_path.glob(".again*"))


def test_restore_refuses_a_running_platform_and_a_home_in_use(home: Home, tmp_path: Path) -> None:
    home.create()
    with home_locked(home), pytest.raises(AlreadyRunningError, match="down"):
        restore(tmp_path / "x.tar.gz", home, force=True)
    with pytest.raises(BackupError, match="not empty"):
        restore(tmp_path / "x.tar.gz", home, force=False)


def test_force_sets_the_present_content_aside(filled: Home, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar.gz"
    backup(filled, archive)
    (filled.root / "files" / "later").write_text("later")
    aside = restore(archive, filled, force=True)
    assert aside is not None
    assert (aside / "files" / "later").read_text() == "later"
    assert not (filled.root / "files" / "later").exists()
