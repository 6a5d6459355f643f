"""Prompts that a model writes or improves, over HTTP: a stream of the run, then what can be used of its answer."""

import re
import uuid

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.authentication import console_caller
from backend.accounts.callers import Caller, caller_of
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.common.http import api_error_of, api_error_response, body_json
from backend.prompts.assistance import Ask
from backend.prompts.assists import assist_result, assist_start
from backend.runs.dialects.atelier import frames
from backend.runs.sse import event_stream

MAX_TASK_CHARS = 10_000
MAX_PROMPT_CHARS = 200_000
NAME = re.compile(r"^[^\W\d]\w{0,63}$")


class PromptAssistSerializer(serializers.Serializer):
    """What is to be written: a prompt for the task, or the prompt with what the task says changed."""

    model = serializers.CharField(max_length=300)
    task = serializers.CharField(max_length=MAX_TASK_CHARS)
    prompt = serializers.CharField(max_length=MAX_PROMPT_CHARS, required=False, allow_blank=True, default="")
    variables = serializers.ListField(child=serializers.RegexField(NAME), required=False, default=list, max_length=50)


class PromptWrittenSerializer(serializers.Serializer):
    """What the model wrote; with a problem (empty, unchanged or echo) there is nothing to use."""

    text = serializers.CharField()
    variables = serializers.ListField(child=serializers.CharField())
    unknown = serializers.ListField(child=serializers.CharField(), help_text="placeholders that nothing provides yet")
    missing = serializers.ListField(child=serializers.CharField(), help_text="placeholders of the prompt that are gone")
    problem = serializers.ChoiceField(choices=["empty", "unchanged", "echo"], allow_null=True)
    is_cut = serializers.BooleanField(help_text="the model did not come to its end")


class PromptAssistDescription(APIView):
    """What OpenAPI says of `prompt_assist`, which is a plain async view: a stream cannot go through DRF."""

    @extend_schema(
        operation_id="prompts_assists_create",
        request=PromptAssistSerializer,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def post(self, request: Request) -> None:
        """Have a model write or improve a prompt, and stream the events of its run."""
        raise AssertionError("this class only describes a route")


class PromptAssistView(APIView):
    """GET /prompts/assists/{run}."""

    @extend_schema(operation_id="prompts_assists_get", responses=PromptWrittenSerializer)
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Return what can be used of the model's answer, and what is wrong with it."""
        return Response(PromptWrittenSerializer(assist_result(caller_of(request).workspace_id, run_id)).data)


async def prompt_assist(request: HttpRequest) -> HttpResponseBase:
    """Start the run and stream its events; what is wrong with the request is a 4xx before the stream."""

    def read() -> tuple[Caller, str, Ask]:
        caller = role_require(console_caller(request), Role.EDITOR)
        body = PromptAssistSerializer(data=body_json(request))
        body.is_valid(raise_exception=True)
        said = body.validated_data
        return caller, said["model"], Ask(said["task"], said["prompt"], tuple(dict.fromkeys(said["variables"])))

    try:
        caller, model, ask = await in_database(read)
        run = await assist_start(workspace_id=caller.workspace_id, user=caller.user, model=model, ask=ask)
    except (ApiError, ValidationError) as error:
        known = api_error_of(error)
        assert known is not None, "both have an answer"
        return api_error_response(known)
    return event_stream(frames(run.id, is_new=True), {"X-Run-Id": str(run.id)})


prompt_assist.cls = PromptAssistDescription
prompt_assist.initkwargs = {}
