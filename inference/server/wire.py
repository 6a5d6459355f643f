"""The JSON that comes in and goes out: read strictly and in bounded time, written compactly."""

import json
from collections.abc import Mapping
from typing import Annotated, NoReturn, TypeVar

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inference.errors import InvalidRequestError

Answer = Mapping[str, object]
Name = Annotated[str, Field(min_length=1, max_length=200)]
TokenId = Annotated[int, Field(ge=0, lt=2**31, strict=True)]
Salt = Annotated[str, Field(max_length=200)]
_SHOWN_CHARACTERS = 80
_MAX_BRACKETS = 100_000  # objects and lists of one body, brackets in texts included: each costs time
_MAX_COMMAS = 600_000  # enough for the largest batch of token ids


def _refuse(value: object) -> object:
    if value is None:
        return None
    raise ValueError("it is not served here, and without it the answer would mean something else: leave it out")


Unserved = Annotated[object, AfterValidator(_refuse)]
"""A field that other servers know and that changes what is asked: only null is accepted."""


class Wire(BaseModel):
    """Unknown keys are ignored, as vLLM does; numbers must be finite."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


_Body = TypeVar("_Body", bound=Wire)


def parse(kind: type[_Body], raw: bytes) -> _Body:
    """Read a request's body. Raises InvalidRequestError that names the first wrong field."""
    if raw.count(b"{") + raw.count(b"[") > _MAX_BRACKETS or raw.count(b",") > _MAX_COMMAS:
        limits = f"{_MAX_BRACKETS} brackets or {_MAX_COMMAS} commas"
        raise InvalidRequestError(f"The body has more than {limits}: send less at a time.")
    try:
        # The parser in Rust refuses invalid UTF-8 and what is nested deeper than 200 levels.
        body = kind.model_validate_json(raw)
        _check_plain(raw)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"] if isinstance(step, int) or step.isidentifier())
        said = first["msg"].removeprefix("Value error, ")
        message = f"{where or 'The body'}: {said} (got {_shorten(first['input'])}). Correct it and send it again."
        raise InvalidRequestError(message, param=where or None) from None
    except (ValueError, RecursionError) as problem:
        raise InvalidRequestError(f"The body: {problem}. Correct it and send it again.") from None
    return body


def _check_plain(raw: bytes) -> None:
    """Raise ValueError for what JSON parsers disagree on: a key given twice, and NaN."""
    json.loads(raw, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _without_duplicates(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1:
        keys = {key for key, _ in pairs}
        if len(keys) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in keys if names.count(key) > 1)
            raise ValueError(f"the key {_shorten(twice)} is given twice")


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _shorten(value: object) -> str:
    if isinstance(value, dict | list):
        return type(value).__name__
    if isinstance(value, BaseModel):
        return "object"
    text = repr(value[:_SHOWN_CHARACTERS] if isinstance(value, str | bytes) else value)
    return text[: _SHOWN_CHARACTERS + 20]


def dump(value: object) -> bytes:
    """Write an answer as compact JSON."""
    return msgspec.json.encode(value)
