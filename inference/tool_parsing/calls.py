"""What every dialect has in common: a call is a JSON object of a name and arguments."""

import json
import re
import uuid

from inference.types import ToolCall

_STRUCTURE = re.compile(r'["\\{}\[\]]')
_IN_STRING = re.compile(r'["\\]')
_HEAD = re.compile(r'\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)+")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)')
_FIRST_KEY = re.compile(r'\{\s*(?:"([^"]*)("?)|([^"\s]))')
_KEYS = frozenset({"name", "arguments", "parameters", "id", "type"})


def parse_call(text: str) -> ToolCall | None:
    """Read one call from JSON, or return None when it is not one."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict) or not isinstance(loaded.get("name"), str) or not loaded["name"]:
        return None
    arguments = loaded.get("arguments", loaded.get("parameters", {}))
    if isinstance(arguments, str):
        written = arguments
    elif isinstance(arguments, dict):
        written = json.dumps(arguments, ensure_ascii=False)
    else:
        return None
    return ToolCall(id=new_id(), name=loaded["name"], arguments=written)


def new_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


def read_head(text: str) -> tuple[str, int] | None:
    """Return the name and where the arguments begin, when `text` begins with all of a call up to its arguments."""
    found = _HEAD.match(text)
    if found is None:
        return None
    try:
        return json.loads(found.group(1)), found.end()
    except ValueError:
        return None


def may_be_call(text: str) -> bool:
    """Say whether a call may still become of `text`, which begins where the call would."""
    if not text:
        return True
    if not text.startswith("{"):
        return False
    found = _FIRST_KEY.match(text)
    if found is None:
        return not text[1:].strip()
    if found.group(3) is not None:
        return found.group(3) == "}"
    key, is_whole = found.group(1), bool(found.group(2))
    return key in _KEYS if is_whole else any(known.startswith(key) for known in _KEYS)


class JsonScanner:
    """Finds the end of a JSON object or list in text that comes in pieces. `depth` containers are open already."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._is_in_string = False
        self._escapes = False

    def feed(self, text: str) -> int:
        """Return where in `text` the value ends, or -1 when it goes on."""
        at = 0
        while at < len(text):
            if self._escapes:
                self._escapes = False
                at += 1
                continue
            found = (_IN_STRING if self._is_in_string else _STRUCTURE).search(text, at)
            if found is None:
                return -1
            at = found.end()
            match found.group():
                case '"':
                    self._is_in_string = not self._is_in_string
                case "\\":
                    self._escapes = True
                case "{" | "[":
                    self._depth += 1
                case _:
                    self._depth -= 1
                    if self._depth <= 0:
                        return at
        return -1
