"""Markdown as the reference writes it: a title, one sentence of purpose, sections and tables."""

import inspect
import re
from collections.abc import Iterable, Sequence

MADE_BY = "<!-- Made from the code by `python -m django docs_write`: change the code, not this page. -->"

ADDRESS = re.compile(r"(GET|POST|PUT|PATCH|DELETE) /\S*$")


def code(text: object) -> str:
    """Return text in a code span, or nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def cell(value: object) -> str:
    """Return a value so that it cannot end its cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell(value) for value in line)} |" for line in lines)


def section(title: str, *parts: str) -> str:
    """Return a section; empty parts are left out."""
    return "\n\n".join([f"## {title}", *(part for part in parts if part)])


def page(title: str, purpose: str, *sections: str) -> str:
    """Return a whole page."""
    return "\n\n".join([MADE_BY, f"# {title}", purpose, *(part for part in sections if part)]) + "\n"


def summary(subject: object) -> str:
    """Return the first paragraph of a docstring that somebody wrote, without its full stop."""
    doc = inspect.getdoc(subject) or ""
    name = getattr(subject, "__name__", "")
    if doc.startswith(f"{name}("):
        return ""  # the signature that a dataclass puts there by itself
    return " ".join(doc.partition("\n\n")[0].split()).removesuffix(".")


def after_address(text: str) -> str:
    """Return what a view says behind its address: `GET /x: the rest` is `The rest`."""
    named, _, rest = text.partition(": ")
    said = rest if ADDRESS.match(named) else text
    return "" if ADDRESS.match(said) else said[:1].upper() + said[1:]


def paragraphs(subject: object) -> str:
    """Return a whole docstring as one line."""
    return " ".join((inspect.getdoc(subject) or "").split()) if summary(subject) else ""
