"""Prompts and their versions over HTTP."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from agents.workflow.expressions import variables_of
from backend.accounts.api.serializers import ActorSerializer
from backend.accounts.callers import caller_of
from backend.prompts.models import Prompt
from backend.prompts.selectors import prompts_list, versions_list
from backend.prompts.services import prompt_create, prompt_delete, prompt_update, prompt_version_create

TEXT_CHARS = 200_000


class PromptMessageSerializer(serializers.Serializer):
    """One message of a prompt that is written as messages."""

    role = serializers.ChoiceField(choices=["system", "user", "assistant"], default="system")
    content = serializers.CharField(max_length=TEXT_CHARS, allow_blank=True, trim_whitespace=False)


class PromptContentSerializer(serializers.Serializer):
    """The first text of a prompt: as one text, or as messages that are joined by empty lines."""

    text = serializers.CharField(max_length=TEXT_CHARS, required=False, allow_blank=True, trim_whitespace=False)
    messages = PromptMessageSerializer(many=True, required=False)


class PromptSerializer(serializers.Serializer):
    """A prompt in a list."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class PromptCreateSerializer(PromptSerializer):
    """A new prompt."""

    content = PromptContentSerializer(required=False)


class PromptDetailSerializer(PromptSerializer):
    """A prompt with the text of its newest version."""

    text = serializers.CharField(read_only=True)
    variables = serializers.SerializerMethodField()

    def get_variables(self, prompt: Prompt) -> list[str]:
        """Return the names in double braces."""
        return list(variables_of(prompt.text))


class PromptVersionSerializer(serializers.Serializer):
    """One version of a prompt."""

    id = serializers.UUIDField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    text = serializers.CharField(max_length=TEXT_CHARS, allow_blank=True, trim_whitespace=False)
    variables = serializers.SerializerMethodField()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    created_by = ActorSerializer(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)

    def get_variables(self, version: object) -> list[str]:
        """Return the names in double braces."""
        return list(variables_of(version.text))  # type: ignore[attr-defined]  # a PromptVersion


def content_text(content: dict[str, object] | None) -> str | None:
    """Return the text that a request's content means, or None without any."""
    if not content:
        return None
    if "text" in content:
        return str(content["text"])
    return "\n\n".join(message["content"] for message in content.get("messages", []))  # type: ignore[attr-defined,index]


class PromptsView(GenericAPIView):
    """The prompts of the workspace."""

    serializer_class = PromptSerializer

    @extend_schema(
        parameters=[OpenApiParameter("search", str, description="a part of the name")],
        responses=PromptSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List them."""
        prompts = prompts_list(caller_of(request).workspace_id, search=request.query_params.get("search", ""))
        return self.get_paginated_response(PromptSerializer(self.paginate_queryset(prompts), many=True).data)

    @extend_schema(request=PromptCreateSerializer, responses={201: PromptDetailSerializer})
    def post(self, request: Request) -> Response:
        """Create one."""
        caller = caller_of(request)
        body = PromptCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        prompt = prompt_create(
            workspace_id=caller.workspace_id,
            name=body.validated_data["name"],
            description=body.validated_data["description"],
            text=content_text(body.validated_data.get("content")),
            actor=caller.user,
        )
        fresh = prompts_list(caller.workspace_id).get(id=prompt.id)
        return Response(PromptDetailSerializer(fresh).data, status=201)


class PromptView(GenericAPIView):
    """One prompt."""

    serializer_class = PromptDetailSerializer

    def _prompt(self, request: Request, prompt_id: uuid.UUID) -> Prompt:
        return get_object_or_404(prompts_list(caller_of(request).workspace_id), id=prompt_id)

    @extend_schema(responses=PromptDetailSerializer)
    def get(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Return it with its newest text."""
        return Response(PromptDetailSerializer(self._prompt(request, prompt_id)).data)

    @extend_schema(request=PromptSerializer, responses=PromptDetailSerializer)
    def patch(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Change its name or description."""
        prompt = self._prompt(request, prompt_id)
        body = PromptSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        prompt_update(prompt=prompt, actor=caller_of(request).user, **body.validated_data)
        return Response(PromptDetailSerializer(self._prompt(request, prompt_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Delete it with all versions."""
        prompt_delete(prompt=self._prompt(request, prompt_id), actor=caller_of(request).user)
        return Response(status=204)


class PromptVersionsView(GenericAPIView):
    """The versions of a prompt."""

    serializer_class = PromptVersionSerializer

    @extend_schema(responses=PromptVersionSerializer(many=True))
    def get(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """List them, newest first."""
        prompt = get_object_or_404(Prompt.objects.within(caller_of(request).workspace_id), id=prompt_id)
        page = self.paginate_queryset(versions_list(prompt))
        return self.get_paginated_response(PromptVersionSerializer(page, many=True).data)

    @extend_schema(request=PromptVersionSerializer, responses={201: PromptVersionSerializer})
    def post(self, request: Request, prompt_id: uuid.UUID) -> Response:
        """Add one."""
        caller = caller_of(request)
        prompt = get_object_or_404(Prompt.objects.within(caller.workspace_id), id=prompt_id)
        body = PromptVersionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        version = prompt_version_create(prompt=prompt, actor=caller.user, **body.validated_data)
        return Response(PromptVersionSerializer(version).data, status=201)
