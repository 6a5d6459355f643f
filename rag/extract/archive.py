"""Documents that are ZIP archives, looked at from outside before anything in them is unpacked.

Every reader of such a format opens its file here; it never gets a bomb, a path that leaves the archive or a link.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rag.errors import ContentMismatchError, DocumentTooLargeError, EncryptedDocumentError, MalformedDocumentError
from rag.extract import ole

MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_PART_BYTES = 128 * 1024 * 1024
"""The largest part that is read at all: a spreadsheet of a million rows is about as long."""
MAX_RATIO = 250
RATIO_COUNTS_FROM_BYTES = 16 * 1024 * 1024
"""Small parts may be as repetitive as they like."""

_END_RECORD = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64_RECORD = struct.Struct("<4sQ2H2L4Q")
_MAX_COMMENT_BYTES = 1 << 16
_SYMBOLIC_LINK = 0o120000
_FILE_TYPE = 0o170000
_ENCRYPTED_FLAG = 0x1
_MIMETYPE_BYTES = 200
# What zipfile raises for damaged archives, some of it by accident.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, KeyError),
    *(UnicodeDecodeError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that has passed every check; `label` is the document's format, for messages."""

    zip: zipfile.ZipFile
    label: str
    names: frozenset[str]

    def part(self, name: str) -> bytes:
        """Return the bytes of the part; raises MalformedDocumentError when it is absent, damaged or too long."""
        if name not in self.names:
            raise MalformedDocumentError(f"the {self.label} lacks its part {name!r}; open it and save it again")
        if self.zip.getinfo(name).file_size > MAX_PART_BYTES:
            raise DocumentTooLargeError(
                f"{name!r} in the {self.label} has more than {MAX_PART_BYTES >> 20} MB; split the document into parts"
            )
        with self.opened(name) as file:
            return file.read()

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        """Yield the part as a file; damage that is met while it is read becomes a MalformedDocumentError."""
        try:
            with self.zip.open(name) as file:
                yield file
        except _DAMAGE as error:
            raise MalformedDocumentError(f"{name!r} in the {self.label} is damaged ({error}); save it again") from error


@contextmanager
def open_archive(path: Path, label: str) -> Iterator[Archive]:
    """Yield the archive at `path`; raises the RagError that says why it is not opened."""
    _check_is_zip(path, label)
    _check_end_record(path, label)
    try:
        opened = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise MalformedDocumentError(f"the {label} is damaged ({error}); open it and save it again") from error
    with opened:
        entries = opened.infolist()
        _check_sizes(entries, label)
        for entry in entries:
            _check_entry(entry, label)
        yield Archive(opened, label, frozenset(entry.filename for entry in entries))


def _check_is_zip(path: Path, label: str) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(ole.MAGIC[:4]):
        ole.refuse(path, label)
    if not head.startswith(b"PK"):
        raise ContentMismatchError(f"the file is no {label}: it does not begin like one; upload it in its own format")


def _check_end_record(path: Path, label: str) -> None:
    """Refuse too many entries from the archive's last bytes: listing a million of them would take seconds and GB."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _END_RECORD.size - _MAX_COMMENT_BYTES - _END64_LOCATOR.size, 0))
        tail = file.read()
        at = tail.rfind(_END_SIGNATURE)
        if at < 0 or len(tail) - at < _END_RECORD.size:
            raise MalformedDocumentError(f"the {label} is cut off: its end is missing; upload it again")
        _, _, _, _, count, directory_bytes, _, _ = _END_RECORD.unpack_from(tail, at)
        locator = tail[max(at - _END64_LOCATOR.size, 0) : at]
        if locator.startswith(b"PK\x06\x07") and len(locator) == _END64_LOCATOR.size:
            file.seek(min(_END64_LOCATOR.unpack(locator)[2], size))
            record = file.read(_END64_RECORD.size)
            if len(record) < _END64_RECORD.size:
                raise MalformedDocumentError(f"the {label} is cut off: its end is missing; upload it again")
            count, directory_bytes = _END64_RECORD.unpack(record)[7:9]
    # The count alone can lie: what is listed is as many entries as there are bytes for.
    if count > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise DocumentTooLargeError(
            f"the {label} is an archive of {count:,} entries, more than {MAX_ENTRIES:,}; it was not unpacked"
        )


def _check_sizes(entries: list[zipfile.ZipInfo], label: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise DocumentTooLargeError(f"the {label} is an archive of more than {MAX_ENTRIES:,} entries; not unpacked")
    total = sum(entry.file_size for entry in entries)
    if total > MAX_TOTAL_BYTES:
        raise DocumentTooLargeError(
            f"the {label} unpacks to {total >> 20:,} MB, more than {MAX_TOTAL_BYTES >> 20:,}; it was not unpacked"
        )


def _check_entry(entry: zipfile.ZipInfo, label: str) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        raise MalformedDocumentError(
            f"the {label} was not unpacked: its entry {entry.filename[:100]!r} points out of the archive"
        )
    if (entry.external_attr >> 16) & _FILE_TYPE == _SYMBOLIC_LINK:
        raise MalformedDocumentError(f"the {label} was not unpacked: its entry {entry.filename[:100]!r} is a link")
    if entry.flag_bits & _ENCRYPTED_FLAG:
        raise EncryptedDocumentError(f"the {label} is encrypted; remove the password and upload it again")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise MalformedDocumentError(f"the {label} is compressed in a way that documents are not; save it again")
    if entry.file_size > RATIO_COUNTS_FROM_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise DocumentTooLargeError(
            f"the {label} was not unpacked: {entry.filename[:100]!r} grows to {entry.file_size >> 20:,} MB, "
            f"more than {MAX_RATIO} times its size, as only bombs do"
        )


def mimetype_of(archive: Archive) -> str:
    """Return what the entry `mimetype` of OpenDocument and EPUB files says, or an empty string."""
    if "mimetype" not in archive.names or archive.zip.getinfo("mimetype").file_size > _MIMETYPE_BYTES:
        return ""
    return archive.part("mimetype").decode("ascii", "replace").strip()


def refuse_other_kind(archive: Archive) -> None:
    """Raise the ContentMismatchError that says what this archive is instead of `archive.label`."""
    what = kind_of(archive)
    hint = f"give it the extension {what[1]}" if what[1] else "unpack it and upload the documents in it"
    raise ContentMismatchError(f"the file is {what[0]}, not {archive.label}; {hint}")


def kind_of(archive: Archive) -> tuple[str, str]:
    """Return what the archive is, in words, and the extension such files have ("" for an ordinary archive)."""
    mimetype = mimetype_of(archive)
    for start, what, extension in _MIMETYPES:
        if mimetype.startswith(start):
            return what, extension
    if "[Content_Types].xml" in archive.names:
        folders = {name.split("/")[0] for name in archive.names}
        for folder, what, extension in _OFFICE_FOLDERS:
            if folder in folders:
                return what, extension
        return "an Office document of an unknown kind", ""
    return "a ZIP archive", ""


_MIMETYPES = (
    ("application/vnd.oasis.opendocument.text", "an ODT file", ".odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "an ODS file", ".ods"),
    ("application/vnd.oasis.opendocument.presentation", "an ODP file", ".odp"),
    ("application/vnd.oasis.opendocument", "an OpenDocument drawing or formula", ""),
    ("application/epub+zip", "an EPUB file", ".epub"),
)
_OFFICE_FOLDERS = (
    ("word", "a DOCX file", ".docx"),
    ("xl", "an XLSX file", ".xlsx"),
    ("ppt", "a PPTX file", ".pptx"),
)
