"""The values of retrieval: pages, chunks, queries and hits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

SearchMode = Literal["semantic", "full_text", "hybrid"]


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page; `number` starts at 1, and is None where a format has no pages."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extractor read from a file."""

    pages: tuple[Page, ...]
    title: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkText:
    """A passage before it is embedded; it never crosses a page."""

    text: str
    page: int | None
    position: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query; `score` is in 0…1, higher is nearer."""

    chunk_id: str
    document_id: str
    dataset_id: str
    text: str
    page: int | None
    position: int
    score: float


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
