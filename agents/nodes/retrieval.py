"""How datasets are searched, as applications and Dify's graphs say it."""

from typing import Literal

from pydantic import Field, field_validator

from agents.nodes.config import Lenient
from agents.ports import SearchChoice

MODES = frozenset({"semantic", "full_text", "hybrid"})


class VectorWeight(Lenient):
    """What the semantic leg weighs."""

    vector_weight: float | None = Field(default=None, ge=0, le=1)


class KeywordWeight(Lenient):
    """What the full-text leg weighs."""

    keyword_weight: float | None = Field(default=None, ge=0, le=1)


class Weights(Lenient):
    """How the legs of a hybrid search are joined."""

    vector_setting: VectorWeight | None = None
    keyword_setting: KeywordWeight | None = None

    @property
    def semantic(self) -> float | None:
        """The share of the semantic leg, None where nothing is said."""
        vector = self.vector_setting.vector_weight if self.vector_setting else None
        keyword = self.keyword_setting.keyword_weight if self.keyword_setting else None
        if vector is None and keyword is None:
            return None
        vector = 1.0 - (keyword or 0.0) if vector is None else vector
        keyword = 1.0 - vector if keyword is None else keyword
        return vector / (vector + keyword) if vector + keyword > 0 else None


class RetrievalChoice(Lenient):
    """How datasets are searched. What is absent is done as each dataset's own settings say.

    `mode` and `rerank` are ours; Dify says the same with `reranking_mode`, `reranking_enable` and `weights`.
    """

    top_k: int | None = Field(default=None, ge=1, le=100)
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    score_threshold_enabled: bool | None = None
    mode: Literal["semantic", "full_text", "hybrid"] | None = None
    rerank: bool | None = None
    rewrite: bool | None = None
    reranking_enable: bool | None = None
    reranking_mode: Literal["reranking_model", "weighted_score"] | None = None
    weights: Weights | None = None

    @field_validator("reranking_mode", "mode", mode="before")
    @classmethod
    def _empty_is_absent(cls, value: object) -> object:
        return value or None

    @field_validator("rerank", mode="before")
    @classmethod
    def _settings_mean_yes(cls, value: object) -> object:
        return bool(value) if isinstance(value, dict) else value

    def choice(self, dataset_ids: tuple[str, ...]) -> SearchChoice:
        """Return the search of these datasets."""
        is_weighted = self.reranking_mode == "weighted_score" and self.reranking_enable is not False
        rerank = self.rerank
        if rerank is None and self.reranking_enable is not None:
            rerank = self.reranking_enable and not is_weighted
        return SearchChoice(
            dataset_ids,
            top_k=self.top_k,
            mode=self.mode,
            score_threshold=None if self.score_threshold_enabled is False else self.score_threshold,
            semantic_weight=self.weights.semantic if is_weighted and self.weights else None,
            rerank=rerank,
            rewrite=self.rewrite,
        )
