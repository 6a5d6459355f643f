"""YAML from strangers, read as plain JSON values: bounded in bytes, nodes and depth, without tags or surprises.

Reads the parser's events one by one, so that a bomb of aliases is counted before anything is built from it.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

import yaml

from agents.errors import InvalidDocument
from agents.types import JsonValue

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 250_000
"""Values in the document, each alias counted as all that it stands for."""
MAX_NUMBER_CHARS = 64
"""Longer plain scalars are text: YAML's sexagesimal numbers cost time that grows with the square of their length."""
MERGE = "<<"
_PREFIX = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_PREFIX + name for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))


class Mark(Protocol):
    """Where in the text an event stands, counted from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias stands for: how many values it is when written out, and how deep."""

    value: JsonValue
    nodes: int
    height: int


@dataclass(slots=True)
class _Open:
    """A list or an object whose end was not read yet."""

    value: list[JsonValue] | dict[str, JsonValue]
    anchor: str | None
    nodes_before: int
    height: int = 1
    key: str | None = None
    is_merge: bool = False
    merged: list[dict[str, JsonValue]] = field(default_factory=list)


def document_read(content: bytes | str) -> dict[str, JsonValue]:
    """Return the one object of a YAML text; raises `InvalidDocument` that names line and column."""
    text = _decoded(content)
    reader = _Reader()
    try:
        found = reader.read(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise InvalidDocument(f"the file is not YAML: {what}{_place(mark)}", *_position(mark)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        raise InvalidDocument(
            f"the file has the character {error.character!r}, which YAML does not allow, in line {line}", line, column
        ) from error
    if not isinstance(found, dict):
        raise InvalidDocument("the file must be an object with the keys of an app (app, kind, version, …)", 1, 1)
    # What stands behind two aliases is one object: written out, so that a change in one place is no change in another.
    return cast(dict[str, JsonValue], json.loads(json.dumps(found))) if reader.anchors else found


def _decoded(content: bytes | str) -> str:
    size = len(content) if isinstance(content, bytes) else len(content.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        raise InvalidDocument(f"the file has {size} bytes: at most {MAX_BYTES >> 20} MB are read")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        text.encode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1 if isinstance(content, bytes) else 1
        raise InvalidDocument(f"the file is not UTF-8 in line {line}: save it as UTF-8", line) from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise InvalidDocument(f"the file has half of a surrogate pair in line {line}: remove it", line) from error
    return text


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _position(mark: Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _place(mark: Mark | None) -> str:
    return f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _refused(message: str, event: yaml.Event) -> InvalidDocument:
    return InvalidDocument(f"{message}{_place(event.start_mark)}", *_position(event.start_mark))


class _Reader:
    """Builds one document; `nodes` counts what it is when every alias is written out."""

    def __init__(self) -> None:
        self.nodes = 0
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Anchored] = {}
        self.root: JsonValue = None
        self.documents = 0
        self.resolver = yaml.SafeLoader("")

    def read(self, events: Iterator[yaml.Event]) -> JsonValue:
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        raise _refused("the file has a second document: keep one", event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.ScalarEvent():
                    self._count(1, event)
                    self._scalar(event)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._count(1, event)
                    self._open(event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close()
                case _:
                    pass  # the stream's and the document's frame
        return self.root

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _refused(f"the file has more than {MAX_NODES} values, aliases written out", event)

    def _open(self, event: yaml.Event) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise _refused(f"the file is nested deeper than {MAX_DEPTH} levels", event)
        self._check_tag(event)
        if self._wants_key():
            raise _refused("a key must be a text, not a list or an object", event)
        value: list[JsonValue] | dict[str, JsonValue] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(value, event.anchor, self.nodes - 1))

    def _close(self) -> None:
        done = self.stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merged:
                for key, value in merged.items():
                    done.value.setdefault(key, value)
        if done.anchor:
            self.anchors[done.anchor] = _Anchored(done.value, self.nodes - done.nodes_before, done.height)
        self._place(done.value, done.height)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_tag(event)
        if self._wants_key():
            self._key(event)
            return
        value = self._value_of(event)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)
        self._place(value, 0)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self.anchors:
            raise _refused(f"the alias *{event.anchor} names nothing that is complete before it", event)
        target = self.anchors[event.anchor]
        self._count(target.nodes, event)
        if self._wants_key():
            raise _refused("a key must be written out, not an alias", event)
        if len(self.stack) + target.height > MAX_DEPTH:
            raise _refused(f"the file is nested deeper than {MAX_DEPTH} levels, aliases written out", event)
        self._place(target.value, target.height)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _key(self, event: yaml.ScalarEvent) -> None:
        key, parent = self._text_of(event), self.stack[-1]
        assert isinstance(parent.value, dict), "only objects want keys"
        if key in parent.value:
            raise _refused(f"the key {key[:100]!r} is there twice in one object: remove one", event)
        parent.key, parent.is_merge = key, key == MERGE and event.implicit[0]

    def _place(self, value: JsonValue, height: int) -> None:
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1]
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.value, list):
            parent.value.append(value)
            return
        assert parent.key is not None, "the key came before its value"
        key, parent.key = parent.key, None
        sources = value if isinstance(value, list) else [value]
        if parent.is_merge and sources and all(isinstance(item, dict) for item in sources):
            parent.merged += cast(list[dict[str, JsonValue]], sources)
        else:
            parent.value[key] = value

    def _check_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!") and tag not in _PLAIN_TAGS:
            raise _refused(f"the tag {str(tag)[:100]!r} is not read: only plain values are", event)

    def _text_of(self, event: yaml.ScalarEvent) -> str:
        text: str = event.value
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise _refused("a text has a NUL or half of a surrogate pair, which no database keeps", event)
        return text

    def _value_of(self, event: yaml.ScalarEvent) -> JsonValue:
        """Return what a scalar means in YAML 1.1, as Dify reads it; dates and numbers that JSON has not stay text."""
        text = self._text_of(event)
        tag = event.tag
        if tag in (None, "!"):
            tag = self.resolver.resolve(yaml.ScalarNode, text, event.implicit)
        if len(text) > MAX_NUMBER_CHARS:
            return text
        node = yaml.ScalarNode(tag, text)
        try:
            match tag.removeprefix(_PREFIX):
                case "null":
                    return None
                case "bool":
                    return bool(self.resolver.construct_yaml_bool(node))
                case "int":
                    return int(self.resolver.construct_yaml_int(node))
                case "float":
                    number = float(self.resolver.construct_yaml_float(node))
                    return number if math.isfinite(number) else text
        except (ValueError, KeyError) as error:
            raise _refused(f"{text!r} is not a {tag.removeprefix(_PREFIX)}", event) from error
        return text
