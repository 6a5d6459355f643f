"""The reads of providers: which models a workspace can use, and what their tokens cost."""

import time
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.db.models import QuerySet

from backend.common.errors import Invalid
from backend.providers.models import ModelKind, Provider, ProviderModel

MILLION = Decimal(1_000_000)
PRICE_TTL_S = 30.0
ModelKindName = Literal["chat", "embedding"]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model as the platform knows it. `id` is what a draft names; `name` is what its server calls it."""

    id: str
    name: str
    kind: ModelKindName
    context_tokens: int
    supports_tools: bool = False
    supports_images: bool = False
    input_price: Decimal = Decimal(0)
    output_price: Decimal = Decimal(0)
    provider_id: uuid.UUID | None = None
    provider_name: str = ""

    @property
    def embedded(self) -> bool:
        """Is it served by the platform itself?"""
        return self.provider_id is None


CHAT_MODEL = "smollm2-135m-instruct"
EMBEDDING_MODEL = "all-minilm-l6-v2"
EMBEDDING_DIMENSIONS = 384
EMBEDDED = {
    CHAT_MODEL: ModelRecord(CHAT_MODEL, CHAT_MODEL, "chat", context_tokens=8192, supports_tools=True),
    EMBEDDING_MODEL: ModelRecord(EMBEDDING_MODEL, EMBEDDING_MODEL, "embedding", context_tokens=256),
}


def providers_list(workspace_id: uuid.UUID | str) -> QuerySet[Provider]:
    """Return the providers of a workspace with their models."""
    return Provider.objects.within(workspace_id).prefetch_related("models")


def record_of(model: ProviderModel) -> ModelRecord:
    """Return the record of a provider's model."""
    return ModelRecord(
        id=f"{model.provider.name}/{model.name}",
        name=model.name,
        kind="embedding" if model.kind == ModelKind.EMBEDDING else "chat",
        context_tokens=model.context_tokens,
        supports_tools=model.supports_tools,
        supports_images=model.supports_images,
        input_price=model.input_price,
        output_price=model.output_price,
        provider_id=model.provider_id,
        provider_name=model.provider.name,
    )


def models_list(workspace_id: uuid.UUID | str) -> list[ModelRecord]:
    """Return every model that the workspace can use, the embedded ones first."""
    rows = ProviderModel.objects.within(workspace_id).select_related("provider").order_by("provider__name", "name")
    return [*EMBEDDED.values(), *(record_of(row) for row in rows)]


def model_get(workspace_id: uuid.UUID | str, model_id: str, *, kind: ModelKindName | None = None) -> ModelRecord:
    """Return the model of this id; raises `Invalid` (code model_not_found) that names the ids there are.

    An embedded model costs no query.
    """
    record = EMBEDDED.get(model_id)
    if record is None:
        provider_name, _, name = model_id.partition("/")
        row = (
            ProviderModel.objects.within(workspace_id)
            .select_related("provider")
            .filter(provider__name=provider_name, name=name)
            .first()
        )
        record = record_of(row) if row else None
    if record is None or (kind is not None and record.kind != kind):
        known = ", ".join(repr(model.id) for model in models_list(workspace_id) if kind in (None, model.kind))
        noun = f"{kind} model" if kind else "model"
        raise Invalid(f"there is no {noun} {model_id[:200]!r} in this workspace: use {known}", code="model_not_found")
    return record


# (workspace, model) → (when it was read, input price, output price); prices may lag by half a minute.
_PRICES: dict[tuple[str, str], tuple[float, Decimal, Decimal]] = {}
_PRICES_MAX = 4096


def cost_of(workspace_id: uuid.UUID | str, model_id: str, prompt_tokens: int, completion_tokens: int) -> Decimal:
    """Return what these tokens cost in USD; 0 for an embedded model and for one that is gone."""
    if model_id in EMBEDDED:
        return Decimal(0)
    key, now = (str(workspace_id), model_id), time.monotonic()
    known = _PRICES.get(key)
    if known is None or now - known[0] > PRICE_TTL_S:
        try:
            record = model_get(workspace_id, model_id)
            known = (now, record.input_price, record.output_price)
        except Invalid:
            known = (now, Decimal(0), Decimal(0))
        if len(_PRICES) >= _PRICES_MAX:
            _PRICES.clear()
        _PRICES[key] = known
    return (known[1] * prompt_tokens + known[2] * completion_tokens) / MILLION
