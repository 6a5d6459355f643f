"""An answer that was asked for as JSON: whether the model can do that, and what it wrote, parsed."""

import json
import math

from agents.errors import OutputInvalid, SchemaUnsupported
from agents.types import JsonValue
from inference.types import FinishReason, ModelInfo

SHOWN_CHARS = 200


def check_schema_support(info: ModelInfo) -> None:
    """Raise `SchemaUnsupported` for a model that cannot be held to a JSON schema."""
    if not info.supports_schema:
        raise SchemaUnsupported(
            f"the model {info.id!r} cannot be held to a JSON schema: choose another model, or switch structured "
            "output off and ask for the format in the prompt"
        )


def parsed_output(text: str, finish_reason: FinishReason, model_id: str) -> JsonValue:
    """Return the answer's JSON; None when the limit of tokens cut it off. Raises `OutputInvalid` for what is no JSON.

    The embedded engine enforces the schema token by token, another server as far as it knows how. The schema is not
    checked again here: a hostile one takes a validator for ever.
    """
    try:
        found: JsonValue = json.loads(text, parse_constant=_refused_constant)
        _check_storable(found)
    except (ValueError, RecursionError) as error:
        if finish_reason == "length":
            return None
        raise OutputInvalid(
            f"the model {model_id!r} was asked for JSON and wrote {text[:SHOWN_CHARS]!r} ({error}): "
            "ask again, or choose a model whose server enforces response_format"
        ) from error
    return found


def _refused_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _check_storable(value: JsonValue) -> None:
    """Raise for what parses, but no database keeps."""
    pending: list[JsonValue] = [value]
    while pending:
        match pending.pop():
            case str() as text if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
                raise ValueError("it has a NUL or half of a surrogate pair")
            case float() as number if not math.isfinite(number):
                raise ValueError("it has a number that is too large")
            case dict() as item:
                pending += [*item.keys(), *item.values()]
            case list() as item:
                pending += item
