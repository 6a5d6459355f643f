"""What a folder of safetensors says of talking with its model: the chat template and the tokens it writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.errors import BadModelFileError


@dataclass(frozen=True, slots=True)
class Spoken:
    """`template` is empty where the folder has none; `bos` and `eos` are texts, empty where there are none."""

    template: str
    bos: str
    eos: str


def spoken(folder: Path) -> Spoken:
    """Read a model's folder. Raises BadModelFileError for settings that are not JSON."""
    path = folder / "tokenizer_config.json"
    settings: Mapping[str, object] = {}
    try:
        if path.is_file():
            settings = json.loads(path.read_text(encoding="utf-8"))
        own = folder / "chat_template.jinja"
        template = own.read_text(encoding="utf-8") if own.is_file() else _template(settings.get("chat_template"))
        return Spoken(template, _text(settings.get("bos_token")), _text(settings.get("eos_token")))
    except (ValueError, RecursionError, AttributeError):
        raise BadModelFileError(f"{str(path)!r} is not an object of JSON: get the model anew.") from None


def _template(given: object) -> str:
    """Return the template, of several the one for conversations."""
    if isinstance(given, list):
        named = {one.get("name"): one.get("template") for one in given if isinstance(one, dict)}
        given = named.get("default")
    return _text(given)


def _text(given: object) -> str:
    if isinstance(given, Mapping):
        given = given.get("content")
    return given if isinstance(given, str) else ""
