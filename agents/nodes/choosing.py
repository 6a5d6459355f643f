"""Lets a model choose one of several things: by a schema where it obeys one, else by reading what it wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.errors import OutputInvalid
from agents.loop.asking import ask_held
from agents.loop.json_text import json_in
from agents.loop.prompt import Prompt
from agents.nodes.base import NodeContext
from agents.nodes.chat import fit_request
from agents.nodes.config import AskingConfig, ModelParameters
from agents.ports import ChatModel
from agents.types import JsonValue, Turn
from inference.types import Message, Usage

MAX_NAME_CHARS = 80
SHOWN_CHARS = 200
ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """The position of what was chosen, and what the choice cost."""

    index: int
    usage: Usage


def labels_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return what the model writes for each: its name where names are short and differ, else its number from 1."""
    clean = [" ".join(name.split()) for name in names]
    folded = {name.casefold() for name in clean}
    if len(folded) == len(clean) and all(0 < len(name) <= MAX_NAME_CHARS for name in clean):
        return tuple(clean)
    return tuple(str(number) for number in range(1, len(clean) + 1))


async def choose(
    ctx: NodeContext,
    config: AskingConfig,
    model: ChatModel,
    prompt: Prompt,
    names: Sequence[str],
    *,
    history: tuple[Turn, ...] = (),
) -> Chosen:
    """Return which of `names` the model takes; raises `OutputInvalid` when it names none of them, asked twice.

    `prompt` says what is chosen and lists the names by their labels (`labels_of`).
    """
    labels = labels_of(names)
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(labels)}},
        "required": ["choice"],
        "additionalProperties": False,
    }
    usage = Usage()
    tail: tuple[Message, ...] = ()
    text = ""
    for _ in range(ATTEMPTS):
        fitted = await fit_request(ctx, steady(config), model, prompt, history=history, tail=tail)
        plain = fitted.request
        held = replace(plain, response_schema=schema) if model.info.supports_schema else plain
        said = await ask_held(model, held, plain)
        usage, text = usage + said.usage, said.text
        index = choice_in(text, labels, names)
        if index is not None:
            return Chosen(index, usage)
        listed = json.dumps(labels, ensure_ascii=False)
        complaint = f'That is none of them. Answer with JSON alone, {{"choice": …}}, with one of {listed}.'
        tail = (Message("assistant", text[:SHOWN_CHARS] or "…"), Message("user", complaint))
    raise OutputInvalid(
        f"the model {model.info.id!r} was asked to choose one of {list(labels)!r} and wrote {text[:SHOWN_CHARS]!r}: "
        "choose a more capable model, or make the names differ more"
    )


def steady(config: AskingConfig) -> AskingConfig:
    """Return the configuration with a temperature of 0 where none was chosen: the likeliest answer is wanted."""
    parameters = config.model.parameters
    if parameters.temperature is not None:
        return config
    calm = ModelParameters.model_validate({**parameters.model_dump(exclude_none=True), "temperature": 0.0})
    return config.model_copy(update={"model": config.model.model_copy(update={"parameters": calm})})


def choice_in(text: str, labels: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the position that `text` speaks of: as JSON, alone, or as the only name that it contains."""
    known: dict[str, int] = {}
    for index, words in enumerate(zip(labels, names, strict=True)):
        for word in (*words, str(index + 1)):
            known.setdefault(_folded(word), index)
    found = json_in(text)
    candidates = list(found.values()) if isinstance(found, dict) else [found]
    named = {known[_folded(str(item))] for item in candidates if _folded(str(item)) in known}
    if len(named) == 1:
        return named.pop()
    if _folded(text) in known:
        return known[_folded(text)]
    lowered = text.casefold()
    contained = [name for name in map(_folded, labels) if name and not name.isdigit() and name in lowered]
    # A name inside a longer one that is there as well says nothing of its own.
    alone = [name for name in contained if not any(name != other and name in other for other in contained)]
    return known[alone[0]] if len(alone) == 1 else None


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(" .:,;!?\"'`*()[]{}").casefold()
