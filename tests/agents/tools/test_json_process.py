"""Paths into JSON, and what is done at their ends."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import ToolRetry
from agents.tools.builtin.json_paths import located, read_path, value_at
from agents.tools.builtin.json_process import JsonProcess
from agents.types import JsonObject, JsonValue
from tests.agents.test_tools import CONTEXT

STORE: JsonValue = {
    "a": {"b": [1, {"c": "x"}, [2, 3]], "odd name": None, "c": "y"},
    "list": [{"n": 1}, {"n": 2}, {"n": 3}],
    "7": True,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [STORE]),
        ("", [STORE]),
        ("$.a.c", ["y"]),
        ("a.c", ["y"]),
        ("$['a']['odd name']", [None]),
        ('$["a"].b[0]', [1]),
        ("$.a.b[-1][1]", [3]),
        ("list[1].n", [2]),
        ("list.1.n", [2]),
        ("$.list[*].n", [1, 2, 3]),
        ("$.list.*.n", [1, 2, 3]),
        ("$.list[0:2].n", [1, 2]),
        ("$.list[-2:].n", [2, 3]),
        ("$.list[:].n", [1, 2, 3]),
        ("$..c", ["y", "x"]),
        ("$..[0]", [1, 2, {"n": 1}]),
        ("$.7", [True]),
        ("$.nothing", []),
        ("$.list[9]", []),
        ("$.a.b.c", []),
        ("$.a.c.d", []),
    ],
)
def test_a_path_leads_to_its_values(path: str, found: list[JsonValue]) -> None:
    assert sorted(map(str, (value_at(STORE, place) for place in located(STORE, read_path(path))))) == sorted(
        map(str, found)
    )


@pytest.mark.parametrize(
    "path", ["$.", "a b", "$[", "$[x]", "$.a[?(@.b)]", "a..", "$['x", "a" * 501, "$[1", "a]", "@.x"]
)
def test_what_is_no_path_says_where(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        read_path(path)


@given(st.text(alphabet="$.[]*'\"ab01-: \\", max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        steps = read_path(text)
    except ValueError:
        return
    located(STORE, steps)


def test_too_many_places_are_refused() -> None:
    wide: JsonValue = [list(range(101)) for _ in range(101)]
    with pytest.raises(ValueError, match="more than"):
        located(wide, read_path("$[*][*]"))


async def done(operation: str, content: JsonValue, path: str, **more: JsonValue) -> JsonValue:
    arguments: JsonObject = {"operation": operation, "content": content, "path": path, **more}
    answer = await JsonProcess().call(arguments, CONTEXT)
    return answer.fields["result"]


async def test_a_query_gives_one_value_or_a_list() -> None:
    assert await done("query", json.dumps(STORE), "$.a.c") == "y"
    assert await done("query", STORE, "$.list[*].n") == [1, 2, 3]
    assert await done("query", STORE, "$.nothing") == []


async def test_values_are_replaced_wherever_the_path_leads() -> None:
    assert await done("replace", {"a": [1, 2]}, "$.a[*]", value={"n": None}) == {"a": [{"n": None}, {"n": None}]}
    assert await done("replace", {"a": 1}, "$", value=[]) == []
    assert await done("replace", {"a": 1}, "a", value="[1]", value_decode=True) == {"a": [1]}
    assert await done("replace", {"a": 1}, "a", value="[1]") == {"a": "[1]"}


async def test_values_are_deleted_from_the_last_to_the_first() -> None:
    assert await done("delete", {"a": [1, 2, 3, 4]}, "$.a[0:3]") == {"a": [4]}
    assert await done("delete", {"a": {"a": 1, "b": 2}, "b": 3}, "$..a") == {"b": 3}
    assert await done("delete", {"a": [[1, 2], [3]]}, "$.a[*][0]") == {"a": [[2], []]}
    assert await done("delete", {"a": 1}, "$.b") == {"a": 1}


async def test_values_are_inserted_into_lists_and_objects() -> None:
    assert await done("insert", {"a": [1]}, "$.a", value=2) == {"a": [1, 2]}
    assert await done("insert", {"a": [1]}, "$.a", value=0, index=0) == {"a": [0, 1]}
    assert await done("insert", {"a": {"b": 1}}, "$.a", value={"c": 2}) == {"a": {"b": 1, "c": 2}}
    assert await done("insert", {"a": {}}, "$.a.new", value=[1]) == {"a": {"new": [1]}}
    assert await done("insert", {}, "$.x.y.z", value=1, create_path=True) == {"x": {"y": {"z": 1}}}


async def test_what_is_given_is_not_changed_in_place() -> None:
    content: JsonValue = {"a": [1]}
    await done("insert", content, "$.a", value=2)
    assert content == {"a": [1]}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"operation": "query", "content": "{", "path": "$"}, "not JSON"),
        ({"operation": "query", "content": "{}", "path": "$["}, "no path"),
        ({"operation": "replace", "content": "{}", "path": "$.a"}, "needs a value"),
        ({"operation": "insert", "content": {"a": 1}, "path": "$.a", "value": 1}, "only lists"),
        ({"operation": "insert", "content": {}, "path": "$.x.y", "value": 1}, "create_path"),
        ({"operation": "insert", "content": [], "path": "$[3]", "value": 1}, "leads nowhere"),
        ({"operation": "query", "content": "[" * 100_000, "path": "$"}, "not JSON"),
        ({"operation": "query", "content": "1" * 2_000_001, "path": "$"}, "at most"),
    ],
)
async def test_what_cannot_be_done_says_why(arguments: dict[str, JsonValue], says: str) -> None:
    with pytest.raises(ToolRetry, match=says):
        await JsonProcess().call(arguments, CONTEXT)
