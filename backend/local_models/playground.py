"""The playground: one answer of any chat model, streamed with what it cost. It is no run: nothing of it is kept."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from agents.ports import ChatModel
from backend.accounts.authentication import console_caller
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.common.database import in_database
from backend.common.errors import ApiError, Invalid
from backend.common.http import api_error_response
from backend.providers.access import chat_model
from backend.runs.sse import event_stream, sse_frame
from inference.errors import InferenceError
from inference.types import GenerateRequest, Message, SamplingParams, Usage

MAX_BODY_BYTES = 1_000_000


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaygroundMessage(_Shape):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str


class PlaygroundParameters(_Shape):
    """How tokens are chosen."""

    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int | None = Field(default=512, ge=1, le=1_000_000)
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)


class PlaygroundBody(_Shape):
    """What is asked of which model."""

    model: Annotated[str, Field(min_length=1, max_length=300)]
    messages: Annotated[list[PlaygroundMessage], Field(min_length=1, max_length=200)]
    parameters: PlaygroundParameters = PlaygroundParameters()

    def request(self) -> GenerateRequest:
        """Return the request as models take it."""
        given = self.parameters
        return GenerateRequest(
            self.model,
            tuple(Message(one.role, one.content) for one in self.messages),
            sampling=replace(
                SamplingParams(),
                temperature=given.temperature,
                top_p=given.top_p,
                max_tokens=given.max_tokens,
                seed=given.seed,
            ),
        )


class PlaygroundMessageSerializer(serializers.Serializer):
    """One turn."""

    role = serializers.ChoiceField(choices=["system", "user", "assistant"])
    content = serializers.CharField(allow_blank=True)


class PlaygroundSerializer(serializers.Serializer):
    """What is asked of which model; `parameters` are temperature, top_p, max_tokens and seed."""

    model = serializers.CharField(max_length=300)
    messages = PlaygroundMessageSerializer(many=True)
    parameters = serializers.DictField(required=False)


class PlaygroundDescription(APIView):
    """What OpenAPI says of `playground`, which is a plain async view: a stream cannot go through DRF."""

    @extend_schema(
        operation_id="playground_create",
        request=PlaygroundSerializer,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def post(self, request: Request) -> None:
        """Ask a chat model, without an application, and stream its answer with what it cost."""
        raise AssertionError("this class only describes a route")


async def playground(request: HttpRequest) -> HttpResponseBase:
    """POST /playground: events `delta` {text, reasoning}, then `end` with usage and speed, or `error`."""
    try:
        caller = await in_database(lambda: role_require(console_caller(request), Role.EDITOR))
        body = _body(request)
        model = await chat_model(str(caller.workspace_id), body.model)
    except ApiError as error:
        return api_error_response(error)
    except InferenceError as error:
        return event_stream(_failed(error))
    return event_stream(_frames(model, body.request()))


playground.cls = PlaygroundDescription
playground.initkwargs = {}


def _body(request: HttpRequest) -> PlaygroundBody:
    if len(request.body) > MAX_BODY_BYTES:
        raise Invalid("the conversation is larger than 1 MB: begin a new one")
    try:
        return PlaygroundBody.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise Invalid(f"{where}: {first['msg']}", fields={where: [first["msg"]]}) from error


async def _failed(error: InferenceError) -> AsyncIterator[str]:
    """Say what went wrong, in the place where the answer would stand."""
    yield sse_frame({"code": error.code, "message": error.message}, event="error")


async def _frames(model: ChatModel, request: GenerateRequest) -> AsyncIterator[str]:
    """Write the answer; when the reader leaves, the model stops."""
    began = time.monotonic()
    first = 0.0
    usage = Usage()
    reason = ""
    try:
        async with aclosing(model.generate(request)) as deltas:  # type: ignore[type-var]  # every model of ours closes
            async for delta in deltas:
                if (delta.text or delta.reasoning) and not first:
                    first = time.monotonic()
                if delta.text or delta.reasoning:
                    yield sse_frame({"text": delta.text, "reasoning": delta.reasoning}, event="delta")
                usage, reason = delta.usage or usage, delta.finish_reason or reason
    except InferenceError as error:
        yield sse_frame({"code": error.code, "message": error.message}, event="error")
        return
    ended = time.monotonic()
    decoded = max(ended - first, 1e-6) if first else 0.0
    speed = (usage.completion_tokens - 1) / decoded if decoded and usage.completion_tokens > 1 else 0.0
    yield sse_frame(
        {
            "finish_reason": reason,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "first_ms": round((first - began) * 1000) if first else 0,
            "elapsed_ms": round((ended - began) * 1000),
            "tokens_per_s": round(speed, 1),
        },
        event="end",
    )
