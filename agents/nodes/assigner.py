"""assigner: gives variables of the conversation, and of the loop that it lies in, new values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic import JsonValue as AnyJson

from agents.errors import UnknownVariable, WrongType
from agents.nodes.assigning import OPERATIONS, READS, Operation, apply
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue, RunSpec
from agents.workflow.expressions import Scope, normal
from agents.workflow.graph import CONVERSATION, Expectation, Selector
from agents.workflow.variables import VarType, is_of, var_type

_OLD_MODES = {"over-write": "over-write", "append": "append", "clear": "clear"}


class AssignedItem(Lenient):
    """One operation on one variable; `value` is a selector, or a constant, or nothing."""

    variable_selector: tuple[str, ...] = Field(min_length=2, max_length=2)
    input_type: Literal["variable", "constant"] = "variable"
    operation: Operation
    value: AnyJson = None

    @property
    def source(self) -> Selector | None:
        """Where the value is read; None for a constant, and where no value is needed."""
        if self.operation not in READS or self.input_type == "constant" or not isinstance(self.value, list):
            return None
        return tuple(str(part) for part in self.value)

    @model_validator(mode="after")
    def _has_its_value(self) -> "AssignedItem":
        if self.operation in READS and self.input_type == "variable" and len(self.source or ()) < 2:
            raise ValueError(f"{self.operation!r} needs a variable as its value, not {self.value!r}: choose one")
        return self


class AssignerConfig(Lenient):
    """The operations in their order; older files have one, spread over three keys."""

    items: tuple[AssignedItem, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _older_files_have_one_item(cls, data: object) -> object:
        if not isinstance(data, Mapping) or data.get("items") is not None or "assigned_variable_selector" not in data:
            return data
        item = {
            "variable_selector": data["assigned_variable_selector"],
            "input_type": "variable",
            "operation": data.get("write_mode", "over-write"),
            "value": data.get("input_variable_selector"),
        }
        return {**data, "items": [item]}


class AssignerNode(Node[AssignerConfig]):
    kind: ClassVar[str] = "assigner"
    title: ClassVar[str] = "Assign variables"
    description: ClassVar[str] = "Gives variables of the conversation or of a loop new values"
    category: ClassVar[str] = "transform"
    icon: ClassVar[str] = "variable"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = AssignerConfig

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what is read; a constant is no template."""
        assert isinstance(config, AssignerConfig), "the registry pairs a node with its own configuration"
        return (item.source for item in config.items if item.source is not None)

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, AssignerConfig), "the registry pairs a node with its own configuration"
        for item in config.items:
            operation = OPERATIONS[item.operation]
            yield Expectation(item.variable_selector, operation.changes)
            if item.source is not None:
                yield Expectation(item.source, operation.takes)

    def assigned(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, AssignerConfig), "the registry pairs a node with its own configuration"
        return (item.variable_selector for item in config.items)

    def inputs(self, ctx: NodeContext, config: AssignerConfig) -> JsonObject:
        sources = [item.source for item in config.items if item.source is not None]
        return {".".join(normal(source)): ctx.scope.lookup(source) for source in sources}

    async def run(self, ctx: NodeContext, config: AssignerConfig) -> NodeResult:
        """Compute everything before anything is written: an item that fails leaves all variables as they were."""
        scope = ctx.scope
        changed: dict[Selector, JsonValue] = {}
        for item in config.items:
            changed[item.variable_selector] = value = _result(item, scope, ctx.spec)
            scope = _with(scope, item.variable_selector, value)
        for selector, value in changed.items():
            await ctx.assign(selector, value)
        return NodeResult({})


def _result(item: AssignedItem, scope: Scope, spec: RunSpec) -> JsonValue:
    name = ".".join(item.variable_selector)
    kind = declared_type(item.variable_selector, spec)
    value = scope.lookup(item.source) if item.source is not None else _constant(item, kind, name)
    try:
        result = apply(item.operation, scope.lookup(item.variable_selector), value, kind)
    except WrongType as error:
        raise WrongType(f"{item.operation!r} on {name!r}: {error}") from error
    if not is_of(result, kind):
        raise WrongType(f"{name!r} is of type {kind} and cannot become {str(result)[:80]!r}")
    return result


def declared_type(selector: Selector, spec: RunSpec) -> VarType:
    """Return the type of a variable as the application declares it; "any" where it does not."""
    source, name = selector
    if source == CONVERSATION:
        return next((var_type(item.type) for item in spec.conversation if item.name == name), "any")
    for node in spec.nodes:
        variables = node.config.get("loop_variables") if node.id == source else None
        for item in variables if isinstance(variables, list) else ():
            if isinstance(item, dict) and item.get("label") == name:
                return var_type(str(item.get("var_type")))
    return "any"


def _constant(item: AssignedItem, kind: VarType, name: str) -> JsonValue:
    """Return a constant; editors write objects and lists as text."""
    value = item.value
    if item.operation not in ("set", "over-write") or not isinstance(value, str) or kind in ("string", "any"):
        return value
    if value == "" and kind not in ("number", "boolean"):
        return {} if kind == "object" else []
    try:
        parsed: JsonValue = json.loads(value)
    except ValueError as error:
        raise WrongType(f"{name!r} is of type {kind} and cannot become {value[:80]!r}: write it as JSON") from error
    return parsed


def _with(scope: Scope, selector: Selector, value: JsonValue) -> Scope:
    """Return the scope as the items after this one see it."""
    source, name = selector
    if source == CONVERSATION:
        return replace(scope, conversation={**scope.conversation, name: value})
    if source not in scope.nodes:
        raise UnknownVariable(f"nothing provides {'.'.join(selector)!r}: only a loop around this node does")
    return replace(scope, nodes={**scope.nodes, source: {**scope.nodes[source], name: value}})
