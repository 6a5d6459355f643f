"""JSON that PostgreSQL can keep: no NUL, no half of a surrogate pair and no NaN, anywhere in a body."""

import math
from collections.abc import Mapping

from backend.common.errors import Invalid


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def storable(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return the body; raises `Invalid` for text and numbers that no database keeps."""
    pending: list[object] = [body]
    while pending:
        match pending.pop():
            case str() as text:
                if not _is_storable(text):
                    raise Invalid("the body has a NUL or half of a surrogate pair (\\u0000, \\ud800…): remove it")
            case float() as number if not math.isfinite(number):
                raise Invalid(f"the body has {number!r}, which is not JSON: send a number or null")
            case Mapping() as item:
                pending += item.keys()
                pending += item.values()
            case list() as item:
                pending += item
    return body
