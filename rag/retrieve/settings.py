"""How a search is done: which legs, how they are joined, and what happens to the hits after."""

from dataclasses import dataclass
from typing import Literal, get_args

from rag.errors import InvalidSettingsError
from rag.types import SearchMode

Fusion = Literal["auto", "rrf", "weighted"]

MAX_TOP_K = 100
MAX_CANDIDATES = 500
MAX_NEIGHBOURS = 10
MAX_DEADLINE_MS = 60_000


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """The settings of one search. Raises InvalidSettingsError for values that make no sense.

    `candidates` is how many hits each leg gives to the fusion. "auto" weighs the legs by how well the embedding model
    reads the query and by the legs' own scores; "weighted" takes `semantic_weight` for the semantic leg and the rest
    for the other; "rrf" counts ranks alone. A rerank that is not back after its deadline is left out. `mmr_lambda` is
    what relevance weighs against novelty (None: relevance alone). `neighbours` chunks on each side widen a hit.
    `rewrite` makes a question of a conversation stand alone, `model_filter` lets the model write a filter.
    """

    mode: SearchMode = "hybrid"
    top_k: int = 4
    score_threshold: float | None = None
    candidates: int = 50
    fusion: Fusion = "auto"
    semantic_weight: float = 0.5
    rerank: bool = False
    rerank_deadline_ms: int = 3000
    mmr_lambda: float | None = None
    neighbours: int = 0
    rewrite: bool = False
    model_filter: bool = False

    def __post_init__(self) -> None:
        _require_one_of("mode", self.mode, get_args(SearchMode))
        _require_one_of("fusion", self.fusion, get_args(Fusion))
        _require_within("top_k", self.top_k, 1, MAX_TOP_K)
        _require_within("candidates", self.candidates, 1, MAX_CANDIDATES)
        _require_within("semantic_weight", self.semantic_weight, 0, 1)
        _require_within("rerank_deadline_ms", self.rerank_deadline_ms, 1, MAX_DEADLINE_MS)
        _require_within("neighbours", self.neighbours, 0, MAX_NEIGHBOURS)
        if self.score_threshold is not None:
            _require_within("score_threshold", self.score_threshold, 0, 1)
        if self.mmr_lambda is not None:
            _require_within("mmr_lambda", self.mmr_lambda, 0, 1)


def _require_one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidSettingsError(f"{name} is {value!r}; choose one of {', '.join(known)}")


def _require_within(name: str, value: float, least: int, most: int) -> None:
    # NaN compares as false with everything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidSettingsError(f"{name} is {value!r}; it goes from {least} to {most}")
