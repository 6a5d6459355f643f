"""The old container of Microsoft Office (OLE): never read, but named, so that a refusal says what the file is."""

import struct
from pathlib import Path

from rag.errors import EncryptedDocumentError, MalformedDocumentError, UnsupportedFormatError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY_BYTES = 128
_MAX_SECTORS = 64
"""How much of a directory is looked at: 256 names or more, and the ones that matter come early."""
_FREE = 0xFFFFFFFA

# The stream that tells the kind, what the kind is called, and what to save it as.
_KINDS = (
    ("worddocument", "an old Word document (DOC)", "DOCX"),
    ("workbook", "an old Excel workbook (XLS)", "XLSX"),
    ("book", "an old Excel workbook (XLS)", "XLSX"),
    ("powerpoint document", "an old PowerPoint presentation (PPT)", "PPTX"),
    ("__properties_version1.0", "an Outlook message (MSG)", "EML"),
)


def refuse(path: Path, label: str) -> None:
    """Raise what is true of the OLE file at `path`, which was uploaded as `label`."""
    names = stream_names(path)
    if "encryptedpackage" in names:
        raise EncryptedDocumentError(f"the {label} is encrypted; remove the password and upload it again")
    for stream, what, target in _KINDS:
        if stream in names:
            raise UnsupportedFormatError(f"the file is {what}, not {label}; save it as {target} and upload that")
    if not names:
        raise MalformedDocumentError(f"the file is a damaged old Office document, not {label}; save it as {label}")
    raise UnsupportedFormatError(f"the file is an old Office document, not {label}; save it as {label} and upload that")


def stream_names(path: Path) -> frozenset[str]:
    """Return the names, in lower case, of the streams and storages of the OLE file; empty when it is damaged."""
    with path.open("rb") as file:
        header = file.read(512)
        if len(header) < 512 or not header.startswith(MAGIC):
            return frozenset()
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):
            return frozenset()
        sector_bytes = 1 << shift

        def sector(number: int) -> bytes:
            file.seek((number + 1) * sector_bytes)
            return file.read(sector_bytes)

        fat_sectors = struct.unpack_from("<109L", header, 76)
        number = struct.unpack_from("<L", header, 48)[0]
        names: set[str] = set()
        for _ in range(_MAX_SECTORS):
            names |= _names_in(sector(number))
            # The allocation table chains the directory's sectors.
            table, place = divmod(number, sector_bytes // 4)
            if table >= len(fat_sectors) or fat_sectors[table] >= _FREE:
                break
            chain = sector(fat_sectors[table])
            if len(chain) < sector_bytes:
                break
            number = struct.unpack_from("<L", chain, place * 4)[0]
            if number >= _FREE:
                break
    return frozenset(names)


def _names_in(data: bytes) -> set[str]:
    names: set[str] = set()
    for start in range(0, len(data) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        length = struct.unpack_from("<H", data, start + 64)[0]
        if 2 < length <= 64:
            names.add(data[start : start + length - 2].decode("utf-16-le", "replace").lower())
    return names
