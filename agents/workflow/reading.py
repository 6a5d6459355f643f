"""Checks what the nodes of a graph read and write: that it exists, is upstream, and is of a type they can work with."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel

from agents.errors import GraphError
from agents.types import Given, NodeSpec
from agents.workflow.expressions import SYSTEM_TYPES, normal
from agents.workflow.failure import ERROR_OUTPUTS, FailureHandling
from agents.workflow.graph import (
    CONTEXT,
    CONVERSATION,
    ENVIRONMENT,
    Declared,
    NodeKind,
    Selector,
)
from agents.workflow.variables import VarType, fits, type_of, var_type

_FIELD = 2
"""A selector of this length names a node's output itself; a longer one names a part of it, whose type is unknown."""


class Saved(Protocol):
    """What is known of the graph under validation."""

    errors: list[GraphError]
    specs: dict[str, NodeSpec]
    configs: dict[str, BaseModel]
    handling: dict[str, FailureHandling]

    def kind_of(self, node_id: str) -> NodeKind | None:
        """Return the kind of a node; None for an unknown one."""
        ...


class Reading:
    """Adds to the errors of `saved`."""

    def __init__(self, saved: Saved, declared: Declared, given: Mapping[str, Given]) -> None:
        self._saved = saved
        self._declared = declared
        self._given = given

    def check(self, node_id: str, visible: frozenset[str]) -> None:
        """Check everything that a node reads from upstream, and the variables that it writes."""
        kind, config = self._saved.kind_of(node_id), self._saved.configs[node_id]
        assert kind is not None, "a node with a configuration has a kind"
        broken: set[Selector] = set()
        for selector in dict.fromkeys(kind.references(config)):
            if not self._exists(node_id, selector, visible):
                broken.add(normal(selector))
        for expectation in kind.expectations(config):
            if normal(expectation.selector) not in broken:
                self._check_type(node_id, expectation.selector, expectation.types)
        for selector in kind.assigned(config):
            self._check_assigned(node_id, selector)

    def check_inner(self, node_id: str, inside: frozenset[str]) -> None:
        """Check what a container reads after a round: from its own nodes, and from what they may read."""
        kind, config = self._saved.kind_of(node_id), self._saved.configs[node_id]
        assert kind is not None, "a node with a configuration has a kind"
        for selector in dict.fromkeys(kind.inner_references(config)):
            self._exists(node_id, selector, inside, within=node_id)

    def _containers(self, node_id: str) -> list[str]:
        found: list[str] = []
        parent = self._saved.specs[node_id].parent
        while parent in self._saved.specs and parent not in found:
            found.append(parent)
            parent = self._saved.specs[parent].parent
        return found

    def _wrong(self, node_id: str, message: str) -> None:
        self._saved.errors.append(GraphError(node_id, message))

    def _exists(self, node_id: str, selector: Selector, visible: frozenset[str], *, within: str = "") -> bool:
        source, *path = normal(selector)
        name = ".".join((source, *path))
        if source == CONTEXT:
            return True
        declared = self._declared_of(source)
        if declared is not None:
            return self._is_declared(node_id, name, source, path, declared)
        if source in (ENVIRONMENT, CONVERSATION) or source in self._given:
            return True
        return self._is_upstream(node_id, name, (source, *path), visible, within)

    def _is_upstream(self, node_id: str, name: str, selector: Selector, visible: frozenset[str], within: str) -> bool:
        source, *path = selector
        if source not in self._saved.specs:
            self._wrong(node_id, f"it reads {name!r}, but there is no node {source!r}")
            return False
        if source not in visible:
            self._wrong(node_id, f"it reads {name!r}, but {source!r} is not upstream of it")
            return False
        known = self._outputs(source, node_id, within)
        if path and known is not None and path[0] not in known:
            gives = ", ".join(sorted(known)) or "nothing"
            self._wrong(node_id, f"it reads {name!r}, but {source!r} gives only {gives}")
            return False
        return True

    def _is_declared(self, node_id: str, name: str, source: str, path: list[str], known: Mapping[str, str]) -> bool:
        if path and path[0] in known:
            return True
        there = ", ".join(f"{source}.{item}" for item in known) or "none"
        self._wrong(node_id, f"it reads {name!r}, but there is no such variable; there are: {there}")
        return False

    def _declared_of(self, source: str) -> Mapping[str, str] | None:
        match source:
            case "sys":
                return SYSTEM_TYPES
            case "env":
                return self._declared.environment
            case "conversation":
                return self._declared.conversation
        return None

    def _outputs(self, source: str, reader: str, within: str = "") -> Mapping[str, str] | None:
        """Return what `source` gives to `reader`: a container gives other values to what lies in it."""
        kind, config = self._saved.kind_of(source), self._saved.configs.get(source)
        if kind is None or config is None:
            return None
        if source == within or source in self._containers(reader):
            return kind.inner_types(config)
        outputs = kind.output_types(config)
        handling = self._saved.handling.get(source)
        if outputs is None or handling is None or handling.error_strategy is None:
            return outputs
        return {**outputs, **ERROR_OUTPUTS, **{item.key: item.type for item in handling.default_value}}

    def type_at(self, selector: Selector, reader: str) -> VarType:
        """Return the type of what is at the selector; "any" where it is not known before the run."""
        source, *path = normal(selector)
        if len(path) != _FIELD - 1:
            return "any"
        if source in self._given:
            return type_of(self._given[source].outputs.get(path[0]))
        types = self._declared_of(source)
        if source in self._saved.specs:
            types = self._outputs(source, reader)
        return var_type((types or {}).get(path[0], "any"))

    def _check_type(self, node_id: str, selector: Selector, wanted: tuple[VarType, ...]) -> None:
        found = self.type_at(selector, node_id)
        if not fits(found, wanted):
            name = ".".join(normal(selector))
            self._wrong(node_id, f"it reads {name!r}, which is of type {found}; it takes {' or '.join(wanted)}")

    def _check_assigned(self, node_id: str, selector: Selector) -> None:
        source, *path = selector
        name = ".".join(selector)
        if source == CONVERSATION:
            known = self._declared.conversation
        elif source in self._containers(node_id):
            known = self._outputs(source, node_id)
        else:
            self._wrong(node_id, f"it writes {name!r}: only conversation variables, and those of its own loop, change")
            return
        if known is not None and (not path or path[0] not in known):
            there = ", ".join(f"{source}.{item}" for item in known) or "none"
            self._wrong(node_id, f"it writes {name!r}, but there is no such variable; there are: {there}")
