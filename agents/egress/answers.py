"""What an answer is good for: a text to read, or a file to keep, and under which name."""

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from agents.egress.body import file_name_of
from agents.egress.exchange import Fetched

TEXTS = frozenset(
    {
        "application/json", "application/xml", "application/javascript", "application/ecmascript",
        "application/x-www-form-urlencoded", "application/yaml", "application/x-yaml", "application/graphql",
        "application/x-ndjson", "application/toml", "application/sql", "application/rtf", "image/svg+xml",
    }
)  # fmt: skip


def is_file_answer(found: Fetched) -> bool:
    """Whether an answer is kept as a file: it says so, or it is no text."""
    if not found.body:
        return False
    if found.header("content-disposition").lower().startswith("attachment"):
        return True
    kind = found.content_type
    if kind.startswith("text/") or kind in TEXTS or kind.endswith(("+json", "+xml", "+yaml")):
        return False
    if kind.startswith(("image/", "audio/", "video/", "font/")):
        return True
    return _is_binary(found.body)


def _is_binary(body: bytes) -> bool:
    """Whether the beginning of a body of no known type is no text."""
    head = body[:1024]
    if b"\0" in head:
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start < len(head) - 3  # the last character may be cut
    return False


def file_name(found: Fetched) -> str:
    """Return what to call the file of an answer."""
    named = file_name_of(found.header("content-disposition"))
    last = PurePosixPath(unquote(urlsplit(found.url).path)).name
    name = PurePosixPath(named.replace("\\", "/")).name or last or "answer"
    return name if "." in name else name + (mimetypes.guess_extension(found.content_type) or "")
