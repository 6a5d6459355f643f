"""What a chat model adds to a search: a question that stands alone, and a filter. Neither is trusted."""

import json
import re
from collections.abc import Mapping, Sequence

from rag.conditions import comparison_of
from rag.errors import InvalidQueryError
from rag.filters import Condition, FieldType, Filter
from rag.ports import Write

MAX_REWRITTEN_CHARS = 1000
_MOST_MESSAGES = 6
_MOST_MESSAGE_CHARS = 1500
_REWRITE_TOKENS = 120
_FILTER_TOKENS = 300
_MOST_CONDITIONS = 10
_JSON = re.compile(r"\{.*\}", re.DOTALL)
_LABEL = re.compile(r"^(?:(?:standalone |rewritten )?(?:question|query)\s*[::]\s*)", re.IGNORECASE)

History = Sequence[tuple[str, str]]
"""Messages of a conversation as (role, text), oldest first."""


async def standalone(question: str, history: History, write: Write) -> str:
    """Return `question` with what it takes from the conversation said in it; itself where the model gave nothing."""
    lines = [f"{role}: {text[:_MOST_MESSAGE_CHARS]}" for role, text in history[-_MOST_MESSAGES:]]
    conversation = "\n".join(lines)
    prompt = (
        "Rewrite the last question so that it can be understood without the conversation. Keep its language. "
        "Answer with the question alone.\n\n"
        f"Conversation:\n{conversation}\n\nLast question: {question}\n\nRewritten question:"
    )
    answer = await write(prompt, _REWRITE_TOKENS)
    first = next((line.strip() for line in answer.splitlines() if line.strip()), "")
    rewritten = _LABEL.sub("", first).strip(" \"'“”«»")
    return rewritten if 0 < len(rewritten) <= MAX_REWRITTEN_CHARS else question


async def written_filter(question: str, fields: Mapping[str, FieldType], write: Write) -> Filter | None:
    """Return the filter that the model reads from the question, or None where it reads none that makes sense."""
    listed = "\n".join(f"- {name} ({kind})" for name, kind in fields.items())
    prompt = (
        "Documents have these fields:\n"
        f"{listed}\n\n"
        "Which conditions on the fields does the question itself state? Answer with JSON alone: "
        '{"logic": "and", "conditions": [{"field": "...", "operator": "...", "value": ...}]}. '
        "Operators of strings: is, is not, contains, starts with, ends with, in; of numbers: =, ≠, >, <, ≥, ≤; of "
        "times (seconds since 1970): before, after. Without any condition answer "
        '{"logic": "and", "conditions": []}.\n\n'
        f"Question: {question}\n\nJSON:"
    )
    match = _JSON.search(await write(prompt, _FILTER_TOKENS))
    if match is None:
        return None
    try:
        return _filter_of(json.loads(match.group()), fields)
    except (json.JSONDecodeError, InvalidQueryError, RecursionError):
        return None


def require_filter(given: Filter, fields: Mapping[str, FieldType]) -> None:
    """Raise InvalidQueryError for a field that is not among `fields` or a value that does not go with its operator."""
    for condition in given.conditions:
        if condition.field not in fields:
            raise InvalidQueryError(f"there is no field {condition.field!r}; there are {', '.join(fields) or 'none'}")
        comparison = comparison_of(condition)
        if comparison == "number" and fields[condition.field] == "string":
            raise InvalidQueryError(f"{condition.field!r} is a text; {condition.value!r} is none")
        if comparison == "text" and fields[condition.field] != "string":
            raise InvalidQueryError(f"{condition.field!r} is a {fields[condition.field]}; {condition.value!r} is none")


def _filter_of(value: object, fields: Mapping[str, FieldType]) -> Filter | None:
    conditions = value.get("conditions") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(conditions, list) or not 0 < len(conditions) <= _MOST_CONDITIONS:
        return None
    given = Filter(
        tuple(_condition_of(condition) for condition in conditions), "or" if value.get("logic") == "or" else "and"
    )
    require_filter(given, fields)
    return given


def _condition_of(value: object) -> Condition:
    if not isinstance(value, dict):
        raise InvalidQueryError(f"{value!r} is no condition")
    given = value.get("value")
    if isinstance(given, list):
        given = tuple(given)
    plain = isinstance(given, str | int | float | None) and not isinstance(given, bool)
    if not plain and not (isinstance(given, tuple) and all(isinstance(one, str | int | float) for one in given)):
        raise InvalidQueryError(f"{given!r} is no value of a condition")
    # Whether there is such an operator is checked with the value, by what they compare.
    return Condition(str(value.get("field")), str(value.get("operator")), given)  # type: ignore[arg-type]
