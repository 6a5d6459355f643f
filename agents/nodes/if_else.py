"""if-else: follows the way of the first case whose conditions hold, or the way out "false"."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, Field, field_validator, model_validator

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.conditions import Condition, Join, all_hold, expectations_of, references_of
from agents.workflow.graph import Expectation, Selector

ELSE = "false"
ONLY_CASE = "true"
"""The way out of the one case that older files have."""


class IfCase(Lenient):
    """Conditions with the way out that they lead to."""

    case_id: str = Field(min_length=1)
    logical_operator: Join = "and"
    conditions: tuple[Condition, ...] = ()


class IfElseConfig(Lenient):
    """The cases in the order in which they are asked; older files have one, without a list."""

    cases: tuple[IfCase, ...] = ()
    logical_operator: Join = "and"
    conditions: tuple[Condition, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _cases_replace_older_conditions(cls, data: object) -> object:
        return {**data, "conditions": ()} if isinstance(data, dict) and data.get("cases") else data

    @field_validator("cases", "conditions", "logical_operator", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        if value is not None:
            return value
        return "and" if getattr(info, "field_name", "") == "logical_operator" else ()

    @field_validator("cases")
    @classmethod
    def _ways_out_differ(cls, cases: tuple[IfCase, ...]) -> tuple[IfCase, ...]:
        ids = [case.case_id for case in cases]
        for case_id in ids:
            if case_id == ELSE or ids.count(case_id) > 1:
                raise ValueError(f"the case_id {case_id!r} is taken: give each case another than {ELSE!r}")
        return cases

    def all_cases(self) -> tuple[IfCase, ...]:
        """Return the cases, the one of an older file too."""
        if self.cases:
            return self.cases
        return (IfCase(case_id=ONLY_CASE, logical_operator=self.logical_operator, conditions=self.conditions),)

    def all_conditions(self) -> Iterator[Condition]:
        """Yield the conditions of all cases."""
        for case in self.all_cases():
            yield from case.conditions


class IfElseNode(Node[IfElseConfig]):
    kind: ClassVar[str] = "if-else"
    title: ClassVar[str] = "If / else"
    description: ClassVar[str] = "Goes the way of the first case that holds"
    category: ClassVar[str] = "logic"
    icon: ClassVar[str] = "arrows-split-2"
    outputs: ClassVar[dict[str, str]] = {"result": "boolean", "selected_case_id": "string"}
    config_type = IfElseConfig
    is_pure = True

    def handles(self, config: BaseModel) -> frozenset[str]:
        assert isinstance(config, IfElseConfig), "the registry pairs a node with its own configuration"
        return frozenset({*(case.case_id for case in config.all_cases()), ELSE})

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, IfElseConfig), "the registry pairs a node with its own configuration"
        return references_of(config.all_conditions())

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, IfElseConfig), "the registry pairs a node with its own configuration"
        return expectations_of(config.all_conditions())

    def inputs(self, ctx: NodeContext, config: IfElseConfig) -> JsonObject:
        values: dict[str, JsonValue] = {}
        for condition in config.all_conditions():
            values[condition.name] = ctx.scope.lookup(condition.variable_selector)
        return values

    async def run(self, ctx: NodeContext, config: IfElseConfig) -> NodeResult:
        for case in config.all_cases():
            if all_hold(case.conditions, case.logical_operator, ctx.scope):
                return NodeResult({"result": True, "selected_case_id": case.case_id}, handle=case.case_id)
        return NodeResult({"result": False, "selected_case_id": ELSE}, handle=ELSE)
