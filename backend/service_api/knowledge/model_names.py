"""Names of models: Dify says provider and model, we say one id."""

import uuid
from dataclasses import dataclass

from backend.common.errors import Invalid
from backend.providers.selectors import model_get, rerank_model

EMBEDDED_PROVIDER = "atelier"
"""The provider of the models that the platform serves itself."""


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as Dify names it."""

    provider: str
    model: str


def name_of(model_id: str) -> ModelName:
    """Return Dify's name of a model."""
    provider, slash, model = model_id.partition("/")
    return ModelName(provider, model) if slash else ModelName(EMBEDDED_PROVIDER, model_id)


def embedding_model_id(workspace_id: uuid.UUID, provider: str | None, model: str | None) -> str | None:
    """Return our id of an embedding model, None where none is named; raises `Invalid` for one that is not there."""
    if not model:
        return None
    is_ours = not provider or provider == EMBEDDED_PROVIDER or model.startswith(f"{provider}/")
    model_id = model if is_ours else f"{provider}/{model}"
    try:
        return model_get(workspace_id, model_id, kind="embedding").id
    except Invalid as error:
        raise Invalid(error.message, fields={"embedding_model": [error.message]}) from error


def rerank_require(workspace_id: uuid.UUID, model: str | None) -> None:
    """Raise unless the workspace reranks, and with this model when one is named."""
    found = rerank_model(workspace_id)
    if found is None:
        raise Invalid(
            "no provider of this workspace has a rerank model: add one in the console, or switch reranking_enable off",
            code="provider_not_initialize",
        )
    if model and model not in (found.id, found.name):
        message = f"this workspace reranks with {found.id!r}, not with {model[:200]!r}"
        raise Invalid(message, fields={"retrieval_model.reranking_model.reranking_model_name": [message]})
