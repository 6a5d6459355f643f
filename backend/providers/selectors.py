"""The reads of providers: which models a workspace can use, and what their tokens cost."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db.models import QuerySet

from backend.common.errors import Invalid
from backend.providers.models import ModelKind, Provider, ProviderModel
from inference.config import CHAT_MODEL, CHAT_MODEL_BASE, EMBEDDING_MODEL, starter_file
from inference.store.files import ModelStore
from inference.store.manifest import Manifest, model_config

MILLION = Decimal(1_000_000)
PRICE_TTL_S = 30.0
ModelKindName = Literal["chat", "embedding", "rerank"]

KINDS: dict[ModelKind, ModelKindName] = {
    ModelKind.CHAT: "chat",
    ModelKind.EMBEDDING: "embedding",
    ModelKind.RERANK: "rerank",
}


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
        return self.provider_id is None and not self.provider_name


ANY = "any"
"""The provider of models that several servers have: `any/<name>`."""
EMBEDDING_DIMENSIONS = 384
EMBEDDED = {
    CHAT_MODEL: ModelRecord(CHAT_MODEL, CHAT_MODEL, "chat", context_tokens=8192, supports_tools=True),
    EMBEDDING_MODEL: ModelRecord(EMBEDDING_MODEL, EMBEDDING_MODEL, "embedding", context_tokens=256),
}


_INSTALLED: dict[str, tuple[int, dict[str, ModelRecord]]] = {}


def own_models() -> dict[str, ModelRecord]:
    """Return the models that the platform serves itself: the embedded ones, then those installed on this machine."""
    return {**EMBEDDED, **_untaught(), **_installed()}


def own_model(model_id: str) -> ModelRecord | None:
    """Return the platform's own model of this id; the usual one costs no look at the disk."""
    if model_id in EMBEDDED or "/" in model_id:
        return EMBEDDED.get(model_id)
    return _untaught().get(model_id) or _installed().get(model_id)


def served_as(model_id: str) -> str:
    """Return the name under which the inference server speaks of a model of its own: with its adapter or without."""
    return CHAT_MODEL if model_id == CHAT_MODEL_BASE else model_id


def _untaught() -> dict[str, ModelRecord]:
    """Return the embedded chat model as it came, under a name of its own, where a starter adapter teaches it."""
    if starter_file(settings.ENVIRONMENT.home) is None:
        return {}
    return {CHAT_MODEL_BASE: replace(EMBEDDED[CHAT_MODEL], id=CHAT_MODEL_BASE, name=CHAT_MODEL_BASE)}


def _installed() -> dict[str, ModelRecord]:
    """Return what the store holds, read again only when something was added or removed."""
    store = ModelStore(settings.ENVIRONMENT.home)
    try:
        changed_at = store.folder.stat().st_mtime_ns
    except OSError:
        return {}
    known = _INSTALLED.get(str(store.folder))
    if known is None or known[0] != changed_at:
        found = [manifest for manifest in store.list() if manifest.is_servable]
        known = _INSTALLED[str(store.folder)] = (changed_at, {one.id: _installed_record(one) for one in found})
    return known[1]


def _installed_record(manifest: Manifest) -> ModelRecord:
    context_tokens = model_config(manifest, Path()).context_tokens
    return ModelRecord(manifest.id, manifest.id, manifest.kind, context_tokens, supports_tools=manifest.kind == "chat")


def providers_list(workspace_id: uuid.UUID | str) -> QuerySet[Provider]:
    """Return the providers of a workspace with their models."""
    return Provider.objects.within(workspace_id).prefetch_related("models")


def record_of(model: ProviderModel) -> ModelRecord:
    """Return the record of a provider's model."""
    return ModelRecord(
        id=f"{model.provider.name}/{model.name}",
        name=model.name,
        kind=KINDS[ModelKind(model.kind)],
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
    listed = [*own_models().values(), *(record_of(row) for row in rows)]
    return [*listed, *_replicated(listed)]


def _replicated(listed: Sequence[ModelRecord]) -> list[ModelRecord]:
    """Return a record for each name under which two or more servers have a chat model."""
    by_name: dict[str, list[ModelRecord]] = {}
    for record in listed:
        if record.kind == "chat":
            by_name.setdefault(record.name, []).append(record)
    return [_any_of(name, records) for name, records in by_name.items() if len(records) > 1]


def _any_of(name: str, records: Sequence[ModelRecord]) -> ModelRecord:
    """Return what can be relied on whichever answers; its tokens cost what the dearest takes."""
    return ModelRecord(
        id=f"{ANY}/{name}",
        name=name,
        kind="chat",
        context_tokens=min(record.context_tokens for record in records),
        supports_tools=all(record.supports_tools for record in records),
        supports_images=all(record.supports_images for record in records),
        input_price=max(record.input_price for record in records),
        output_price=max(record.output_price for record in records),
        provider_name=ANY,
    )


def replica_records(workspace_id: uuid.UUID | str, name: str) -> list[ModelRecord]:
    """Return the chat models of this name that the workspace can use, the platform's own first."""
    rows = ProviderModel.objects.within(workspace_id).select_related("provider").order_by("provider__name")
    own = own_model(name)
    found = [record_of(row) for row in rows.filter(name=name, kind=ModelKind.CHAT)]
    return [own, *found] if own is not None and own.kind == "chat" else found


def rerank_model(workspace_id: uuid.UUID | str) -> ModelRecord | None:
    """Return the workspace's rerank model: the first by name of its providers', None where there is none."""
    rows = ProviderModel.objects.within(workspace_id).filter(kind=ModelKind.RERANK).select_related("provider")
    row = rows.order_by("provider__name", "name").first()
    return record_of(row) if row else None


def model_get(workspace_id: uuid.UUID | str, model_id: str, *, kind: ModelKindName | None = None) -> ModelRecord:
    """Return the model of this id; raises `Invalid` (code model_not_found) that names the ids there are.

    An embedded model costs no query.
    """
    record = own_model(model_id)
    if record is None:
        provider_name, _, name = model_id.partition("/")
        found = replica_records(workspace_id, name) if provider_name == ANY else []
        record = _any_of(name, found) if found else None
        row = (
            ProviderModel.objects.within(workspace_id)
            .select_related("provider")
            .filter(provider__name=provider_name, name=name)
            .first()
        )
        record = record_of(row) if row else record
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
    if own_model(model_id) is not None:
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
