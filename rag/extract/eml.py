"""EML: a mail with its headers, its text and the names of what is attached."""

from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from pathlib import Path

from rag.errors import EmptyDocumentError, MalformedDocumentError
from rag.extract.blocks import squeeze
from rag.extract.format import Format, Reading, clean
from rag.extract.html import decode_html, known_codec
from rag.extract.hypertext import HypertextWriter
from rag.extract.text import decode, read_bytes
from rag.extract.trees import parse_html
from rag.types import Page

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MAX_FORWARDED = 5
_MAX_HEADER = 2000
_CHECKED_BYTES = 64 * 1024


def read(path: Path) -> Reading:
    """Read a mail as one page without a number."""
    message = _parsed(read_bytes(path))
    reading = Reading(iter(()), title=_header(message, "Subject"))

    def pages() -> Iterator[Page]:
        parts = _parts(message, 0)
        if not any(parts):
            raise EmptyDocumentError("the mail has neither headers nor text; export it again")
        yield Page(clean("\n\n".join(part for part in parts if part)))

    reading.pages = pages()
    return reading


def _parsed(data: bytes) -> Message:
    from email import message_from_bytes

    try:
        return message_from_bytes(data.lstrip())
    except RecursionError as error:
        raise MalformedDocumentError("the mail's parts are nested too deeply; export the part that matters") from error


def _parts(message: Message, forwarded: int) -> list[str]:
    """Return the headers, the text, the names of the attachments and the mails that are attached."""
    headers = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    leaves = list(_leaves(message))
    attached = [name for leaf in leaves if (name := _attachment_name(leaf))]
    inner: list[str] = []
    for leaf in leaves:
        if leaf.get_content_type() == "message/rfc822" and forwarded < _MAX_FORWARDED:
            for mail in _payload_messages(leaf):
                inner += ["Forwarded mail:", *_parts(mail, forwarded + 1)]
    listed = f"Attachments: {', '.join(attached)}" if attached else ""
    return ["\n".join(headers), _body(leaves), listed, *inner]


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, without going into attached mails."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        if part.get_content_maintype() == "multipart" and (children := _payload_messages(part)):
            waiting = children + waiting
        else:
            yield part


def _payload_messages(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _body(leaves: list[Message]) -> str:
    """Return the plain text where there is one, else what the HTML says."""
    texts = [leaf for leaf in leaves if leaf.get_content_maintype() == "text" and not _attachment_name(leaf)]
    plain = [_text(leaf) for leaf in texts if leaf.get_content_subtype() != "html"]
    if any(text.strip() for text in plain):
        return "\n\n".join(text.strip() for text in plain if text.strip())
    return "\n\n".join(_html(leaf) for leaf in texts if leaf.get_content_subtype() == "html")


def _bytes(leaf: Message) -> bytes:
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(leaf: Message) -> str:
    data = _bytes(leaf)
    charset = leaf.get_content_charset()
    codec = known_codec(charset) if charset else None
    if codec is not None:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            pass  # the label is wrong: the bytes themselves tell more
    try:
        return decode(data) if data else ""
    except MalformedDocumentError:
        return data.decode("latin-1")  # one odd part is no reason to lose the mail


def _html(leaf: Message) -> str:
    charset = leaf.get_content_charset()
    text = _text(leaf) if charset else decode_html(_bytes(leaf))
    root = parse_html(clean(text))
    writer = HypertextWriter()
    if root is not None:
        writer.write(root)
    return writer.blocks.text()


def _header(message: Message, name: str) -> str:
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:_MAX_HEADER]
    with suppress(HeaderParseError, LookupError, UnicodeError, ValueError):  # a damaged one is shown as it was sent
        text = str(make_header(decode_header(text)))
    return clean(squeeze(text))


def _attachment_name(leaf: Message) -> str:
    from email.header import decode_header, make_header

    try:
        name = leaf.get_filename("")
        name = str(make_header(decode_header(name)))
    except (LookupError, UnicodeError, ValueError):
        name = "a file whose name is damaged"
    is_attached = leaf.get_content_disposition() == "attachment"
    return clean(squeeze(name))[:200] or ("a file without a name" if is_attached else "")


def check(path: Path) -> None:
    """Refuse a mail without any text; reads no more than its beginning."""
    with path.open("rb") as file:
        if not file.read(_CHECKED_BYTES).strip() and path.stat().st_size <= _CHECKED_BYTES:
            raise EmptyDocumentError("the mail is empty; export it again")


FORMAT = Format(name="eml", label="EML", extensions=(".eml",), read=read, check=check, is_text=True)
