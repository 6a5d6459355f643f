"""OpenAI's chat completion request, parsed: the client's messages become instructions, history and a question."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.core.files.uploadedfile import SimpleUploadedFile
from pydantic import ConfigDict, Field, JsonValue

from agents.types import Turn
from backend.apps.draft import Draft, Parameters
from backend.apps.drafts import AppDraft
from backend.apps.models import AppMode
from backend.apps.output_schema import schema_check
from backend.common.errors import ApiError, Invalid
from backend.files.models import StoredFile
from backend.files.services import file_store
from backend.providers.selectors import own_model
from backend.service_api.bodies import Body, parsed
from backend.service_api.callers import AppCaller

IMAGE_PLACEHOLDER = "[image]"
# What the app's author decides, or what no app of ours does: refused, so that nobody believes that it works.
REFUSED = ("tools", "tool_choice", "functions", "function_call", "logprobs", "top_logprobs", "logit_bias", "audio")
OVERRIDES = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")


class Part(Body):
    """A part of a message."""

    type: str
    text: str = ""
    image_url: dict[str, JsonValue] | str | None = None


class ChatMessage(Body):
    """A message of the client."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(Body):
    """What a stream tells besides the text."""

    include_usage: bool = False


class ChatBody(Body):
    """A chat completion request; `inputs` is ours, for apps with variables."""

    model_config = ConfigDict(extra="allow", frozen=True)

    messages: list[ChatMessage] = Field(min_length=1, max_length=10_000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    user: str | None = None
    response_format: dict[str, JsonValue] | None = None
    inputs: dict[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class ChatAsk:
    """What the client's messages say: its leading words, what was said before, the question and its images."""

    instructions: str
    history: tuple[Turn, ...]
    query: str
    image_urls: tuple[str, ...]


def chat_body(data: Mapping[str, object]) -> ChatBody:
    """Return the request; raises `Invalid` for what an app cannot do for a client."""
    body = parsed(data, ChatBody)
    given = body.model_extra or {}
    for name in REFUSED:
        if given.get(name) not in (None, False, [], {}, "none", "auto"):
            message = f"{name} cannot be set here: the app's author decides what it does; leave {name} out"
            raise Invalid(message, fields={name: [message]})
    if body.n not in (None, 1):
        raise Invalid(f"n must be 1, not {body.n}: ask again for another answer", fields={"n": ["must be 1"]})
    return body


def chat_ask(messages: Sequence[ChatMessage]) -> ChatAsk:
    """Return what the messages say. The last one must be the user's."""
    *earlier, last = messages
    if last.role != "user":
        message = f"the last message must be the user's, not of role {last.role!r}"
        raise Invalid(message, fields={"messages": [message]})
    instructions: list[str] = []
    history: list[Turn] = []
    for index, item in enumerate(earlier):
        match item.role:
            case "system" | "developer":
                instructions.append(_text(item))
            case "user" | "assistant":
                history.append(Turn(item.role, _text(item)))
            case _:
                message = f"messages.{index}: role {item.role!r} is not taken here: the app calls its own tools"
                raise Invalid(message, fields={f"messages.{index}.role": [message]})
    urls = tuple(_image_url(part) for part in _parts(last) if part.type == "image_url")
    query = _text(last) if not urls else "\n".join(part.text for part in _parts(last) if part.type == "text")
    return ChatAsk("\n\n".join(text for text in instructions if text), tuple(history), query, urls)


def _parts(message: ChatMessage) -> list[Part]:
    return message.content if isinstance(message.content, list) else []


def _text(message: ChatMessage) -> str:
    """Return a message's text; an image in an earlier message is only mentioned."""
    if not isinstance(message.content, list):
        return message.content or ""
    texts = []
    for part in message.content:
        if part.type not in ("text", "image_url"):
            text = f"a message part of type {part.type!r} is not taken here: send text or image_url"
            raise Invalid(text, fields={"messages": [text]})
        texts.append(part.text if part.type == "text" else IMAGE_PLACEHOLDER)
    return "\n".join(texts)


def _image_url(part: Part) -> str:
    found = part.image_url.get("url") if isinstance(part.image_url, dict) else part.image_url
    return found if isinstance(found, str) else ""


def image_store(caller: AppCaller, url: str, end_user: str, number: int) -> StoredFile:
    """Store the image of a `data:` URL; raises `Invalid` for any other address."""
    head, _, data = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        message = (
            "image_url must be a data URL such as 'data:image/png;base64,…': images are not fetched from elsewhere"
        )
        raise Invalid(message, fields={"messages": [message]})
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"image_url is not valid base64: {error}", fields={"messages": ["not base64"]}) from error
    ending = head.removeprefix("data:image/").removesuffix(";base64")
    upload = SimpleUploadedFile(f"image-{number}.{ending}", content)
    return file_store(workspace_id=caller.workspace_id, upload=upload, app_id=caller.app.id, end_user=end_user)


def draft_with(draft: AppDraft, body: ChatBody, mode: AppMode) -> AppDraft:
    """Return the draft with the client's sampling over the author's, and its format where the author set none.

    A graph has several models, each with its author's sampling: the client's is ignored there. Raises `Invalid` for
    what is out of range or cannot be done, and for a workflow, which holds no conversations.
    """
    if mode == AppMode.WORKFLOW:
        message = "this key opens a workflow, which holds no conversations: run it with POST /v1/workflows/run"
        raise Invalid(message, code="invalid_request_error")
    if not isinstance(draft, Draft):
        if (body.response_format or {}).get("type", "text") != "text":
            raise _format_refused("a chatflow answers as its graph says: leave response_format out")
        return draft
    schema = _schema_of(body.response_format, draft, mode)
    draft = draft.model_copy(update={"output_schema": schema})
    given: dict[str, object] = {name: getattr(body, name) for name in OVERRIDES if getattr(body, name) is not None}
    limit = body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens
    if limit is not None:
        given["max_tokens"] = limit
    if body.stop is not None:
        given["stop"] = [body.stop] if isinstance(body.stop, str) else body.stop
    if not given:
        return draft
    merged = {**draft.model.parameters.model_dump(), **given}
    parameters = parsed(merged, Parameters)
    model = draft.model.model_copy(update={"parameters": parameters})
    return draft.model_copy(update={"model": model})


def _schema_of(asked: dict[str, JsonValue] | None, draft: Draft, mode: AppMode) -> dict[str, JsonValue] | None:
    """Return the schema of the answer: the author's, else the client's, {} for any JSON object."""
    kind = (asked or {}).get("type", "text")
    if asked is None or kind == "text":
        return draft.output_schema
    if kind not in ("json_object", "json_schema"):
        raise _format_refused(f"type must be text, json_object or json_schema, not {str(kind)[:100]!r}")
    if mode == AppMode.AGENT:
        raise _format_refused("an agent answers in its own words: leave response_format out and ask in your message")
    schema: JsonValue = {}
    if kind == "json_schema":
        described = asked.get("json_schema")
        schema = described.get("schema") if isinstance(described, dict) else None
        if not isinstance(schema, dict):
            raise _format_refused("json_schema must be an object with a 'schema' that is an object")
    if draft.output_schema is not None:
        if schema not in ({}, draft.output_schema):
            raise _format_refused("the app's author fixed the schema of its answers: leave response_format out")
        return draft.output_schema
    schema_check(schema, embedded=own_model(draft.model.id) is not None, field="response_format")
    return schema


def _format_refused(message: str) -> Invalid:
    return Invalid(f"response_format: {message}", fields={"response_format": [message]})


def unknown_model(name: str, slug: str) -> ApiError:
    """Return OpenAI's error for a model that this key does not open."""
    error = ApiError(f"the model {name[:200]!r} does not exist here: this key opens {slug!r}", code="model_not_found")
    error.http_status = 404
    return error
