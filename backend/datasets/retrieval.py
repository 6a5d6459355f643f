"""The settings of a search: a dataset's own, and what a call says in their place."""

from collections.abc import Mapping
from dataclasses import asdict, fields

from agents.ports import SearchChoice
from backend.common.errors import Invalid
from rag.errors import InvalidQueryError, InvalidSettingsError
from rag.retrieve.pipeline import RetrievalSettings

CHAT_MODEL = "model"
"""The chat model that rewrites queries and writes filters: kept with a dataset's settings, not one of the library's."""
NAMES = frozenset(field.name for field in fields(RetrievalSettings))


def retrieval_settings(
    defaults: Mapping[str, object], overrides: Mapping[str, object] | None = None
) -> RetrievalSettings:
    """Return the settings with the library's defaults under `defaults` under `overrides`; raises `Invalid`."""
    values = {**defaults, **(overrides or {})}
    values.pop(CHAT_MODEL, None)
    for name in values:
        if name not in NAMES:
            raise Invalid(f"{name!r} is no setting of retrieval; there are {', '.join(sorted(NAMES))}")
    try:
        return RetrievalSettings(**values)  # type: ignore[arg-type]  # checked by its __post_init__
    except (InvalidSettingsError, InvalidQueryError) as error:
        raise Invalid(error.message, fields={"retrieval": [error.message]}) from error
    except (TypeError, ValueError) as error:
        raise Invalid(f"a setting of retrieval has a value of a wrong type: {error}") from error


def asked_of(choice: SearchChoice) -> dict[str, object]:
    """Return what a run says in place of a dataset's settings; no threshold is a choice too."""
    names = ("top_k", "mode", "rerank", "model_filter", "rewrite", "semantic_weight")
    said = {name: value for name in names if (value := getattr(choice, name)) is not None}
    weighted = {} if choice.semantic_weight is None else {"mode": "hybrid", "fusion": "weighted"}
    return {**said, **weighted, "score_threshold": choice.score_threshold}


def retrieval_json(defaults: Mapping[str, object]) -> dict[str, object]:
    """Return all settings of a dataset, the library's defaults filled in."""
    return {**asdict(retrieval_settings(defaults)), CHAT_MODEL: str(defaults.get(CHAT_MODEL) or "")}
