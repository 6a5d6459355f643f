"""The values of retrieval: pages, chunks, passages, queries and hits."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rag.filters import Filter

SearchMode = Literal["semantic", "full_text", "hybrid"]


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a page in fractions of its width and height, from the top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Box:
    """Where the slice `[start, end)` of a page's text stands on the page."""

    start: int
    end: int
    area: Area


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page; `number` starts at 1, and is None where a format has no pages.

    `boxes` are in the order of the text. `rows` are the cells of a table file, for whoever needs them apart.
    """

    text: str
    number: int | None = None
    boxes: tuple[Box, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor read from a file; `language` is an ISO 639-1 code, or empty where it is not known."""

    pages: tuple[Page, ...]
    title: str = ""
    warnings: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class ChildText:
    """A part of a chunk that is searched in its stead: small things are found, their surroundings are read."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What a search returns, before it is embedded. Only a chunk that is a whole document crosses pages.

    `answer` makes it a question with its answer: the question is searched, both are returned.
    """

    text: str
    page: int | None
    position: int
    tokens: int
    areas: tuple[Area, ...] = ()
    answer: str = ""
    children: tuple[ChildText, ...] = ()

    @property
    def passages(self) -> tuple[str, ...]:
        """The texts that are embedded and searched, in order: its children, or the chunk itself."""
        return tuple(child.text for child in self.children) or (self.text,)

    @property
    def digest(self) -> str:
        """A name of the content: chunks with one digest have the same text, answer, children and place."""
        parts = (self.text, self.answer, str(self.page), *(child.text for child in self.children))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query; `score` is in 0…1, higher is nearer. `child` is the part of it that was found."""

    chunk_id: str
    document_id: str
    dataset_id: str
    text: str
    page: int | None
    position: int
    score: float
    answer: str = ""
    areas: tuple[Area, ...] = ()
    child: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, and where. `scope` is the workspace: no hit comes from outside it."""

    text: str
    scope: str
    dataset_ids: tuple[str, ...]
    top_k: int = 4
    mode: SearchMode = "semantic"
    score_threshold: float | None = None
    document_ids: tuple[str, ...] | None = None
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a retrieval, for its trace."""

    name: str
    elapsed_ms: float
    hits: int
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits of a query, best first, and how they were found."""

    hits: Sequence[Hit]
    trace: Sequence[Stage]
