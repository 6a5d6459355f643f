"""Conditions and the values that they are asked of, for tests."""

from agents.types import JsonValue
from agents.workflow.conditions import (
    Condition,
    holds,
)
from agents.workflow.expressions import Scope
from agents.workflow.scope import file_value

PDF = file_value("f1", "report.PDF", "application/pdf", 2048)
PNG = file_value("f2", "photo.png", "image/png", 10)


def scope_with(**values: JsonValue) -> Scope:
    return Scope(nodes={"n": values}, conversation={"limit": 3}, skipped={"skipped"})


def condition(operator: str, value: JsonValue = None, field: str = "v", **more: JsonValue) -> Condition:
    return Condition.model_validate(
        {"variable_selector": ["n", field], "comparison_operator": operator, "value": value, **more}
    )


def ask(actual: JsonValue, operator: str, value: JsonValue = None, **more: JsonValue) -> bool:
    return holds(condition(operator, value, "v", **more), scope_with(v=actual))


def files_condition(operator: str, *parts: JsonValue, join: str = "and") -> Condition:
    return condition(
        operator, "", "files", sub_variable_condition={"logical_operator": join, "conditions": list(parts)}
    )


def part(key: str, operator: str, value: JsonValue) -> dict[str, JsonValue]:
    return {"key": key, "comparison_operator": operator, "value": value, "varType": "string"}


IS_IMAGE = part("type", "in", ["image"])
IS_SMALL = part("size", "<", "100")
