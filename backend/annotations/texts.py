"""What a question and an answer may be."""

from backend.common.errors import Invalid

MAX_CHARS = {"question": 4_000, "answer": 50_000}


def text_wrong(name: str, value: object) -> str:
    """Return what is wrong with a question or an answer, nothing where it can be kept."""
    if not isinstance(value, str) or not value.strip():
        return f"there is no {name}: write one"
    if len(value) > MAX_CHARS[name]:
        return f"the {name} has {len(value):,} characters, at most {MAX_CHARS[name]:,} are kept: shorten it"
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        return f"the {name} holds a NUL or half of a surrogate pair: remove it"
    return ""


def text_checked(name: str, value: object) -> str:
    """Return the text without the space around it; raises `Invalid`."""
    if wrong := text_wrong(name, value):
        raise Invalid(f"{name}: {wrong}", fields={name: [wrong]})
    return str(value).strip()
