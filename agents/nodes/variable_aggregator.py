"""variable-aggregator: joins branches: the first value that is there goes on."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, field_validator

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import Scope, normal
from agents.workflow.graph import Expectation, Selector
from agents.workflow.variables import var_type

Chosen = Annotated[tuple[str, ...], Field(min_length=2)]


class Group(Lenient):
    """Values of which one goes on, under the group's name."""

    group_name: str = Field(min_length=1)
    output_type: str = "any"
    variables: tuple[Chosen, ...] = ()


class AdvancedSettings(Lenient):
    """Several groups instead of one."""

    group_enabled: bool = False
    groups: tuple[Group, ...] = ()

    @field_validator("groups")
    @classmethod
    def _names_differ(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        names = [group.group_name for group in groups]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"groups share the names {', '.join(map(repr, twice))}: give each its own")
        return groups


class VariableAggregatorConfig(Lenient):
    """The values in the order in which they are preferred."""

    output_type: str = "any"
    variables: tuple[Chosen, ...] = ()
    advanced_settings: AdvancedSettings | None = None

    @field_validator("output_type", mode="before")
    @classmethod
    def _null_is_any(cls, value: object) -> object:
        return "any" if value is None else value

    def groups(self) -> tuple[Group, ...]:
        """Return the groups; none where there is one unnamed list."""
        settings = self.advanced_settings
        return settings.groups if settings and settings.group_enabled else ()

    def lists(self) -> tuple[tuple[str, tuple[Selector, ...]], ...]:
        """Return each list of values with the type of what it gives."""
        groups = self.groups()
        if groups:
            return tuple((group.output_type, group.variables) for group in groups)
        return ((self.output_type, self.variables),)


class VariableAggregatorNode(Node[VariableAggregatorConfig]):
    kind: ClassVar[str] = "variable-aggregator"
    title: ClassVar[str] = "Variable aggregator"
    description: ClassVar[str] = "Joins branches: the first value that is there goes on"
    category: ClassVar[str] = "logic"
    icon: ClassVar[str] = "arrow-merge"
    outputs: ClassVar[dict[str, str]] = {"output": "any"}
    config_type = VariableAggregatorConfig
    is_pure = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, VariableAggregatorConfig), "the registry pairs a node with its own configuration"
        return {group.group_name: "object" for group in config.groups()} or {"output": config.output_type}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, VariableAggregatorConfig), "the registry pairs a node with its own configuration"
        for _, selectors in config.lists():
            yield from selectors

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, VariableAggregatorConfig), "the registry pairs a node with its own configuration"
        for kind, selectors in config.lists():
            for selector in selectors:
                yield Expectation(selector, (var_type(kind),))

    def inputs(self, ctx: NodeContext, config: VariableAggregatorConfig) -> JsonObject:
        return {".".join(normal(selector)): ctx.scope.lookup(selector) for selector in self.references(config)}

    async def run(self, ctx: NodeContext, config: VariableAggregatorConfig) -> NodeResult:
        groups = config.groups()
        if not groups:
            return NodeResult({"output": _first(config.variables, ctx.scope)})
        return NodeResult({group.group_name: {"output": _first(group.variables, ctx.scope)} for group in groups})


def _first(selectors: Iterable[Selector], scope: Scope) -> JsonValue:
    """Return the first value that is not null, null when none is: those of branches that did not run are."""
    return next((value for selector in selectors if (value := scope.lookup(selector)) is not None), None)
