"""list-operator: filters, orders and cuts a list, or takes one of its items."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from agents.errors import InvalidInput, WrongType
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.comparing import number_of
from agents.workflow.conditions import ItemCondition, attribute_of, item_holds, value_references
from agents.workflow.expressions import normal, render, selectors_of
from agents.workflow.graph import Expectation, Selector
from agents.workflow.variables import element_of, is_array, type_of, var_type


class Switch(Lenient):
    """A step that may be off; what an editor left in it then does not matter."""

    enabled: bool = False

    @model_validator(mode="before")
    @classmethod
    def _off_is_empty(cls, data: object) -> object:
        return data if isinstance(data, dict) and data.get("enabled") else {"enabled": False}


class FilterBy(Switch):
    """Which items stay: those for which all conditions hold."""

    conditions: tuple[ItemCondition, ...] = ()


class OrderBy(Switch):
    """By which attribute or key items are ordered; by themselves without one."""

    key: str = ""
    value: Literal["asc", "desc"] = "asc"


class Limit(Switch):
    """How many items stay, from the first on."""

    size: int = Field(default=10, ge=1)


class ExtractBy(Switch):
    """Which item is taken, counted from 1; may be a template."""

    serial: str = "1"

    @field_validator("serial", mode="before")
    @classmethod
    def _numbers_are_text_here(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


class ListOperatorConfig(Lenient):
    """The list and what is done to it, in this order: filter, extract, order, limit."""

    variable: tuple[str, ...] = Field(min_length=2)
    var_type: str = "array[any]"
    filter_by: FilterBy = FilterBy()
    extract_by: ExtractBy = ExtractBy()
    order_by: OrderBy = OrderBy()
    limit: Limit = Limit()

    @field_validator("var_type", mode="before")
    @classmethod
    def _null_is_any(cls, value: object) -> object:
        return value or "array[any]"


class ListOperatorNode(Node[ListOperatorConfig]):
    kind: ClassVar[str] = "list-operator"
    title: ClassVar[str] = "List operator"
    description: ClassVar[str] = "Filters, orders and cuts a list"
    category: ClassVar[str] = "transform"
    icon: ClassVar[str] = "filter"
    outputs: ClassVar[dict[str, str]] = {"result": "array[any]", "first_record": "any", "last_record": "any"}
    config_type = ListOperatorConfig
    is_pure = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, ListOperatorConfig), "the registry pairs a node with its own configuration"
        kind = var_type(config.var_type)
        if not is_array(kind):
            return self.outputs
        return {"result": kind, "first_record": element_of(kind), "last_record": element_of(kind)}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, ListOperatorConfig), "the registry pairs a node with its own configuration"
        yield config.variable
        yield from selectors_of(config.extract_by.serial)
        for condition in config.filter_by.conditions:
            yield from value_references(condition.value)

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, ListOperatorConfig), "the registry pairs a node with its own configuration"
        yield Expectation(config.variable, ("array[any]",))

    def inputs(self, ctx: NodeContext, config: ListOperatorConfig) -> JsonObject:
        return {"variable": ctx.scope.lookup(config.variable)}

    async def run(self, ctx: NodeContext, config: ListOperatorConfig) -> NodeResult:
        name = ".".join(normal(config.variable))
        value = ctx.scope.lookup(config.variable)
        if not isinstance(value, list | None):
            raise WrongType(f"{name!r} is of type {type_of(value)}, not a list: choose one")
        items: list[JsonValue] = list(value or ())
        if config.filter_by.enabled:
            conditions = config.filter_by.conditions
            items = [item for item in items if all(item_holds(part, item, ctx.scope, name) for part in conditions)]
        if config.extract_by.enabled and items:
            items = [_extracted(items, render(config.extract_by.serial, ctx.scope), name)]
        if config.order_by.enabled:
            items = ordered(items, config.order_by.key, name, is_descending=config.order_by.value == "desc")
        if config.limit.enabled:
            items = items[: config.limit.size]
        first, last = (items[0], items[-1]) if items else (None, None)
        return NodeResult({"result": items, "first_record": first, "last_record": last})


def _extracted(items: list[JsonValue], serial: str, name: str) -> JsonValue:
    number = number_of(serial)
    if not isinstance(number, int) or not 1 <= number <= len(items):
        raise InvalidInput(f"{name!r} has {len(items)} items here and no item {serial!r}: count them from 1")
    return items[number - 1]


def ordered(items: list[JsonValue], key: str, name: str, *, is_descending: bool) -> list[JsonValue]:
    """Return the items in the order of themselves or of their attribute `key`; equal ones keep their order.

    Those without a value come last either way. Raises `WrongType` for values of several types.
    """
    keyed = [(attribute_of(item, key), item) for item in items]
    there = [(value, item) for value, item in keyed if value is not None]
    kinds = {type_of(value) for value, _ in there}
    if len(kinds) > 1 or not kinds <= {"string", "number", "boolean"}:
        found = ", ".join(sorted(kinds))
        what = f"the values of {key!r} in {name!r}" if key else f"the items of {name!r}"
        raise WrongType(f"{what} are of type {found}: only texts, numbers or booleans can be ordered; choose a key")
    there.sort(key=lambda pair: pair[0], reverse=is_descending)  # type: ignore[arg-type, return-value]  # of one type
    return [item for _, item in there] + [item for value, item in keyed if value is None]
