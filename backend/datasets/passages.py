"""A passage where it stands: on its printed page, and between the words before and after it."""

import uuid
from dataclasses import dataclass

from backend.common.errors import Conflict, NotFound
from backend.datasets.adapters import api_error
from backend.datasets.models import Chunk, Document
from backend.datasets.selectors import chunk_get, document_get
from backend.files.services import file_path
from rag.errors import RagError
from rag.extract.isolated import can_draw, draw_page
from rag.extract.png import png_of

PAGE_WIDTHS = (800, 1200, 1800)
"""Of drawn pages, in pixels: for a narrow screen, for a wide one, and for looking closely."""
MAX_OVERLAP_CHARS = 4000
AROUND_CHARS = 1500
"""How much of the words before a passage, and of those after it, is shown with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chunk in its document. `before` and `after` are the ends of its neighbours, without what it shares with them.

    `has_pages` says that its page can be shown as it is printed.
    """

    document: Document
    chunk: Chunk
    before: str
    after: str
    has_pages: bool


def passage_place(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Place:
    """Return where a published chunk stands; raises `NotFound`."""
    document = document_get(workspace_id, dataset_id, document_id)
    chunk = chunk_get(workspace_id, dataset_id, document_id, chunk_id)
    around = Chunk.objects.within(workspace_id).filter(document=document, revision=chunk.revision)
    previous = around.filter(position__lt=chunk.position).order_by("-position").first()
    following = around.filter(position__gt=chunk.position).order_by("position").first()
    before = previous.text if previous else ""
    after = following.text if following else ""
    return Place(
        document,
        chunk,
        before[: len(before) - _shared(before, chunk.text)][-AROUND_CHARS:],
        after[_shared(chunk.text, after) :][:AROUND_CHARS],
        can_draw(document.format),
    )


def _shared(first: str, second: str) -> int:
    """Return the length of the longest end of `first` with which `second` begins: chunks may overlap."""
    longest = min(len(first), len(second), MAX_OVERLAP_CHARS)
    return next((length for length in range(longest, 0, -1) if first.endswith(second[:length])), 0)


def page_png(document: Document, number: int, width: int) -> bytes:
    """Return a page of the document as it is printed. It is drawn in a process with limits.

    Raises `Conflict` for a format without pages, `NotFound` for a page that is not there, and the parser's reason.
    """
    if document.file is None or not can_draw(document.format):
        raise Conflict(f"{document.name!r} has no printed pages: look at its text")
    if not 1 <= number <= (document.page_count or number):
        raise NotFound(f"{document.name!r} has no page {number!r}: its last one is {document.page_count}")
    try:
        return png_of(draw_page(file_path(document.file), document.format, number, width=width))
    except FileNotFoundError as error:
        raise NotFound(f"the bytes of {document.name!r} are gone from the disk: upload it again") from error
    except RagError as error:
        raise api_error(error) from error
