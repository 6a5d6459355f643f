"""A JSON text with references in it: a value inside quotes is escaped, one outside stands as JSON."""

import json
from dataclasses import replace

from agents.errors import InvalidInput
from agents.types import JsonValue
from agents.workflow.expressions import Scope, as_text, pieces_of, render

SHOWN_CHARS = 200


def render_json(template: str, scope: Scope) -> str:
    """Return the JSON text with every reference replaced; raises `InvalidInput` when the result is no JSON.

    Outside quotes a string stands as it is where it is JSON itself, and in quotes where it is not. Line breaks inside
    quotes, which JSON forbids and people type, are escaped.
    """
    pieces = pieces_of(template.strip())
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        text = _alone(scope.lookup(pieces[0]))
    else:
        text = _filled(pieces, scope)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return _repaired(text)
    return text


def _alone(value: JsonValue) -> str:
    """Return a body that is one value: a string is taken for the JSON that a node before wrote."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _filled(pieces: tuple[str | tuple[str, ...], ...], scope: Scope) -> str:
    escaped = replace(scope, inputs={name: _inside(value) for name, value in scope.inputs.items()})
    made: list[str] = []
    is_quoted = False
    for piece in pieces:
        if isinstance(piece, str):
            is_quoted = _ends_quoted(piece, is_quoted)
            made.append(render(piece, escaped))
        else:
            value = scope.lookup(piece)
            made.append(_inside(value) if is_quoted else _outside(value))
    return "".join(made)


def _ends_quoted(text: str, is_quoted: bool) -> bool:
    """Whether a string is open after `text`."""
    is_escaped = False
    for char in text:
        if is_escaped:
            is_escaped = False
        elif char == "\\":
            is_escaped = is_quoted
        elif char == '"':
            is_quoted = not is_quoted
    return is_quoted


def _inside(value: JsonValue) -> str:
    return json.dumps(as_text(value), ensure_ascii=False)[1:-1]


def _outside(value: JsonValue) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return json.dumps(value, ensure_ascii=False)
    return value


def _repaired(text: str) -> str:
    try:
        return json.dumps(json.loads(text, strict=False), ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"the body is not JSON ({error}): {text[:SHOWN_CHARS]!r}; correct the template, or send it as raw text"
        ) from error
