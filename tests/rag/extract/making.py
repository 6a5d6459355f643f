"""Small documents for the tests of the readers."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from rag.extract.reader import extract
from rag.extract.sniff import sniff
from rag.types import Extraction

CONTENT_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def write_zip(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    """Write an archive with these entries, in this order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def relationships(**targets: str) -> str:
    """Return a part with relationships: kind="target"."""
    entries = "".join(
        f'<Relationship Id="r{at}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets.items())
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{entries}</Relationships>'
    )


def write_docx(path: Path, body: str, parts: Mapping[str, str | bytes] | None = None) -> Path:
    """Write a DOCX whose body is this XML; `parts` are added, or replace what would be written."""
    usual = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": relationships(officeDocument="word/document.xml"),
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
    }
    return write_zip(path, usual | dict(parts or {}))


def paragraph(text: str, properties: str = "") -> str:
    """Return a paragraph of WordprocessingML."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p>"


def read_upload(path: Path, name: str = "") -> Extraction:
    """Do what an upload does, in this process: tell the format, check the file, read it."""
    with path.open("rb") as file:
        fmt = sniff(name or path.name, file.read(4096))
    fmt.check(path)
    return extract(path, fmt.name)


def text_of(path: Path, name: str = "") -> str:
    """Return the text of all pages."""
    return "\n\n".join(page.text for page in read_upload(path, name).pages)


def ole_file(*streams: str) -> bytes:
    """Return an OLE file with a directory of these streams, which are empty."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<L", header, 44, 1)
    struct.pack_into("<L", header, 48, 1)
    struct.pack_into("<109L", header, 76, 0, *[0xFFFFFFFF] * 108)
    sectors = (len(streams) + 4) // 4
    table = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    fat = struct.pack("<128L", *table, *[0xFFFFFFFF] * (128 - len(table)))
    directory = b""
    for name in ("Root Entry", *streams):
        encoded = name.encode("utf-16-le")
        directory += encoded.ljust(64, b"\0") + struct.pack("<H", len(encoded) + 2) + bytes(62)
    return bytes(header) + fat + directory.ljust(sectors * 512, b"\0")
