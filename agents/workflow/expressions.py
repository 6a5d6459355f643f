"""Templates: `{{name}}` for inputs, `{{#node.field#}}`, `{{#sys.query#}}` and `{{#context#}}`.

A value is inserted once and never read as a template again, so that nothing a user typed can name a variable.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agents.errors import UnknownVariable
from agents.types import JsonObject, JsonValue

_REFERENCE = re.compile(r"\{\{\s*(?:#\s*(?P<selector>[^#{}]+?)\s*#|(?P<name>[^\W\d]\w*))\s*\}\}")
SYSTEM_NAMES = ("query", "files", "conversation_id", "user_id", "app_id", "workflow_run_id", "dialogue_count")
CONTEXT = ("context",)


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a template may name. `skipped` nodes exist but never ran: their fields are empty."""

    inputs: JsonObject = field(default_factory=dict)
    nodes: Mapping[str, JsonObject] = field(default_factory=dict)
    system: JsonObject = field(default_factory=dict)
    skipped: Collection[str] = ()

    def lookup(self, selector: Sequence[str]) -> JsonValue:
        """Return the value at `(source, field, …)`; raises `UnknownVariable` with what exists."""
        source, *path = selector
        if source in self.skipped:
            return None
        found = self.system if source == "sys" else self.nodes.get(source)
        if found is None or not path:
            raise self._unknown(f"{{{{#{'.'.join(selector)}#}}}}")
        value: JsonValue = dict(found)
        for part in path:
            if not isinstance(value, dict) or part not in value:
                raise self._unknown(f"{{{{#{'.'.join(selector)}#}}}}")
            value = value[part]
        return value

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


def render(template: str, scope: Scope, context: str = "") -> str:
    """Return `template` with every reference replaced; `context` is what `{{#context#}}` stands for."""

    def value_of(match: re.Match[str]) -> str:
        if match["name"] is not None:
            return as_text(scope.input(match["name"]))
        selector = _selector(match)
        return context if selector == CONTEXT else as_text(scope.lookup(selector))

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
