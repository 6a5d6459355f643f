"""Which format a file has, from its name and its first bytes; cheap enough for every upload."""

from pathlib import PurePosixPath

from rag.errors import ContentMismatchError, EmptyDocumentError
from rag.extract.format import Format
from rag.extract.registry import format_for_extension, formats
from rag.extract.text import utf16_codec

MAGIC_WINDOW = 1024
"""PDF readers accept a header anywhere in the first kilobyte; so do we."""

# What else arrives under a wrong name: only for a message that says what the file really is.
_OTHER_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "an RTF document"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def sniff(name: str, head: bytes) -> Format:
    """Return the format of the file called `name` that begins with `head` (its first `HEAD_BYTES`).

    Raises UnsupportedFormatError for an unknown extension, ContentMismatchError where bytes and name disagree and
    EmptyDocumentError for no bytes at all.
    """
    fmt = format_for_extension(PurePosixPath(name.replace("\\", "/")).suffix.lower())
    if not head:
        raise EmptyDocumentError(f"{name!r} has 0 bytes; upload it again")
    if fmt.magic and not _starts(fmt, head):
        raise ContentMismatchError(f"{name!r} is {_describe(head)}, not {fmt.label}; {_rename_hint(head)}")
    if fmt.is_text and not _may_be_text(head):
        raise ContentMismatchError(f"{name!r} is {_describe(head)}, not {fmt.label}; {_rename_hint(head)}")
    return fmt


def _starts(fmt: Format, head: bytes) -> bool:
    return any(magic in head[: MAGIC_WINDOW + len(magic)] for magic in fmt.magic)


def _binary_format(head: bytes) -> Format | None:
    return next((fmt for fmt in formats() if any(head.startswith(magic) for magic in fmt.magic)), None)


def _describe(head: bytes) -> str:
    if fmt := _binary_format(head):
        return f"a {fmt.label} file"
    for magic, what in _OTHER_KINDS:
        if head.startswith(magic):
            return what
    return "text" if _may_be_text(head) else "a binary file"


def _rename_hint(head: bytes) -> str:
    if fmt := _binary_format(head):
        return f"give it the extension {fmt.extensions[0]}"
    return f"upload one of: {', '.join(fmt.label for fmt in formats())}"


def _may_be_text(head: bytes) -> bool:
    if _binary_format(head) or any(head.startswith(magic) for magic, _ in _OTHER_KINDS):
        return False
    if head.startswith(_BOMS):
        return True
    if 0 in head:
        return utf16_codec(head) is not None
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1a\x1b" for byte in head)
    return controls * 50 <= len(head)
