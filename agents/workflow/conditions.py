"""Conditions on values of a graph, as if-else, loops and list filters hold them. Keys are Dify's."""

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from agents.errors import WrongType
from agents.types import JsonValue as Value
from agents.workflow.comparing import SPELLINGS, Operator, boolean_of, compare, number_of, takes
from agents.workflow.expressions import Scope, as_text, normal, pieces_of, selectors_of
from agents.workflow.graph import Expectation, Selector
from agents.workflow.variables import VarType, file_attribute, is_file, type_of, var_type

Join = Literal["and", "or"]
FileAttribute = Literal["type", "size", "name", "mime_type", "transfer_method", "url", "extension", "related_id", "id"]
_OVER_FILES = frozenset({"contains", "not contains", "all of"})
_EXACT = frozenset({"is", "is not", "in", "not in"})


class _Comparison(BaseModel):
    """What every comparison has; `value` may be a template. Keys that we do not know stay."""

    model_config = ConfigDict(extra="allow", frozen=True)

    comparison_operator: Operator
    value: JsonValue = None
    varType: str = ""  # noqa: N815  # Dify's key

    @field_validator("comparison_operator", mode="before")
    @classmethod
    def _operators_have_several_spellings(cls, value: object) -> object:
        return SPELLINGS.get(value, value) if isinstance(value, str) else value

    @field_validator("varType", mode="before")
    @classmethod
    def _null_is_no_type(cls, value: object) -> object:
        return "" if value is None else value


class FileCondition(_Comparison):
    """A comparison of one attribute of a file."""

    key: FileAttribute


class FileConditions(BaseModel):
    """What a file must be like."""

    model_config = ConfigDict(extra="allow", frozen=True)

    logical_operator: Join = "and"
    conditions: tuple[FileCondition, ...] = ()


class Condition(_Comparison):
    """A comparison of the value at a selector; with a condition on files, "contains" asks which of them satisfy it."""

    variable_selector: tuple[str, ...] = Field(min_length=2)
    sub_variable_condition: FileConditions | None = None

    @property
    def name(self) -> str:
        """What the condition is about, for messages."""
        return ".".join(normal(self.variable_selector))


class ItemCondition(_Comparison):
    """A comparison of one item of a list: of the item itself, or of its attribute `key`."""

    key: str = ""


def all_hold(conditions: Iterable[Condition], logical_operator: Join, scope: Scope) -> bool:
    """Whether the conditions hold together; they are asked in order, no further than needed. With none, nothing holds.

    Raises `WrongType` for a value that cannot be compared so, `UnknownVariable` for one that nothing provides.
    """
    return _join((holds(condition, scope) for condition in conditions), logical_operator)


def holds(condition: Condition, scope: Scope) -> bool:
    """Whether the condition holds; raises as `all_hold`."""
    value = scope.lookup(condition.variable_selector)
    inner = condition.sub_variable_condition
    if inner is not None and inner.conditions and condition.comparison_operator in _OVER_FILES:
        return _over_files(condition, value, inner, scope)
    return _decide(condition, condition.name, value, scope)


def item_holds(condition: ItemCondition, item: Value, scope: Scope, name: str) -> bool:
    """Whether the condition holds for an item of the list `name`; raises as `all_hold`."""
    return _decide(condition, name, attribute_of(item, condition.key), scope, key=condition.key)


def attribute_of(item: Value, key: str) -> Value:
    """Return an attribute of a file or a key of an object, the item itself without a key; null for what it lacks."""
    if not key:
        return item
    if not isinstance(item, dict):
        return None
    return file_attribute(item, key) if is_file(item) else item.get(key)


def references_of(conditions: Iterable[Condition]) -> Iterator[Selector]:
    """Yield what the conditions read."""
    for condition in conditions:
        yield condition.variable_selector
        yield from value_references(condition.value)
        for part in condition.sub_variable_condition.conditions if condition.sub_variable_condition else ():
            yield from value_references(part.value)


def value_references(value: Value) -> Iterator[Selector]:
    """Yield what the templates in an expected value read."""
    match value:
        case str():
            yield from selectors_of(value)
        case list():
            for item in value:
                yield from value_references(item)


def expectations_of(conditions: Iterable[Condition]) -> Iterator[Expectation]:
    """Yield the types that the operators can be asked about."""
    for condition in conditions:
        types = takes(condition.comparison_operator)
        if condition.sub_variable_condition is not None and condition.sub_variable_condition.conditions:
            types = (*types, "file")
        yield Expectation(condition.variable_selector, types)


def _join(found: Iterable[bool], logical_operator: Join) -> bool:
    """Join lazily; nothing to ask means that nothing holds."""
    anything = False
    for holds_here in found:
        anything = True
        if holds_here == (logical_operator == "or"):
            return holds_here
    return anything and logical_operator == "and"


def _over_files(condition: Condition, value: Value, inner: FileConditions, scope: Scope) -> bool:
    """ "contains": some file satisfies all that is asked; "all of": each does, and there is one."""
    files = [value] if is_file(value) else [] if value is None else value
    if not isinstance(files, list) or not all(is_file(item) for item in files):
        raise WrongType(f"{condition.name!r} is of type {type_of(value)}: its condition asks about files")
    found = [
        _join((_file_holds(part, condition.name, file, scope) for part in inner.conditions), inner.logical_operator)
        for file in files
    ]
    match condition.comparison_operator:
        case "contains":
            return any(found)
        case "not contains":
            return not any(found)
        case _:
            return bool(found) and all(found)


def _file_holds(part: FileCondition, name: str, file: Value, scope: Scope) -> bool:
    return _decide(part, f"{name}.{part.key}", attribute_of(file, part.key), scope, key=part.key)


def _decide(condition: _Comparison, name: str, value: Value, scope: Scope, *, key: str = "") -> bool:
    operator = condition.comparison_operator
    expected = _resolved(condition.value, scope)
    if key == "extension" and operator in _EXACT:
        expected = _with_dots(expected)
    try:
        return compare(_as_declared(value, var_type(condition.varType)), operator, expected)
    except WrongType as error:
        raise WrongType(f"{name!r} cannot be compared by {operator!r}: {error}") from error


def _resolved(value: Value, scope: Scope) -> Value:
    """Return an expected value, its templates filled in; one that is nothing but a reference keeps the value's type."""
    if isinstance(value, list):
        return [_resolved(item, scope) for item in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    pieces = pieces_of(value)
    if len(pieces) == 1 and isinstance(pieces[0], tuple):
        return scope.lookup(pieces[0])
    return "".join(piece if isinstance(piece, str) else as_text(scope.lookup(piece)) for piece in pieces)


def _as_declared(value: Value, declared: VarType) -> Value:
    """Return a value as the type that the editor saw, where it came as another spelling of it."""
    match declared, value:
        case "number", str():
            number = number_of(value)
            return value if number is None else number
        case "boolean", str():
            truth = boolean_of(value)
            return value if truth is None else truth
        case "string", bool() | int() | float():
            return as_text(value)
        case _:
            return value


def _with_dots(expected: Value) -> Value:
    """Extensions begin with a dot; people leave it out."""
    match expected:
        case str() if expected and not expected.startswith("."):
            return f".{expected}".lower()
        case str():
            return expected.lower()
        case list():
            return [_with_dots(item) for item in expected]
        case _:
            return expected
