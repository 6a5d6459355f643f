"""What a file is called on the screen and what its first bytes say it is; neither decides where it lies."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

FileKind = Literal["image", "document", "other"]
NAME_CHARS = 255
HEAD_BYTES = 4096
# Marks that turn the direction of writing: `cod.exe` can look like `exe.doc` with them.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BINARY_TYPES: tuple[tuple[bytes, str, FileKind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "image"),
    (b"\xff\xd8\xff", "image/jpeg", "image"),
    (b"GIF87a", "image/gif", "image"),
    (b"GIF89a", "image/gif", "image"),
    (b"%PDF-", "application/pdf", "document"),
)
OFFICE = "application/vnd.openxmlformats-officedocument."
ZIPPED_TYPES = {
    ".docx": OFFICE + "wordprocessingml.document",
    ".xlsx": OFFICE + "spreadsheetml.sheet",
    ".pptx": OFFICE + "presentationml.presentation",
    ".epub": "application/epub+zip",
}
TEXT_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".html": "text/html",
    ".htm": "text/html",
    ".json": "application/json",
    ".xml": "application/xml",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file is, by its bytes; an ending only tells apart what bytes cannot."""

    mime_type: str
    kind: FileKind


def name_clean(name: str) -> str:
    """Return a name that is safe to show and to offer for saving: no folders, streams, control or direction marks."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    base = re.sub(r'[<>:"|?*]', "_", base)  # an NTFS stream is named after a colon
    kept = "".join(
        char
        for char in base
        if unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} and char not in DIRECTION_MARKS
    )
    kept = kept.strip().strip(".").strip() or "file"
    if len(kept) <= NAME_CHARS:
        return kept
    suffix = PurePosixPath(kept).suffix[:20]
    return kept[: NAME_CHARS - len(suffix)] + suffix


def type_of(head: bytes, name: str) -> FileType:
    """Return what a file with these first bytes is."""
    suffix = PurePosixPath(name).suffix.lower()
    for magic, mime_type, kind in BINARY_TYPES:
        if head.startswith(magic):
            return FileType(mime_type, kind)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileType("image/webp", "image")
    if head.startswith(b"PK\x03\x04") and suffix in ZIPPED_TYPES:
        return FileType(ZIPPED_TYPES[suffix], "document")
    if _is_text(head):
        # A drawing can run scripts: it is shown as a file, never as an image.
        mime_type = TEXT_TYPES.get(suffix, "text/plain")
        return FileType(mime_type, "other" if mime_type == "image/svg+xml" else "document")
    return FileType("application/octet-stream", "other")


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    # Bytes of single-byte encodings are text too; NUL and most control characters never are.
    return not any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 or byte == 127 for byte in head)
