"""What a format is: its names, its bytes, and how its files are checked and read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.types import Page

HEAD_BYTES = 4096
"""How much of a file is looked at to tell its format."""
MAX_TEXT_CHARS = 20_000_000
"""The text of one document: about five million tokens, a thousand times a long report."""


@dataclass(slots=True)
class Reading:
    """A file that is being read: `pages` is consumed once, and `warnings` grows while it is."""

    pages: Iterator[Page]
    page_count: int | None = None
    title: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `read` and `check` run in a process of their own and import their parser lazily.

    `check` is what an upload waits for: it raises a DocumentError when the file cannot possibly be read.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    read: Callable[[Path], Reading]
    check: Callable[[Path], None]
    magic: tuple[bytes, ...] = ()
    is_text: bool = False


def clean(text: str) -> str:
    """Return `text` with Unix line ends and without what PostgreSQL and JSON cannot hold (NUL, lone surrogates)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = text.translate(_CONTROLS)
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"} | {0x7F: None, 0xFEFF: None}
