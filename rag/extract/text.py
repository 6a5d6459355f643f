"""Plain text in whatever encoding it comes."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from rag.errors import DocumentTooLargeError, EmptyDocumentError, MalformedDocumentError
from rag.extract.code_pages import likely_code_page, share_of_common
from rag.extract.format import MAX_TEXT_CHARS, Format, Reading, clean
from rag.types import Page

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 64 * 1024
_UTF16_HEAD_BYTES = 512
_COMMON_SHARE = 0.5
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a\x1b")


def decode(data: bytes) -> str:
    """Return the text of `data`: by its byte order mark, else UTF-16, else UTF-8, else the likeliest code page."""
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _decoded(data, codec)
    # Before UTF-8, which would take the zero bytes for characters.
    if codec_16 := utf16_codec(data[:4096]):
        return _decoded(data, codec_16)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return _decoded(data, _likely_code_page(data[:_SAMPLE_BYTES]))


def utf16_codec(head: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte order mark; None for other bytes.

    European text is known by where its zero bytes stand; other text has some, or control characters, and makes common
    characters in one of the two byte orders.
    """
    half = max(len(head) // 2, 1)
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd * 10 >= half * 3 and even * 50 <= half:
        return "utf-16-le"
    if even * 10 >= half * 3 and odd * 50 <= half:
        return "utf-16-be"
    start = head[: min(len(head), _UTF16_HEAD_BYTES) // 2 * 2]
    if len(head) > 1 and any(byte in _CONTROLS for byte in start):
        for codec in ("utf-16-le", "utf-16-be"):
            if share_of_common(start.decode(codec, "replace")) >= _COMMON_SHARE:
                return codec
    return None


def _decoded(data: bytes, codec: str) -> str:
    # One damaged byte in a long file is no reason to refuse it: it becomes U+FFFD.
    return data.decode(codec, errors="replace")


def _likely_code_page(sample: bytes) -> str:
    codec = likely_code_page(sample)
    if codec is None:
        raise MalformedDocumentError("the encoding of the text is unknown; save it as UTF-8 and upload it again")
    return codec


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a text file; raises DocumentTooLargeError for more than a text can have."""
    if path.stat().st_size > MAX_TEXT_CHARS * 4:
        raise DocumentTooLargeError(f"the text is longer than {MAX_TEXT_CHARS:,} characters; split it into parts")
    return path.read_bytes()


def read_text(path: Path) -> str:
    """Return the clean text of the file; raises DocumentError or DocumentTooLargeError."""
    text = clean(decode(read_bytes(path)))
    if not text.strip():
        raise EmptyDocumentError("the file holds nothing but white space")
    return text


def read(path: Path) -> Reading:
    """Read a text file as one page without a number."""

    def pages() -> Iterator[Page]:
        yield Page(read_text(path))

    return Reading(pages())


def check(path: Path) -> None:
    """Refuse a file without any text; reads no more than its beginning."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if not sample.strip() and path.stat().st_size <= _SAMPLE_BYTES:
        raise EmptyDocumentError("the file holds nothing but white space")


FORMAT = Format(name="text", label="TXT", extensions=(".txt", ".text", ".log"), read=read, check=check, is_text=True)
