"""Dify's retrieval model as our settings of searches, and back."""

import uuid
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from backend.common.errors import Invalid
from backend.datasets.filtering import DIFY_OPERATORS, comparable, filter_of
from backend.datasets.metadata import field_types
from backend.service_api.bodies import Body
from backend.service_api.knowledge.model_names import name_of, rerank_require
from rag.filters import Filter
from rag.retrieve.pipeline import MAX_TOP_K, RetrievalSettings
from rag.types import SearchMode

SearchMethod = Literal["keyword_search", "semantic_search", "full_text_search", "hybrid_search"]
Comparison = Literal[
    "contains", "not contains", "start with", "end with", "is", "is not", "empty", "not empty", "in", "not in",
    "=", "≠", ">", "<", "≥", "≤", "before", "after",
]  # fmt: skip
MODES: Mapping[SearchMethod, SearchMode] = {
    "semantic_search": "semantic",
    "full_text_search": "full_text",
    # Dify's own keyword table; words are searched in one way here.
    "keyword_search": "full_text",
    "hybrid_search": "hybrid",
}
METHODS: Mapping[str, SearchMethod] = {
    "semantic": "semantic_search",
    "full_text": "full_text_search",
    "hybrid": "hybrid_search",
}
FIRST = {"semantic_first": 1.0, "keyword_first": 0.0}


class RerankingModel(Body):
    """Which model orders the hits anew."""

    reranking_provider_name: str | None = None
    reranking_model_name: str | None = None


class VectorSetting(Body):
    """What the semantic leg weighs."""

    vector_weight: float = Field(ge=0, le=1)


class KeywordSetting(Body):
    """What the full-text leg weighs."""

    keyword_weight: float = Field(ge=0, le=1)


class Weights(Body):
    """How the two legs of a hybrid search are joined."""

    weight_type: Literal["semantic_first", "keyword_first", "customized"] | None = None
    vector_setting: VectorSetting | None = None
    keyword_setting: KeywordSetting | None = None

    def semantic(self) -> float:
        """Return the share of the semantic leg; raises `Invalid` for weights that say nothing."""
        vector = self.vector_setting.vector_weight if self.vector_setting else None
        keyword = self.keyword_setting.keyword_weight if self.keyword_setting else None
        if vector is None and keyword is None and self.weight_type in FIRST:
            return FIRST[self.weight_type]
        if vector is None:
            vector = 1.0 - keyword if keyword is not None else 0.0
        if keyword is None:
            keyword = 1.0 - vector
        if vector + keyword <= 0:
            message = "weights: give vector_setting.vector_weight and keyword_setting.keyword_weight, not both 0"
            raise Invalid(message, fields={"retrieval_model.weights": [message]})
        return vector / (vector + keyword)


class FilterCondition(Body):
    """A comparison of a metadata field."""

    name: str = Field(max_length=100)
    comparison_operator: Comparison
    value: str | list[str] | int | float | None = None


class Conditions(Body):
    """Comparisons, and whether all must hold."""

    logical_operator: Literal["and", "or"] | None = "and"
    conditions: list[FilterCondition] | None = Field(default=None, max_length=50)


class RetrievalModel(Body):
    """How to search."""

    search_method: SearchMethod
    reranking_enable: bool = False
    reranking_model: RerankingModel | None = None
    reranking_mode: Literal["reranking_model", "weighted_score"] | None = None
    top_k: int = Field(default=4, ge=1, le=MAX_TOP_K)
    score_threshold_enabled: bool = False
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    weights: Weights | None = None
    metadata_filtering_conditions: Conditions | None = None


def settings_of(workspace_id: uuid.UUID, model: RetrievalModel) -> dict[str, object]:
    """Return our settings; raises `Invalid` where a model is asked for that is not there."""
    # Weights without a mode are meant, unless a model is to order the hits.
    is_meant = model.reranking_mode == "weighted_score" or not (model.reranking_mode or model.reranking_enable)
    is_weighted = is_meant and model.weights is not None
    is_reranked = model.reranking_enable and model.reranking_mode != "weighted_score"
    if is_reranked:
        rerank_require(workspace_id, model.reranking_model.reranking_model_name if model.reranking_model else None)
    return {
        "mode": MODES[model.search_method],
        "top_k": model.top_k,
        "score_threshold": model.score_threshold if model.score_threshold_enabled else None,
        "rerank": is_reranked,
        "fusion": "weighted" if is_weighted else "auto",
        **({"semantic_weight": model.weights.semantic()} if is_weighted and model.weights else {}),
    }


def model_of(settings: RetrievalSettings, embedding_model: str, reranker: str) -> dict[str, object]:
    """Return settings as Dify shows them; `reranker` is the id of the workspace's rerank model, or empty."""
    is_weighted = settings.fusion == "weighted"
    reranking = name_of(reranker) if settings.rerank and reranker else None
    return {
        "search_method": METHODS[settings.mode],
        "reranking_enable": settings.rerank,
        "reranking_mode": "weighted_score" if is_weighted else "reranking_model" if settings.rerank else None,
        "reranking_model": {
            "reranking_provider_name": reranking.provider if reranking else "",
            "reranking_model_name": reranking.model if reranking else "",
        },
        "weights": _weights(settings.semantic_weight, embedding_model) if is_weighted else None,
        "top_k": settings.top_k,
        "score_threshold_enabled": settings.score_threshold is not None,
        "score_threshold": settings.score_threshold or 0.0,
    }


def _weights(semantic: float, embedding_model: str) -> dict[str, object]:
    named = name_of(embedding_model)
    kinds = {weight: kind for kind, weight in FIRST.items()}
    return {
        "weight_type": kinds.get(semantic, "customized"),
        "vector_setting": {
            "vector_weight": semantic,
            "embedding_provider_name": named.provider,
            "embedding_model_name": named.model,
        },
        "keyword_setting": {"keyword_weight": round(1.0 - semantic, 6)},
    }


def filter_from(workspace_id: uuid.UUID, dataset_id: uuid.UUID, given: Conditions | None) -> Filter | None:
    """Return the filter of a search; raises `Invalid` that names the condition which is wrong."""
    if given is None or not given.conditions:
        return None
    types = field_types(workspace_id, [dataset_id])
    conditions = [
        {
            "field": condition.name,
            "operator": DIFY_OPERATORS.get(condition.comparison_operator, condition.comparison_operator),
            "value": comparable(condition.value, condition.comparison_operator, types.get(condition.name, "string")),
        }
        for condition in given.conditions
    ]
    try:
        return filter_of(
            workspace_id, [dataset_id], {"logic": given.logical_operator or "and", "conditions": conditions}
        )
    except Invalid as error:
        at = next(iter(error.extra.get("fields", {"filter": []}))).removeprefix("filter.")
        field = f"retrieval_model.metadata_filtering_conditions.{at}"
        raise Invalid(error.message, fields={field: [error.message]}) from error
