"""Templates: `{{name}}` for inputs, `{{#node.field#}}`, `{{#sys.query#}}` and `{{#context#}}`.

A value is inserted once and never read as a template again, so that nothing a user typed can name a variable.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from agents.errors import UnknownVariable
from agents.types import JsonObject, JsonValue
from agents.workflow.variables import file_attribute, is_file

_REFERENCE = re.compile(r"\{\{\s*(?:#\s*(?P<selector>[^#{}]+?)\s*#|(?P<name>[^\W\d]\w*))\s*\}\}")
SYSTEM_TYPES: Mapping[str, str] = {
    "query": "string",
    "files": "array[file]",
    "conversation_id": "string",
    "user_id": "string",
    "app_id": "string",
    "workflow_id": "string",
    "workflow_run_id": "string",
    "dialogue_count": "number",
    "timestamp": "number",
}
SYSTEM_NAMES = tuple(SYSTEM_TYPES)
CONTEXT = ("context",)
NO_BLOCKS: Mapping[tuple[str, ...], str] = MappingProxyType({CONTEXT: ""})


def normal(selector: Sequence[str]) -> tuple[str, ...]:
    """Return the selector; older files name system values as if the start gave them: `(start, "sys.query")`."""
    if len(selector) == 2 and selector[1].startswith("sys."):  # a node and its field
        return ("sys", selector[1].removeprefix("sys."))
    if len(selector) > 2 and selector[1] == "sys":  # the same, written with dots
        return tuple(selector[1:])
    return tuple(selector)


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a template may name. `skipped` nodes exist but never ran: their fields are empty.

    `is_lenient` leaves a `{{name}}` that is no input as it stands: in a graph it is nothing but text.
    """

    inputs: JsonObject = field(default_factory=dict)
    nodes: Mapping[str, JsonObject] = field(default_factory=dict)
    system: JsonObject = field(default_factory=dict)
    skipped: Collection[str] = ()
    environment: JsonObject = field(default_factory=dict)
    conversation: JsonObject = field(default_factory=dict)
    is_lenient: bool = False

    def lookup(self, selector: Sequence[str]) -> JsonValue:
        """Return the value at `(source, field, …)`; raises `UnknownVariable` with what exists.

        Inside a value, the way goes on by keys and, in a list, by positions from 0.
        """
        source, *path = normal(selector)
        if source in self.skipped:
            return None
        found = self._source(source)
        if found is None or not path or path[0] not in found:
            raise self._unknown(f"{{{{#{'.'.join(selector)}#}}}}")
        value = found[path[0]]
        for part in path[1:]:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, dict) and is_file(value):
                value = file_attribute(value, part)
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None  # the output is there, but has no such part this time
        return value

    def _source(self, source: str) -> JsonObject | None:
        match source:
            case "sys":
                return self.system
            case "env":
                return self.environment
            case "conversation":
                return self.conversation
            case _:
                return self.nodes.get(source)

    def input(self, name: str) -> JsonValue:
        """Return the input `name`; raises `UnknownVariable` with what exists."""
        if name not in self.inputs:
            raise self._unknown(f"{{{{{name}}}}}")
        return self.inputs[name]

    def _unknown(self, what: str) -> UnknownVariable:
        inputs = [f"{{{{{name}}}}}" for name in self.inputs]
        nodes = [f"{{{{#{node}.{name}#}}}}" for node, outputs in self.nodes.items() for name in outputs]
        system = [f"{{{{#sys.{name}#}}}}" for name in self.system]
        return _unknown_variable(what, [*inputs, *nodes, *system])


def _unknown_variable(what: str, known: Sequence[str]) -> UnknownVariable:
    return UnknownVariable(
        f"nothing provides {what}: declare it or use one of {', '.join(known) or '(there are none)'}"
    )


def render(template: str, scope: Scope, *, blocks: Mapping[tuple[str, ...], str] = NO_BLOCKS) -> str:
    """Return `template` with every reference replaced; `blocks` are texts that go before the values of the scope."""

    def value_of(match: re.Match[str]) -> str:
        if match["name"] is not None:
            if scope.is_lenient and match["name"] not in scope.inputs:
                return match[0]
            return as_text(scope.input(match["name"]))
        selector = _selector(match)
        return blocks[selector] if selector in blocks else as_text(scope.lookup(selector))

    return _REFERENCE.sub(value_of, template)


def as_text(value: JsonValue) -> str:
    """Return how a value reads inside a text: a string as it is, nothing for null, JSON for the rest."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def variables_of(template: str) -> tuple[str, ...]:
    """Return the names of the inputs (`{{name}}`) that `template` uses, each once, in order."""
    return tuple(dict.fromkeys(match["name"] for match in _REFERENCE.finditer(template) if match["name"]))


def selectors_of(template: str) -> tuple[tuple[str, ...], ...]:
    """Return the references (`{{#node.field#}}`) that `template` uses, each once, in order."""
    return tuple(dict.fromkeys(_selector(match) for match in _REFERENCE.finditer(template) if not match["name"]))


def pieces_of(template: str) -> tuple[str | tuple[str, ...], ...]:
    """Return the template cut into text as it stands and the selectors (`{{#node.field#}}`) between it."""
    pieces: list[str | tuple[str, ...]] = []
    begin = 0
    for match in _REFERENCE.finditer(template):
        if match["name"] is not None:
            continue
        pieces += [template[begin : match.start()], normal(_selector(match))]
        begin = match.end()
    pieces.append(template[begin:])
    return tuple(piece for piece in pieces if piece)


def check_template(template: str, names: Collection[str]) -> None:
    """Raise `UnknownVariable` unless `template` uses only `names`, `{{#sys.…#}}` and `{{#context#}}`."""
    known = [f"{{{{{name}}}}}" for name in names]
    known += [f"{{{{#sys.{name}#}}}}" for name in SYSTEM_NAMES] + ["{{#context#}}"]
    for name in variables_of(template):
        if name not in names:
            raise _unknown_variable(f"{{{{{name}}}}}", known)
    for selector in selectors_of(template):
        what = f"{{{{#{'.'.join(selector)}#}}}}"
        if what not in known:
            raise _unknown_variable(what, known)


def _selector(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(match["selector"].split("."))
