"""Text that PostgreSQL can keep: no NUL and no half of a surrogate pair, anywhere in a JSON body."""

from collections.abc import Mapping

from backend.common.errors import Invalid


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def storable(body: Mapping[str, object]) -> Mapping[str, object]:
    """Return the body; raises `Invalid` for text that no database keeps."""
    pending: list[object] = [body]
    while pending:
        match pending.pop():
            case str() as text:
                if not _is_storable(text):
                    raise Invalid("the body has a NUL or half of a surrogate pair (\\u0000, \\ud800…): remove it")
            case Mapping() as item:
                pending += item.keys()
                pending += item.values()
            case list() as item:
                pending += item
    return body
