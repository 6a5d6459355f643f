"""Which format a file has, from its name and its first bytes; cheap enough for every upload."""

import re
from pathlib import PurePosixPath

from rag.errors import ContentMismatchError, EmptyDocumentError, UnsupportedFormatError
from rag.extract import docx, html, ole, pptx, rtf, xlsx
from rag.extract.format import Format
from rag.extract.registry import format_named, format_of_extension, formats, supported_labels
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
    (b"PK\x05\x06", "an empty ZIP archive"),
    (ole.MAGIC, "an old Office document (DOC, XLS, PPT or MSG) or an encrypted one"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"AT&TFORM", "a DjVu document"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

# Extensions of formats that are not read: what the format is called, what to save it as, and the format that a file
# with such a name has when it is an Office archive inside, as files renamed by people and programs often are.
_OLD = {
    ".doc": ("DOC", "DOCX", docx.FORMAT),
    ".dot": ("DOT", "DOCX", docx.FORMAT),
    ".ppt": ("PPT", "PPTX", pptx.FORMAT),
    ".pps": ("PPS", "PPTX", pptx.FORMAT),
    ".xls": ("XLS", "XLSX", xlsx.FORMAT),
    ".xlt": ("XLT", "XLSX", xlsx.FORMAT),
    ".msg": ("MSG", "EML", None),
}
_CONVERTED = {
    ".xlsb": ("XLSB", "XLSX"),
    ".pages": ("Pages", "DOCX"),
    ".numbers": ("Numbers", "XLSX"),
    ".key": ("Keynote", "PPTX"),
    ".wps": ("WPS", "DOCX"),
    ".wpd": ("WordPerfect", "DOCX"),
    ".mht": ("MHTML", "HTML"),
    ".mhtml": ("MHTML", "HTML"),
    ".mobi": ("MOBI", "EPUB"),
    ".azw3": ("AZW3", "EPUB"),
    ".fb2": ("FB2", "EPUB"),
    ".djvu": ("DjVu", "PDF"),
    ".xps": ("XPS", "PDF"),
}
_MIMETYPES = (
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "odp"),
    (b"mimetypeapplication/epub+zip", "epub"),
)
_VOWEL_SOUNDS = "AEFHIMNORSX"  # an ODT, an RTF, an XLSX
_HTML = re.compile(rb"\s*(?:<!doctype html|<html|<table|<head|<body)", re.IGNORECASE)


def sniff(name: str, head: bytes) -> Format:
    """Return the format of the file called `name` that begins with `head` (its first `HEAD_BYTES`).

    Raises UnsupportedFormatError for an extension that is not read, ContentMismatchError where bytes and name disagree
    and EmptyDocumentError for no bytes at all. An archive is told from other archives only by `Format.check`.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    fmt = format_of_extension(extension) or _format_behind(extension, head)
    if fmt is None:
        raise _unsupported(extension)
    if not head:
        raise EmptyDocumentError(f"{name!r} has 0 bytes; upload it again")
    if (fmt.magic and not _starts(fmt, head)) or (fmt.is_text and not _may_be_text(head)):
        raise ContentMismatchError(f"{name!r} is {_describe(head)}, not {fmt.label}; {_rename_hint(head)}")
    if fmt.magic and (inner := _binary_format(head)) is not None and head.startswith(b"PK") and inner is not fmt:
        raise ContentMismatchError(f"{name!r} is {_describe(head)}, not {fmt.label}; {_rename_hint(head)}")
    return fmt


def _format_behind(extension: str, head: bytes) -> Format | None:
    """Return what a file with the extension of an old format really is, when that can be read; else None."""
    if extension not in _OLD:
        return None
    if found := _binary_format(head):
        return found
    if _HTML.match(head):
        return html.FORMAT
    return _OLD[extension][2] if head.startswith(b"PK\x03\x04") else None


def _unsupported(extension: str) -> UnsupportedFormatError:
    known = _OLD[extension][:2] if extension in _OLD else _CONVERTED.get(extension)
    if known is not None:
        return UnsupportedFormatError(
            f"{known[0]} files cannot be read; save the document as {known[1]} and upload that"
        )
    if extension in (".zip", ".tar", ".gz", ".7z", ".rar"):
        return UnsupportedFormatError("archives are not unpacked; upload the documents in it one by one")
    what = f"files ending in {extension!r}" if extension else "files without an extension"
    return UnsupportedFormatError(f"{what} cannot be read; convert the document to one of: {supported_labels()}")


def _starts(fmt: Format, head: bytes) -> bool:
    if fmt.name == "pdf" or fmt is rtf.FORMAT:
        return any(magic in head[: MAGIC_WINDOW + len(magic)] for magic in fmt.magic)
    return any(head.startswith(magic) for magic in fmt.magic)


def _binary_format(head: bytes) -> Format | None:
    """Return the format whose bytes these must be; None for text, and for archives that could be several."""
    if head.startswith(b"PK"):
        return next((format_named(name) for mimetype, name in _MIMETYPES if mimetype in head[:120]), None)
    if head.startswith(ole.MAGIC):
        return None
    return next((fmt for fmt in formats() if any(head.startswith(magic) for magic in fmt.magic)), None)


def _describe(head: bytes) -> str:
    if fmt := _binary_format(head):
        return f"{'an' if fmt.label[0] in _VOWEL_SOUNDS else 'a'} {fmt.label} file"
    for magic, what in _OTHER_KINDS:
        if head.startswith(magic):
            return what
    return "text" if _may_be_text(head) else "a binary file"


def _rename_hint(head: bytes) -> str:
    if fmt := _binary_format(head):
        return f"give it the extension {fmt.extensions[0]}"
    return f"upload one of: {supported_labels()}"


def _may_be_text(head: bytes) -> bool:
    if _binary_format(head) or any(head.startswith(magic) for magic, _ in _OTHER_KINDS):
        return False
    if head.startswith(_BOMS):
        return True
    if 0 in head:
        return utf16_codec(head) is not None
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1a\x1b" for byte in head)
    return controls * 50 <= len(head)
