"""Keeps large values out of events: a long value is stored once, and a reference with a preview stands for it."""

import json
from collections.abc import Iterable
from typing import TypeGuard

from agents.ports import Values
from agents.types import JsonObject, JsonValue

LARGE_BYTES = 64 * 1024
PREVIEW_CHARS = 500
REFERENCE = "$value"


def is_reference(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    """Whether the value stands for one that is stored elsewhere."""
    return isinstance(value, dict) and isinstance(value.get(REFERENCE), str)


class LargeValues:
    """The large values of one run: folded on the way into an event, unfolded on the way to a node."""

    def __init__(self, store: Values) -> None:
        self._store = store
        self._known: dict[str, JsonValue] = {}

    async def folded(self, values: JsonObject) -> JsonObject:
        """Return `values` with references where single values are large."""
        return {name: await self._fold(value) for name, value in values.items()}

    async def _fold(self, value: JsonValue) -> JsonValue:
        if not _may_be_large(value):
            return value
        text = json.dumps(value, ensure_ascii=False)
        size_bytes = len(text.encode())
        if size_bytes < LARGE_BYTES:
            return value
        value_id = await self._store.put(text)
        if not value_id:
            return value
        self._known[value_id] = value
        preview = value if isinstance(value, str) else text
        return {REFERENCE: value_id, "size_bytes": size_bytes, "preview": preview[:PREVIEW_CHARS]}

    async def fetch(self, outputs: Iterable[JsonObject]) -> None:
        """Read what the references in `outputs` stand for, once."""
        for values in outputs:
            for value in values.values():
                if is_reference(value) and value[REFERENCE] not in self._known:
                    value_id = str(value[REFERENCE])
                    self._known[value_id] = json.loads(await self._store.get(value_id))

    def unfolded(self, values: JsonObject) -> JsonObject:
        """Return `values` with what its references stand for; they must have been folded or fetched here."""
        if not any(is_reference(value) for value in values.values()):
            return values
        return {
            name: self._known.get(str(value[REFERENCE]), value) if is_reference(value) else value
            for name, value in values.items()
        }


def _may_be_large(value: JsonValue) -> bool:
    """Return False for what is certainly small, without writing it as JSON."""
    match value:
        case str():
            return len(value) * 4 >= LARGE_BYTES
        case list() | dict():
            return True
        case _:
            return False
