"""What a format is: its names, its bytes, and how its files are checked and read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rag.types import Page

Markup = Literal["plain", "markdown", "code", "table"]
"""How the text of a format is to be cut: at blank lines, at headings, at definitions, or between rows.

"table" is Markdown as well: headings and tables, whose first row names the columns; `Page.rows` has the cells.
"""

HEAD_BYTES = 4096
"""How much of a file is looked at to tell its format."""
MAX_TEXT_CHARS = 20_000_000
"""The text of one document: about five million tokens, a thousand times a long report."""


@dataclass(slots=True)
class Reading:
    """A file that is being read: `pages` is consumed once, and `warnings` and `scans` grow while it is.

    `scans` are the numbers of pages without text, or with a wrong one, to be read from what `Format.render` draws.
    `language` is an ISO 639-1 code where the file names one.
    """

    pages: Iterator[Page]
    page_count: int | None = None
    title: str = ""
    warnings: list[str] = field(default_factory=list)
    language: str = ""
    scans: list[int] = field(default_factory=list)


PICTURE_DPI = 300
"""How finely pages are drawn that are to be read by a program: what those are trained for."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as it is printed, row by row from the top: one byte a pixel, 0 is black, or three for red, green, blue."""

    width: int
    height: int
    pixels: bytes
    channels: Literal[1, 3] = 1


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `read` and `check` run in a process of their own and import their parser lazily.

    `check` is what an upload waits for: it raises a RagError when the file cannot possibly be read.
    `language` is the programming language of a format whose `markup` is "code", in lower case.
    `imports` are the modules that its parser needs: they are imported once, before processes are forked for its files.
    `render` draws a page, by its number, for a program; `draw` does it in colour, so many pixels wide, for people.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    read: Callable[[Path], Reading]
    check: Callable[[Path], None]
    magic: tuple[bytes, ...] = ()
    is_text: bool = False
    markup: Markup = "plain"
    language: str = ""
    imports: tuple[str, ...] = ()
    render: Callable[[Path, int], Picture] | None = None
    draw: Callable[[Path, int, int], Picture] | None = None


def clean(text: str) -> str:
    """Return `text` with Unix line ends and without what PostgreSQL and JSON cannot hold (NUL, lone surrogates)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = text.translate(_CONTROLS)
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"} | {0x7F: None, 0xFEFF: None}
