"""loop: runs its nodes again and again, with variables that go from round to round, until a condition ends it."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic import JsonValue as AnyJson

from agents.errors import UnknownVariable, WrongType
from agents.events import RoundFinished
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.nodes.container import RoundMarker
from agents.types import JsonObject, JsonValue
from agents.workflow.conditions import Condition, Join, all_hold, references_of
from agents.workflow.expressions import Scope
from agents.workflow.graph import Expectation, Selector
from agents.workflow.paths import node_of
from agents.workflow.variables import VarType, empty_of, is_of, type_of, var_type

MAX_ROUNDS = 100
INDEX, ROUND_NUMBER = "index", "loop_round"
RESERVED = frozenset((INDEX, ROUND_NUMBER))


class LoopVariable(Lenient):
    """A value that goes from round to round; it begins as a constant or as another value of the graph."""

    label: str = Field(min_length=1)
    var_type: str = "string"
    value_type: Literal["variable", "constant"] = "constant"
    value: AnyJson = None

    @property
    def selector(self) -> Selector | None:
        """Where the first value is read; None for a constant."""
        if self.value_type == "constant" or not isinstance(self.value, list):
            return None
        return tuple(str(part) for part in self.value)

    @model_validator(mode="after")
    def _a_variable_is_named(self) -> "LoopVariable":
        if self.label in RESERVED:
            raise ValueError(f"the loop itself gives {self.label!r}: choose another name")
        if self.value_type == "variable" and len(self.selector or ()) <= 1:
            raise ValueError(
                f"the variable {self.label!r} begins with {self.value!r}, which names no value: choose one"
            )
        if self.value_type == "constant":
            constant_of(self)
        return self


class LoopConfig(Lenient):
    """How often at most, when it is enough, and what goes from round to round."""

    loop_count: int = Field(default=10, ge=1, le=MAX_ROUNDS)
    break_conditions: tuple[Condition, ...] = ()
    logical_operator: Join = "and"
    loop_variables: tuple[LoopVariable, ...] = ()
    start_node_id: str = ""

    @field_validator("break_conditions", "loop_variables", "start_node_id", "logical_operator", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        absent = {"start_node_id": "", "logical_operator": "and"}
        return absent.get(getattr(info, "field_name", ""), ()) if value is None else value

    @field_validator("loop_variables")
    @classmethod
    def _each_name_once(cls, variables: tuple[LoopVariable, ...]) -> tuple[LoopVariable, ...]:
        names = [item.label for item in variables]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"several variables are named {', '.join(map(repr, twice))}: each needs its own name")
        return variables

    def types(self) -> dict[str, str]:
        """Return the variables with their types."""
        return {item.label: var_type(item.var_type) for item in self.loop_variables}


def constant_of(variable: LoopVariable) -> JsonValue:
    """Return the constant; editors write numbers, objects and lists as text. Raises `ValueError` for another type."""
    kind, value = var_type(variable.var_type), variable.value
    if value is None or (value == "" and kind != "string"):
        return empty_of(kind)
    if isinstance(value, str) and kind not in ("string", "any"):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(
                f"{variable.label!r} begins with {value!r}, which is no {kind}: write it as JSON"
            ) from error
    if not is_of(value, kind):
        raise ValueError(f"{variable.label!r} begins with {value!r}, which is of type {type_of(value)}, not {kind}")
    return value


class LoopNode(Node[LoopConfig]):
    kind: ClassVar[str] = "loop"
    title: ClassVar[str] = "Loop"
    description: ClassVar[str] = "Does the same again until it is enough"
    category: ClassVar[str] = "flow"
    icon: ClassVar[str] = "refresh"
    outputs: ClassVar[dict[str, str]] = {ROUND_NUMBER: "number"}
    config_type = LoopConfig
    is_container = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        return {**config.types(), **self.outputs}

    def inner_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        return {**config.types(), INDEX: "number", ROUND_NUMBER: "number"}

    def inner_start(self, config: BaseModel) -> str:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        return config.start_node_id

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        return (item.selector for item in config.loop_variables if item.selector)

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        for item in config.loop_variables:
            kind: VarType = var_type(item.var_type)
            if item.selector:
                yield Expectation(item.selector, (kind,))

    def inner_references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, LoopConfig), "the registry pairs a node with its own configuration"
        return references_of(config.break_conditions)

    def inputs(self, ctx: NodeContext, config: LoopConfig) -> JsonObject:
        return {"loop_count": config.loop_count, **_first(ctx, config)}

    async def run(self, ctx: NodeContext, config: LoopConfig) -> NodeResult:
        own_id = node_of(ctx.node_id)
        ends = {node.id for node in ctx.spec.nodes if node.parent == own_id and node.kind == LoopEndNode.kind}
        variables, done, is_over = _past(ctx, config)
        if not done:
            is_over = _holds_at_once(config, own_id, variables, ctx.scope)
        while done < config.loop_count and not is_over:
            began = time.perf_counter()
            ended = await ctx.rounds.run(done, {**variables, INDEX: done, ROUND_NUMBER: done + 1})
            now = ended.scope.nodes[own_id]
            variables = {name: now[name] for name in variables}
            is_over = bool(ends & ended.finished) or all_hold(
                config.break_conditions, config.logical_operator, ended.scope
            )
            output: JsonValue = {"variables": dict(variables), "is_over": is_over}
            elapsed_ms = (time.perf_counter() - began) * 1000
            await ctx.emit_stored(RoundFinished(ctx.node_id, done, output, elapsed_ms=elapsed_ms))
            done += 1
        return NodeResult({**variables, ROUND_NUMBER: done})


def _past(ctx: NodeContext, config: LoopConfig) -> tuple[JsonObject, int, bool]:
    """Return the variables, how many rounds have finished, and whether the last of them was the end."""
    done = len(ctx.past.rounds)
    if not done:
        return _first(ctx, config), 0, False
    output = ctx.past.rounds[done - 1].output
    assert isinstance(output, dict) and isinstance(output["variables"], dict), "a loop stores its variables"
    return output["variables"], done, output["is_over"] is True


def _first(ctx: NodeContext, config: LoopConfig) -> dict[str, JsonValue]:
    """Return the variables before the first round."""
    return {item.label: _first_value(ctx, item) for item in config.loop_variables}


def _first_value(ctx: NodeContext, item: LoopVariable) -> JsonValue:
    if not item.selector:
        return constant_of(item)
    value, kind = ctx.scope.lookup(item.selector), var_type(item.var_type)
    if not is_of(value, kind):
        name = ".".join(item.selector)
        raise WrongType(f"the variable {item.label!r} is a {kind}, but {name!r} is of type {type_of(value)}")
    return value


def _holds_at_once(config: LoopConfig, own_id: str, variables: JsonObject, scope: Scope) -> bool:
    """Whether the loop is over before it began; conditions on its own nodes cannot be asked yet."""
    try:
        before = replace(scope, nodes={**scope.nodes, own_id: {**variables, INDEX: 0, ROUND_NUMBER: 0}})
        return all_hold(config.break_conditions, config.logical_operator, before)
    except UnknownVariable:
        return False


class LoopStartNode(RoundMarker):
    kind: ClassVar[str] = "loop-start"
    title: ClassVar[str] = "Loop start"
    description: ClassVar[str] = "Where each round of a loop begins"
    icon: ClassVar[str] = "player-play"
    is_entry = True
    belongs_in: ClassVar[str] = LoopNode.kind


class LoopEndNode(RoundMarker):
    kind: ClassVar[str] = "loop-end"
    title: ClassVar[str] = "Exit loop"
    description: ClassVar[str] = "Where a round says that it was the last one"
    icon: ClassVar[str] = "player-stop"
    belongs_in: ClassVar[str] = LoopNode.kind
