"""Providers and models over HTTP."""

import uuid
from collections.abc import Mapping
from decimal import Decimal

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.common.serializers import NamedSerializer
from backend.providers.access import provider_test
from backend.providers.load import models_load
from backend.providers.models import ModelKind, Provider
from backend.providers.presets import PRESETS
from backend.providers.selectors import ModelRecord, providers_list
from backend.providers.services import (
    ModelDraft,
    base_url_check,
    provider_api_key,
    provider_create,
    provider_delete,
    provider_update,
)

KEY_CHARS = 4000
MAX_CONTEXT_TOKENS = 100_000_000


def price_field() -> serializers.DecimalField:
    """Return a price in USD per million tokens, a decimal string."""
    return serializers.DecimalField(max_digits=12, decimal_places=6, min_value=Decimal(0), default="0.000000")


class ProviderModelSerializer(serializers.Serializer):
    """A model of a provider."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ModelKind.choices, default=ModelKind.CHAT)
    context_tokens = serializers.IntegerField(min_value=1, max_value=MAX_CONTEXT_TOKENS, default=8192)
    supports_tools = serializers.BooleanField(default=True)
    supports_images = serializers.BooleanField(default=False)
    input_price = price_field()
    output_price = price_field()


class ProviderSerializer(serializers.Serializer):
    """A model server of the workspace."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=60)
    base_url = serializers.CharField(max_length=500)
    api_key = serializers.CharField(
        max_length=KEY_CHARS, write_only=True, required=False, allow_blank=True, help_text="never returned"
    )
    has_key = serializers.SerializerMethodField()
    models = ProviderModelSerializer(many=True, required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_has_key(self, provider: Provider) -> bool:
        """Is a key stored?"""
        return bool(provider.api_key_cipher)

    def to_representation(self, instance: Provider) -> dict[str, object]:
        """Return the provider with its models by name."""
        body = super().to_representation(instance)
        models = sorted(instance.models.all(), key=lambda model: model.name)
        body["models"] = ProviderModelSerializer(models, many=True).data
        return body


class ProviderTestRequestSerializer(serializers.Serializer):
    """A server that is not saved yet."""

    base_url = serializers.CharField(max_length=500)
    api_key = serializers.CharField(max_length=KEY_CHARS, required=False, allow_blank=True, default="")


class ProviderTestSerializer(serializers.Serializer):
    """What a server answered."""

    ok = serializers.BooleanField()
    message = serializers.CharField()
    latency_ms = serializers.IntegerField()
    models = serializers.ListField(child=serializers.CharField())


class PresetSerializer(serializers.Serializer):
    """A server to start from."""

    id = serializers.CharField()
    name = serializers.CharField()
    base_url = serializers.CharField()
    needs_key = serializers.BooleanField()
    hint = serializers.CharField()


class ModelSerializer(serializers.Serializer):
    """A model that the workspace can use."""

    id = serializers.CharField()
    name = serializers.CharField()
    provider = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=ModelKind.choices)
    context_tokens = serializers.IntegerField()
    supports_tools = serializers.BooleanField()
    supports_images = serializers.BooleanField()
    input_price = serializers.DecimalField(max_digits=12, decimal_places=6)
    output_price = serializers.DecimalField(max_digits=12, decimal_places=6)
    embedded = serializers.BooleanField()
    state = serializers.SerializerMethodField()

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_provider(self, record: ModelRecord) -> dict[str, object] | None:
        """Return the provider; None for the platform's own models."""
        return None if record.provider_id is None else {"id": str(record.provider_id), "name": record.provider_name}

    @extend_schema_field(serializers.ChoiceField(choices=["loaded", "loading", "available", "unreachable"]))
    def get_state(self, record: ModelRecord) -> str:
        """Return whether it can be asked now; a provider's model is asked when it is used."""
        return str(self.context["states"].get(record.id, "unreachable")) if record.embedded else "available"


class ModelsSerializer(serializers.Serializer):
    """All models in one page."""

    results = ModelSerializer(many=True)
    next = serializers.CharField(allow_null=True)


def drafts_of(values: Mapping[str, object]) -> dict[str, object]:
    """Return validated values with their models as drafts."""
    made = dict(values)
    if "models" in made:
        made["models"] = [ModelDraft(**model) for model in made["models"]]  # type: ignore[union-attr,arg-type]
    return made


class ProvidersView(GenericAPIView):
    """The model servers of the workspace."""

    serializer_class = ProviderSerializer
    write_role = Role.ADMIN

    @extend_schema(responses=ProviderSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        page = self.paginate_queryset(providers_list(caller_of(request).workspace_id))
        return self.get_paginated_response(ProviderSerializer(page, many=True).data)

    @extend_schema(request=ProviderSerializer, responses={201: ProviderSerializer})
    def post(self, request: Request) -> Response:
        """Add one."""
        caller = caller_of(request)
        body = ProviderSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        provider = provider_create(
            workspace_id=caller.workspace_id, actor=caller.user, **drafts_of(body.validated_data)
        )
        return Response(ProviderSerializer(provider).data, status=201)


class ProviderView(GenericAPIView):
    """One model server."""

    serializer_class = ProviderSerializer
    write_role = Role.ADMIN

    def _provider(self, request: Request, provider_id: uuid.UUID) -> Provider:
        return get_object_or_404(providers_list(caller_of(request).workspace_id), id=provider_id)

    @extend_schema(responses=ProviderSerializer)
    def get(self, request: Request, provider_id: uuid.UUID) -> Response:
        """Return it, without its key."""
        return Response(ProviderSerializer(self._provider(request, provider_id)).data)

    @extend_schema(request=ProviderSerializer, responses=ProviderSerializer)
    def patch(self, request: Request, provider_id: uuid.UUID) -> Response:
        """Change what is given; `models` replaces the list."""
        provider = self._provider(request, provider_id)
        body = ProviderSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        provider_update(provider=provider, actor=caller_of(request).user, **drafts_of(body.validated_data))
        return Response(ProviderSerializer(self._provider(request, provider_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, provider_id: uuid.UUID) -> Response:
        """Remove it."""
        provider_delete(provider=self._provider(request, provider_id), actor=caller_of(request).user)
        return Response(status=204)


class ProviderTestView(APIView):
    """The test button of a saved server."""

    write_role = Role.ADMIN

    @extend_schema(request=None, responses=ProviderTestSerializer)
    def post(self, request: Request, provider_id: uuid.UUID) -> Response:
        """Ask it for its models."""
        provider = get_object_or_404(providers_list(caller_of(request).workspace_id), id=provider_id)
        result = provider_test(base_url=provider.base_url, api_key=provider_api_key(provider))
        return Response(ProviderTestSerializer(result).data)


class UnsavedProviderTestView(APIView):
    """The test button of the form."""

    write_role = Role.ADMIN

    @extend_schema(
        operation_id="provider_draft_test", request=ProviderTestRequestSerializer, responses=ProviderTestSerializer
    )
    def post(self, request: Request) -> Response:
        """Ask a server for its models before it is saved."""
        body = ProviderTestRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        base_url = base_url_check(body.validated_data["base_url"])
        result = provider_test(base_url=base_url, api_key=body.validated_data["api_key"])
        return Response(ProviderTestSerializer(result).data)


class PresetsView(APIView):
    """Servers that people are likely to have."""

    @extend_schema(responses=PresetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        return Response(PresetSerializer(PRESETS, many=True).data)


class ModelLoadSerializer(serializers.Serializer):
    """One of the platform's own models; `active` answers are being computed, `queued` ones wait."""

    model = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField()
    active = serializers.IntegerField()
    queued = serializers.IntegerField()
    kv_used_tokens = serializers.IntegerField()
    kv_total_tokens = serializers.IntegerField()


class ServerLoadSerializer(serializers.Serializer):
    """All of them; `is_reached` says whether the inference server answers."""

    is_reached = serializers.BooleanField()
    models = ModelLoadSerializer(many=True)


class ModelLoadView(APIView):
    """How busy the platform's own models are."""

    @extend_schema(responses=ServerLoadSerializer)
    def get(self, request: Request) -> Response:
        """Return what the inference server says of each model: its state, what is computed and what waits."""
        return Response(ServerLoadSerializer(models_load()).data)
