"""Reads an answer within a limit, and what it says of itself: its type, its encoding and its name."""

import codecs
import zlib
from collections.abc import Callable
from email.message import Message

import httpx

# Codecs that are no encodings of pages: they yield half characters, or take a second for a kilobyte.
ODD_CODECS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})


class TooLarge(httpx.TransportError):
    """The answer is larger than was allowed."""


async def body_of(response: httpx.Response, max_bytes: int) -> bytes:
    """Read an answer and unpack it bit by bit: a bomb of a few kilobytes must not become gigabytes in one step."""
    unpack = _unpacker(response)
    body = bytearray()
    async for raw in response.aiter_raw():
        try:
            body += unpack(raw, max_bytes + 1 - len(body))
        except zlib.error as error:
            raise httpx.DecodingError(f"the answer is packed wrongly: {error}", request=response.request) from error
        if len(body) > max_bytes:
            raise TooLarge(f"the answer is larger than {max_bytes / 1024 / 1024:g} MB", request=response.request)
    return bytes(body)


def _unpacker(response: httpx.Response) -> Callable[[bytes, int], bytes]:
    packing = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
    match packing:
        case "identity":
            return lambda raw, room: raw[:room]
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
        case _:
            raise httpx.DecodingError(f"the answer is packed as {packing!r}, unasked", request=response.request)


def content_type_of(response: httpx.Response) -> tuple[str, str]:
    """Return the type without parameters, and the encoding that it names, or empty."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind, response.charset_encoding or ""


def text_of(body: bytes, charset: str) -> str:
    """Return a body as text that can be stored: what is no text becomes a mark, and NUL is left out."""
    try:
        info = codecs.lookup(charset or "utf-8")
        name = info.name if info.name not in ODD_CODECS else "utf-8"
        text = body.decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):
        text = body.decode("utf-8", "replace")
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8").removeprefix("\ufeff")


def file_name_of(disposition: str) -> str:
    """Return the name that a `Content-Disposition` gives, or empty."""
    header = Message()
    header["Content-Disposition"] = disposition.replace("\r", "").replace("\n", "")
    return header.get_filename() or ""
