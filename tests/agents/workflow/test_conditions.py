"""Every operator on every type that it takes, against examples and a slow twin; joins, templates, files and times."""

from collections.abc import Callable
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.errors import WrongType
from agents.types import JsonObject, JsonValue
from agents.workflow.comparing import ABSENT_SATISFIES, UNARY, Operator, compare, number_of, takes
from agents.workflow.conditions import (
    Condition,
    ItemCondition,
    all_hold,
    attribute_of,
    expectations_of,
    holds,
    item_holds,
    references_of,
)
from tests.agents.workflow.conditions_asked import IS_IMAGE, PNG, ask, condition, files_condition, scope_with

OPERATORS: tuple[Operator, ...] = get_args(Operator)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 20),
    st.floats(-20, 20).map(lambda number: round(number, 1)),
    st.sampled_from(["", "a", "ab", "b", "true", "1", "0.5", "-3", " 7 ", "x1", "1e3"]),
)
VALUES: st.SearchStrategy[JsonValue] = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.just({"a": 1}), st.just({}))


@pytest.mark.parametrize(
    ("actual", "operator", "value", "answer"),
    [
        ("hello", "contains", "ell", True),
        ("hello", "contains", "x", False),
        (["a", "b"], "contains", "a", True),
        (["ab"], "contains", "a", False),
        ([1, 2], "contains", "2", True),
        ([True], "contains", "true", True),
        ([{"a": 1}], "contains", {"a": 1}, True),
        ("hello", "not contains", "x", True),
        ([1], "not contains", 1, False),
        ("hello", "start with", "he", True),
        ("hello", "start with", "lo", False),
        ("hello", "end with", "lo", True),
        ("hello", "end with", "he", False),
        ("a", "is", "a", True),
        ("a", "is", "A", False),
        (1, "is", "1.0", True),
        (True, "is", "true", True),
        (False, "is", True, False),
        ("1.0", "is", 1, True),
        ("a", "is not", "b", True),
        (2, "is not", "2", False),
        ("", "empty", None, True),
        ([], "empty", None, True),
        ({}, "empty", None, True),
        (None, "empty", None, True),
        (0, "empty", None, False),
        (False, "empty", None, False),
        ("a", "not empty", None, True),
        (0, "not empty", None, True),
        ([], "not empty", None, False),
        ("b", "in", ["a", "b"], True),
        (2, "in", ["1", "2"], True),
        ("b", "in", "abc", True),
        ("x", "in", ["a"], False),
        ("x", "not in", ["a"], True),
        ("a", "not in", ["a"], False),
        (["a", "b", "c"], "all of", ["a", "c"], True),
        (["a"], "all of", ["a", "c"], False),
        ("banana", "all of", ["ban", "nan"], True),
        (3, "=", "3", True),
        ("3", "=", "3.0", True),
        (3, "=", 4, False),
        (True, "=", "1", True),
        (3, "≠", "4", True),
        (3, "≠", 3, False),
        (3, ">", "2.5", True),
        ("10", ">", "9", True),
        (2, ">", 2, False),
        (-1, "<", 0, True),
        (2, "<", 2, False),
        (2, "≥", 2, True),
        (1, "≥", 2, False),
        (2, "≤", "2", True),
        (3, "≤", 2, False),
        (2**70, ">", str(2**70 - 1), True),
        ("2026-01-01", "before", "2026-01-02T00:00:00Z", True),
        ("2026-01-01T00:30:00+01:00", "before", "2026-01-01", True),
        (1767225600, "before", "2026-01-01T00:00:01", True),
        ("2026-01-02", "after", "2026-01-01", True),
        ("2026-01-01", "after", "2026-01-01", False),
        (None, "null", None, True),
        ("", "null", None, False),
        (0, "not null", None, True),
        (None, "not null", None, False),
        ("", "exists", None, True),
        (None, "exists", None, False),
        (None, "not exists", None, True),
        (1, "not exists", None, False),
        (3, "==", 3, True),
        (3, "!=", 3, False),
        (3, ">=", 3, True),
        (3, "<=", 2, False),
    ],
)
def test_an_operator_says(actual: JsonValue, operator: str, value: JsonValue, answer: bool) -> None:
    assert ask(actual, operator, value) is answer


@pytest.mark.parametrize(
    ("actual", "operator", "value", "why"),
    [
        (1, "contains", "1", "1 is no text and no list"),
        ({"a": 1}, "contains", "a", "is no text and no list"),
        ("a", "contains", ["a"], "is no text"),
        (1, "start with", "1", "1 is no text"),
        (["a"], "end with", "a", "is no text"),
        (["a"], "is", "a", r"\['a'\] is no text, number or boolean"),
        (True, "is", "maybe", "'maybe' is neither true nor false"),
        (1, "is", "one", "'one' is no number"),
        ("abc", "=", "1", "'abc' is no number"),
        (True, ">", 0, "True is no number"),
        (1, "<", "", "'' is no number"),
        ([1], "≥", 1, "is no number"),
        (1, "in", 5, "5 is no list and no text"),
        ([1], "in", [1], "is no text, number or boolean"),
        (1, "all of", [1], "1 is no text and no list"),
        ("soon", "before", "2026-01-01", "'soon' is no time"),
        ("2026-01-01", "after", 1e300, "is no time"),
        (float("nan"), "=", 1, "nan is no number"),
    ],
)
def test_what_cannot_be_compared_is_named(actual: JsonValue, operator: str, value: JsonValue, why: str) -> None:
    with pytest.raises(WrongType, match=f"'n.v' cannot be compared by '{operator}': .*{why}"):
        ask(actual, operator, value)


def test_a_long_value_does_not_fill_the_message() -> None:
    with pytest.raises(WrongType) as raised:
        ask("x" * 10_000, ">", 1)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_value_that_is_not_there_satisfies_only_what_is_said_of_the_absent(operator: Operator) -> None:
    assert compare(None, operator, "x") is (operator in ABSENT_SATISFIES)


@pytest.mark.parametrize("operator", sorted(set(OPERATORS) - UNARY))
def test_nothing_is_like_a_value_that_is_not_there(operator: Operator) -> None:
    assert compare("x", operator, None) is (operator in {"not contains", "not in", "is not", "≠"})


def number(value: JsonValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def same(value: JsonValue, expected: JsonValue) -> bool:
    """The slow twin's equality: by the type of the value."""
    if isinstance(value, bool):
        words = {"true": True, "1": True, "false": False, "0": False}
        return value == (expected if isinstance(expected, bool) else words[str(expected).strip()])
    if isinstance(value, int | float):
        return number(value) == number(expected)
    if isinstance(value, str):
        if isinstance(expected, list | dict):
            raise TypeError
        if isinstance(expected, bool):
            return value == ("true" if expected else "false")
        try:
            return number(value) == expected if not isinstance(expected, str) else value == expected
        except ValueError:
            return value == str(expected)
    raise TypeError


def is_among(value: JsonValue, items: list[JsonValue]) -> bool:
    def found(item: JsonValue) -> bool:
        try:
            return value == item if type(value) is type(item) else same(item, value)
        except (TypeError, ValueError, KeyError):
            return False

    return any(found(item) for item in items)


TWINS: dict[str, Callable[[JsonValue, JsonValue], bool]] = {
    "=": lambda a, b: same(a, b) if isinstance(a, bool) else number(a) == number(b),
    ">": lambda a, b: number(a) > number(b),
    "<": lambda a, b: number(a) < number(b),
    "≥": lambda a, b: number(a) >= number(b),
    "≤": lambda a, b: number(a) <= number(b),
    "is": same,
}


@given(st.sampled_from(sorted(TWINS)), VALUES.filter(lambda v: v is not None), VALUES.filter(lambda v: v is not None))
def test_comparisons_agree_with_their_slow_twin(operator: Operator, value: JsonValue, expected: JsonValue) -> None:
    try:
        answer: bool | None = TWINS[operator](value, expected)
    except (TypeError, ValueError, KeyError):
        answer = None
    if answer is None:
        with pytest.raises(WrongType):
            compare(value, operator, expected)
    else:
        assert compare(value, operator, expected) is answer


@given(st.lists(SCALARS, max_size=4), SCALARS.filter(lambda v: v is not None))
def test_a_list_contains_what_a_walk_through_it_finds(items: list[JsonValue], wanted: JsonValue) -> None:
    assert compare(items, "contains", wanted) is is_among(wanted, items)
    assert compare(items, "not contains", wanted) is not is_among(wanted, items)


@given(st.sampled_from([("contains", "not contains"), ("in", "not in"), ("is", "is not"), ("=", "≠")]), VALUES, VALUES)
def test_an_operator_and_its_negation_never_agree(
    pair: tuple[Operator, Operator], value: JsonValue, expected: JsonValue
) -> None:
    if value is None or expected is None:
        return
    answers: list[bool | None] = []
    for operator in pair:
        try:
            answers.append(compare(value, operator, expected))
        except WrongType:
            answers.append(None)
    assert answers in ([True, False], [False, True], [None, None])


@given(st.sampled_from(OPERATORS), VALUES, VALUES)
def test_any_comparison_ends_with_an_answer_or_a_reason(
    operator: Operator, value: JsonValue, expected: JsonValue
) -> None:
    with suppress(WrongType):
        assert compare(value, operator, expected) in (True, False)


@pytest.mark.parametrize("text", ["", " ", "0x10", "1_000", "nan", "inf", "--1", "1e99999", "9" * 500, "१", "1,5"])
def test_a_text_that_spells_no_plain_number_is_none(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("answers", "join", "together"),
    [("TT", "and", True), ("TF", "and", False), ("FT", "or", True), ("FF", "or", False), ("", "and", False)],
)
def test_conditions_are_joined(answers: str, join: str, together: bool) -> None:
    conditions = [condition("is", "T", field) for field, _ in zip("ab", answers, strict=False)]
    scope = scope_with(**dict(zip("ab", answers, strict=False)))
    assert all_hold(conditions, join, scope) is together  # type: ignore[arg-type]  # one of the two


def test_conditions_are_asked_no_further_than_needed() -> None:
    never = condition(">", 1, "text")
    scope = scope_with(v=1, text="no number")
    assert not all_hold([condition("is", 2), never], "and", scope)
    assert all_hold([condition("is", 1), never], "or", scope)
    with pytest.raises(WrongType):
        all_hold([condition("is", 1), never], "and", scope)


def test_an_expected_value_may_be_a_template() -> None:
    scope = scope_with(v=3, list=["a", 3], name="Ann", text="dear Ann!")
    assert holds(condition("=", "{{#conversation.limit#}}"), scope)
    assert holds(condition("in", "{{#n.list#}}"), scope), "a reference alone keeps its type"
    assert holds(condition("in", ["{{#conversation.limit#}}"]), scope)
    assert holds(condition("is", "dear {{#n.name#}}!", "text"), scope)
    assert not holds(condition("is", "{{#skipped.name#}}", "text"), scope)
    asked = condition("in", ["{{#a.b#}}", "{{#c.d#}}"])
    assert list(references_of([asked])) == [("n", "v"), ("a", "b"), ("c", "d")]


def test_what_the_editor_took_for_a_type_is_read_as_that_type() -> None:
    assert ask("1.0", "is", "1", varType="number")
    assert not ask("1.0", "is", "1")
    assert ask("True", "is", True, varType="boolean")
    assert ask(12, "contains", "1", varType="string")


def test_an_item_is_asked_itself_or_by_a_key() -> None:
    def item(operator: str, value: JsonValue, key: str = "") -> ItemCondition:
        return ItemCondition.model_validate({"key": key, "comparison_operator": operator, "value": value})

    scope = scope_with()
    assert item_holds(item(">", "2"), 3, scope, "n.v")
    assert item_holds(item("is", "Ann", "name"), {"name": "Ann"}, scope, "n.v")
    assert item_holds(item("in", ["image"], "type"), PNG, scope, "n.v")
    assert not item_holds(item("is", "Ann", "name"), "Ann", scope, "n.v")
    assert attribute_of(PNG, "size") == 10


@pytest.mark.parametrize(
    "broken",
    [
        {"comparison_operator": "resembles"},
        {"variable_selector": ["n"]},
        {"variable_selector": []},
        {"sub_variable_condition": {"conditions": [{"key": "colour", "comparison_operator": "is", "value": "red"}]}},
        {"sub_variable_condition": {"logical_operator": "xor", "conditions": []}},
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_when_it_is_saved(broken: JsonObject) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate({"variable_selector": ["n", "v"], "comparison_operator": "is", "value": "", **broken})


def test_a_graph_learns_which_types_a_condition_takes() -> None:
    found = list(expectations_of([condition(">", 1), condition("empty"), files_condition("contains", IS_IMAGE)]))
    assert [item.types[0] for item in found] == ["string", "any", "string"]
    assert "number" in found[0].types and "file" not in takes("contains") and "file" in found[2].types


def test_keys_that_only_the_editor_knows_are_kept() -> None:
    kept = condition("is", "x", id="c1").model_dump()
    assert kept["id"] == "c1"
