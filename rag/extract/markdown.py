"""Markdown, whose marks are kept: the splitter cuts at headings, and models read them well."""

import re
from collections.abc import Iterator
from pathlib import Path

from rag.extract.format import Format, Reading
from rag.extract.text import check, read_text
from rag.types import Page

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def title_of(text: str) -> str:
    """Return the title: of the front matter, else the first heading, else an empty string."""
    front = _FRONT_MATTER.match(text)
    found = (_FRONT_TITLE.search(front.group(1)) if front else None) or _HEADING.search(text)
    return found.group(1).strip() if found else ""


def read(path: Path) -> Reading:
    """Read a Markdown file as one page without a number."""
    text = read_text(path)

    def pages() -> Iterator[Page]:
        yield Page(text)

    return Reading(pages(), title=title_of(text))


FORMAT = Format(
    name="markdown",
    label="Markdown",
    extensions=(".md", ".markdown", ".mdx"),
    read=read,
    check=check,
    is_text=True,
    markup="markdown",
)
