"""The file format of a backup: a gzipped tar that names itself, written whole or not at all, read with suspicion."""

import json
import os
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from backend.embedded.errors import BackupError

FORMAT = "atelier-backup"
VERSION = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "home"
# Model files hardly compress, text does so at the lowest level already.
COMPRESSION_LEVEL = 3


@dataclass(frozen=True)
class Manifest:
    """What the archive says of itself, in its first member."""

    format: str
    version: int
    created_at: str


def archive_write(target: Path, dump: Path, folder: Path) -> None:
    """Pack the dump and the folder into `target`, readable by its owner alone; never replaces a file."""
    if target.exists():
        raise BackupError(f"{str(target)!r} exists: choose another name, a backup replaces nothing")
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise BackupError(f"cannot write into {str(target.parent)!r}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _pack(stream, dump, folder)
            stream.flush()
            os.fsync(stream.fileno())
        # link, unlike rename, refuses a file that appeared meanwhile.
        os.link(temporary, target)
    except FileExistsError as error:
        raise BackupError(f"{str(target)!r} exists: choose another name, a backup replaces nothing") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _pack(stream: BinaryIO, dump: Path, folder: Path) -> None:
    manifest = Manifest(FORMAT, VERSION, datetime.now(UTC).isoformat(timespec="seconds"))
    text = json.dumps(asdict(manifest)).encode()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=COMPRESSION_LEVEL) as archive:
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(text), 0o600
        archive.addfile(entry, BytesIO(text))
        archive.add(dump, DUMP, filter=_private)
        archive.add(folder, FILES, filter=_private)


def _private(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Only files and folders, owned by nobody in particular."""
    if not (entry.isfile() or entry.isdir()):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o700 if entry.isdir() else 0o600
    return entry


def archive_extract(source: Path, target: Path) -> Manifest:
    """Unpack into the empty folder `target`; raises BackupError before the first byte that is not ours."""
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            manifest = _manifest(archive, source)
            for entry in archive:
                _extract(archive, entry, target)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BackupError(f"{str(source)!r} is not readable as a backup: {error}") from error
    if not (target / DUMP).is_file() or not (target / FILES).is_dir():
        raise BackupError(f"{str(source)!r} is incomplete: it holds no {DUMP!r} or no {FILES!r}")
    return manifest


def _manifest(archive: tarfile.TarFile, source: Path) -> Manifest:
    first = archive.next()
    stream = archive.extractfile(first) if first is not None and first.name == MANIFEST and first.isfile() else None
    try:
        manifest = Manifest(**json.loads(stream.read(4096))) if stream else None
    except (ValueError, TypeError):
        manifest = None
    if manifest is None or manifest.format != FORMAT:
        raise BackupError(f"{str(source)!r} is not a backup of Atelier: it does not begin with {MANIFEST!r}")
    if manifest.version != VERSION:
        raise BackupError(
            f"{str(source)!r} has format {manifest.version!r}, this release reads {VERSION}: "
            "restore it with the release that wrote it"
        )
    return manifest


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    """Write one member by hand: its name is checked, and of its metadata nothing is kept."""
    path = PurePosixPath(entry.name)
    is_inside = not path.is_absolute() and ".." not in path.parts and path.parts[:1] in ((DUMP,), (FILES,), (MANIFEST,))
    if not is_inside or not (entry.isfile() or entry.isdir()):
        raise BackupError(f"the archive holds {entry.name!r}, which no backup of ours does: nothing was restored")
    place = target / path
    if entry.isdir():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = archive.extractfile(entry)
    assert content is not None
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
        while block := content.read(1024 * 1024):
            sink.write(block)
