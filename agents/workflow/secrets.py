"""Keeps secrets out of events: whatever a node shows of its inputs or gives as outputs has them masked."""

import json
import re
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TypeVar

from agents.events import Body
from agents.types import JsonObject, JsonValue

MASK = "••••••"
MIN_CHARS = 4
"""Shorter values would mask half of every text, and are no secrets."""
FREE_FIELDS = frozenset(
    (
        *("inputs", "outputs", "output", "failure", "message", "messages", "values", "value", "arguments", "thought"),
        *("form", "error"),
    )
)
"""The fields of events that say what users and models wrote; the others name nodes, which a mask would break."""
BodyT = TypeVar("BodyT", bound=Body)


class SecretMask:
    """Replaces secret values wherever they stand in a value; of overlapping ones the first, and the longest there."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {text for text in secrets if len(text) >= MIN_CHARS}
        known |= {json.dumps(text, ensure_ascii=False)[1:-1] for text in known}
        self.secrets: tuple[str, ...] = tuple(sorted(known, key=len, reverse=True))
        self.pattern = re.compile("|".join(re.escape(text) for text in self.secrets)) if known else None

    def over(self, values: JsonObject) -> JsonObject:
        """Return `values` without secrets."""
        if self.pattern is None:
            return values
        return {name: self.value(value) for name, value in values.items()}

    def body(self, body: BodyT) -> BodyT:
        """Return the event without secrets. Text of nodes is not looked into: it comes masked, piece by piece."""
        if self.pattern is None:
            return body
        found = {item.name: getattr(body, item.name) for item in fields(body) if item.name in FREE_FIELDS}
        hidden = {name: self.value(value) for name, value in found.items()}
        return replace(body, **hidden)  # type: ignore[arg-type]  # the names are the body's own

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        return self.pattern.sub(MASK, text) if self.pattern else text

    def value(self, value: JsonValue) -> JsonValue:
        """Return the value without secrets."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.text(name): self.value(item) for name, item in value.items()}
            case _:
                return value

    def more(self, secrets: Iterable[str]) -> "SecretMask":
        """Return a mask that hides these too."""
        return SecretMask((*self.secrets, *secrets))


class StreamMask:
    """Masks a text that comes piece by piece: what may be the beginning of a secret waits for the rest."""

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask
        self._held = ""

    def next(self, text: str) -> str:
        """Return what can be shown now."""
        seen = self._held + text
        cut = len(seen) - self._open(seen)
        if self._mask.pattern is not None:
            for found in self._mask.pattern.finditer(seen):
                if found.start() < cut < found.end():
                    cut = found.end()
        self._held = seen[cut:]
        return self._mask.text(seen[:cut])

    def rest(self) -> str:
        """Return what was held back: it began like a secret and is none."""
        held, self._held = self._held, ""
        return self._mask.text(held)

    def drop(self) -> None:
        """Forget what was held back: the text begins anew."""
        self._held = ""

    def _open(self, text: str) -> int:
        """Return how long an end of `text` is that begins a secret and could still become one."""
        longest = max((len(secret) for secret in self._mask.secrets), default=0)
        for size in range(min(longest - 1, len(text)), 0, -1):
            end = text[-size:]
            if any(len(secret) > size and secret.startswith(end) for secret in self._mask.secrets):
                return size
        return 0
