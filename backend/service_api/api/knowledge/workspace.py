"""What a dataset key may know of its workspace: the models that there are."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import Invalid
from backend.providers.selectors import ModelKindName, ModelRecord, models_list
from backend.service_api.knowledge.model_names import ModelName, name_of

KINDS: dict[str, ModelKindName | None] = {
    "text-embedding": "embedding",
    "rerank": "rerank",
    "llm": "chat",
    # Kinds that Dify knows and that no provider here offers.
    "tts": None,
    "speech2text": None,
    "moderation": None,
}
NO_ICON = {"en_US": "", "zh_Hans": ""}


def models_of_type(request: HttpRequest, caller: ApiKey, model_type: str) -> HttpResponse:
    """GET /workspaces/current/models/model-types/{model_type}: the models of a kind, by provider."""
    if model_type not in KINDS:
        message = f"model_type must be one of {', '.join(KINDS)}, not {model_type[:50]!r}"
        raise Invalid(message, fields={"model_type": [message]})
    providers: dict[str, list[tuple[ModelName, ModelRecord]]] = {}
    for record in models_list(caller.workspace_id):
        if record.kind == KINDS[model_type]:
            named = name_of(record.id)
            providers.setdefault(named.provider, []).append((named, record))
    data = [_provider(caller, provider, model_type, found) for provider, found in providers.items()]
    return JsonResponse({"data": data})


def _label(text: str) -> dict[str, str]:
    return {"en_US": text, "zh_Hans": text}


def _provider(
    caller: ApiKey, provider: str, model_type: str, found: Sequence[tuple[ModelName, ModelRecord]]
) -> dict[str, object]:
    return {
        "tenant_id": str(caller.workspace_id),
        "provider": provider,
        "label": _label(provider),
        "icon_small": NO_ICON,
        "icon_small_dark": NO_ICON,
        "status": "active",
        "models": [_model(named.model, model_type, record) for named, record in found],
    }


def _model(name: str, model_type: str, record: ModelRecord) -> dict[str, object]:
    features = [*(["tool-call"] if record.supports_tools else []), *(["vision"] if record.supports_images else [])]
    return {
        "model": name,
        "label": _label(name),
        "model_type": model_type,
        "features": features,
        "fetch_from": "predefined-model" if record.embedded else "customizable-model",
        "model_properties": {"context_size": record.context_tokens},
        "status": "active",
        "deprecated": False,
        "load_balancing_enabled": False,
        "has_invalid_load_balancing_configs": False,
    }
