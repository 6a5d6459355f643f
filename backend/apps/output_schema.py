"""Checks the JSON schema that an app's answers obey, before anything is stored or asked."""

from collections.abc import Mapping

from jsonschema import Draft202012Validator, SchemaError
from pydantic import JsonValue

from backend.common.errors import Invalid
from inference.errors import InvalidRequestError
from inference.structured.budget import Budget
from inference.structured.schema import check_size, compile_schema

TEXT_CHARS = 4_096  # for the check alone: the engine sets its own limit of a text


def schema_check(schema: Mapping[str, JsonValue], *, embedded: bool, field: str) -> None:
    """Raise `Invalid` (naming `field`) for what is no JSON schema, or one that the embedded engine cannot enforce.

    What another server can enforce is known to that server alone: it refuses the run.
    """
    try:
        check_size(schema, field)
        Draft202012Validator.check_schema(dict(schema))
        if embedded:
            compile_schema(schema, default_max_length=TEXT_CHARS, budget=Budget(field))
    except SchemaError as error:
        raise _refusal(f"{error.json_path}: {error.message[:300]}", field) from error
    except InvalidRequestError as error:
        raise _refusal(error.message, field) from error


def _refusal(message: str, field: str) -> Invalid:
    return Invalid(f"{field}: this schema cannot be used: {message}", code="invalid_schema", fields={field: [message]})
