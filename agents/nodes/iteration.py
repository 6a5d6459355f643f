"""iteration: runs its nodes once for each item of a list, several at once if it may, and collects what they give."""

import time
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator

from agents.errors import InnerFailed, WrongType
from agents.events import RoundFinished
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.nodes.container import RoundMarker, run_rounds
from agents.types import JsonObject, JsonValue
from agents.workflow.graph import Expectation, Selector
from agents.workflow.variables import VarType, element_of, type_of, var_type

MAX_PARALLEL = 10
ITEM_TYPES: Mapping[str, str] = {"item": "any", "index": "number"}
ErrorMode = Literal["terminated", "continue-on-error", "remove-abnormal-output"]


class IterationConfig(Lenient):
    """Over what it runs, what it keeps of each round, and what a round that fails means for the others."""

    iterator_selector: tuple[str, ...] = Field(min_length=2)
    output_selector: tuple[str, ...] = Field(min_length=2)
    is_parallel: bool = False
    parallel_nums: int = Field(default=MAX_PARALLEL, ge=1, le=MAX_PARALLEL)
    error_handle_mode: ErrorMode = "terminated"
    flatten_output: bool = True
    start_node_id: str = ""
    iterator_input_type: str = "array[any]"
    output_type: str = "array[any]"

    @field_validator("start_node_id", "iterator_input_type", "output_type", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        if value is not None:
            return value
        return "" if getattr(info, "field_name", "") == "start_node_id" else "array[any]"

    @property
    def rounds_at_once(self) -> int:
        """How many rounds may run beside each other."""
        return self.parallel_nums if self.is_parallel else 1


class IterationNode(Node[IterationConfig]):
    kind: ClassVar[str] = "iteration"
    title: ClassVar[str] = "Iteration"
    description: ClassVar[str] = "Does the same for each item of a list"
    category: ClassVar[str] = "flow"
    icon: ClassVar[str] = "repeat"
    outputs: ClassVar[dict[str, str]] = {"output": "array[any]"}
    config_type = IterationConfig
    is_container = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        return {"output": var_type(config.output_type)}

    def inner_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        return {**ITEM_TYPES, "item": element_of(var_type(config.iterator_input_type))}

    def inner_start(self, config: BaseModel) -> str:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        return config.start_node_id

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        yield config.iterator_selector

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        any_array: tuple[VarType, ...] = ("array[any]",)
        yield Expectation(config.iterator_selector, any_array)

    def inner_references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, IterationConfig), "the registry pairs a node with its own configuration"
        yield config.output_selector

    def inputs(self, ctx: NodeContext, config: IterationConfig) -> JsonObject:
        return {"iterator_selector": ctx.scope.lookup(config.iterator_selector)}

    async def run(self, ctx: NodeContext, config: IterationConfig) -> NodeResult:
        items = _items(ctx, config)
        kept: dict[int, JsonValue] = {}
        failed: set[int] = set()
        for index, past in ctx.past.rounds.items():
            kept[index] = past.output
            if past.failure:
                failed.add(index)

        async def run_one(index: int) -> None:
            began = time.perf_counter()
            failure: JsonObject = {}
            kept[index] = None
            try:
                ended = await ctx.rounds.run(index, {"item": items[index], "index": index})
                kept[index] = ended.scope.lookup(config.output_selector)
            except InnerFailed as error:
                if error.is_final or config.error_handle_mode == "terminated":
                    raise
                failure = {"code": error.code, "message": str(error)}
                failed.add(index)
            elapsed_ms = (time.perf_counter() - began) * 1000
            await ctx.emit_stored(RoundFinished(ctx.node_id, index, kept[index], failure, elapsed_ms))

        missing = [index for index in range(len(items)) if index not in kept]
        await run_rounds(missing, config.rounds_at_once, run_one)
        is_dropped = config.error_handle_mode == "remove-abnormal-output"
        output = [kept[index] for index in range(len(items)) if not (is_dropped and index in failed)]
        return NodeResult({"output": _flat(output) if config.flatten_output else output})


def _items(ctx: NodeContext, config: IterationConfig) -> list[JsonValue]:
    value = ctx.scope.lookup(config.iterator_selector)
    if value is None:
        return []
    if not isinstance(value, list):
        name = ".".join(config.iterator_selector)
        raise WrongType(f"{name!r} is of type {type_of(value)}: an iteration runs over a list")
    return value


def _flat(output: list[JsonValue]) -> list[JsonValue]:
    """Return one list where each round gave a list; a round that failed gave nothing to it."""
    there = [item for item in output if item is not None]
    if not there or not all(isinstance(item, list) for item in there):
        return output
    return [element for item in there if isinstance(item, list) for element in item]


class IterationStartNode(RoundMarker):
    kind: ClassVar[str] = "iteration-start"
    title: ClassVar[str] = "Iteration start"
    description: ClassVar[str] = "Where each round of an iteration begins"
    icon: ClassVar[str] = "player-play"
    is_entry = True
    belongs_in: ClassVar[str] = IterationNode.kind
