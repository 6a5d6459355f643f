"""An answer that was asked for as JSON: whether the model can do that, and what it wrote, parsed."""

from agents.errors import OutputInvalid, SchemaUnsupported
from agents.loop.json_text import storable_json
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
        return storable_json(text)
    except ValueError as error:
        if finish_reason == "length":
            return None
        raise OutputInvalid(
            f"the model {model_id!r} was asked for JSON and wrote {text[:SHOWN_CHARS]!r} ({error}): "
            "ask again, or choose a model whose server enforces response_format"
        ) from error
