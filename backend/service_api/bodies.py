"""The bodies that clients send, parsed at the edge."""

import uuid
from collections.abc import Mapping
from typing import Literal, TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from backend.apps.draft import fields_of
from backend.apps.text import storable
from backend.common.errors import Invalid, NotFound
from backend.common.http import body_json

QUERY_CHARS = 1_000_000
B = TypeVar("B", bound=BaseModel)


class Body(BaseModel):
    """A body; keys that we do not know are another version's and do no harm."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class FileObject(Body):
    """A file of a message."""

    type: str = "image"
    transfer_method: Literal["remote_url", "local_file"] = "local_file"
    url: str = ""
    upload_file_id: str = ""


class MessageBody(Body):
    """A question to a chat, an agent or a completion app."""

    inputs: dict[str, JsonValue] | None = None
    query: str = Field(default="", max_length=QUERY_CHARS)
    response_mode: Literal["blocking", "streaming"] | None = None
    user: str | None = None
    conversation_id: str | None = None
    files: list[FileObject] | None = None
    auto_generate_name: bool = True
    workflow_id: str | None = None


class WorkflowBody(Body):
    """The inputs of a workflow."""

    inputs: dict[str, JsonValue] | None = None
    response_mode: Literal["blocking", "streaming"] | None = None
    user: str | None = None
    files: list[FileObject] | None = None


class VariableBody(Body):
    """A conversation variable's new value."""

    value: JsonValue = None
    user: str | None = None


class StopBody(Body):
    """Whose run is to stop."""

    user: str | None = None


class RenameBody(Body):
    """A conversation's new name."""

    name: str | None = None
    auto_generate: bool = False
    user: str | None = None


class FeedbackBody(Body):
    """A verdict; no rating takes it back."""

    rating: str | None = None
    content: str | None = None
    user: str | None = None


def body_of(request: HttpRequest, shape: type[B]) -> B:
    """Return the request's JSON body; raises `Invalid` that names the first wrong field."""
    return parsed(body_json(request), shape)


def parsed(data: Mapping[str, object], shape: type[B]) -> B:
    """Return `data` as `shape`; raises `Invalid`."""
    try:
        return shape.model_validate(storable(data))
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error


def id_of(text: object, what: str) -> uuid.UUID:
    """Return an id from a path or a query; raises `NotFound` for text that is none."""
    try:
        return uuid.UUID(str(text))
    except ValueError as error:
        raise NotFound(f"there is no {what} {str(text)[:100]!r}") from error


def limit_of(request: HttpRequest, *, name: str = "limit", default: int = 20, maximum: int = 100) -> int:
    """Return a number from the query; raises `Invalid` outside 1…maximum."""
    text = request.GET.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= maximum):
        message = f"{name} must be a number from 1 to {maximum}, not {text[:50]!r}"
        raise Invalid(message, fields={name: [message]})
    return int(text)
