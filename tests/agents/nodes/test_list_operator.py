"""list-operator: filter, extract, order and limit, alone and together, on every kind of item."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.nodes.list_operator import ordered
from agents.types import JsonValue
from tests.agents.nodes.cases import Case, SavedNode, end, run_case, saved_node, selector, start

TYPES = {"data": "json_object", "files": "file-list", "serial": "number", "word": "text-input"}
DATA: dict[str, JsonValue] = {
    "words": ["pear", "apple", "fig"],
    "numbers": [3, 10, 2.5],
    "flags": [True, False, True],
    "people": [{"name": "Bo", "age": 30}, {"name": "Ann", "age": 20}, {"name": "Cy"}],
    "mixed": [1, "a"],
    "none": [],
    "null": None,
    "text": "pear",
}
INPUTS: dict[str, JsonValue] = {"data": DATA, "serial": 2, "word": "g"}
FILES = {"b.txt": b"four", "a.csv": b"a,b,c,d,e", "c.txt": b"cc"}
WITH_FILES: dict[str, JsonValue] = {"files": [{"upload_file_id": name} for name in FILES]}
EDGES = ["start > list", "list > end"]
ALL = end(result="list.result", first="list.first_record", last="list.last_record")


def operator(path: str, **steps: JsonValue) -> SavedNode:
    return saved_node("list", "list-operator", {"variable": selector(f"start.{path}"), **steps})


def filter_by(operator: str, value: JsonValue, key: str = "") -> JsonValue:
    return {"enabled": True, "conditions": [{"key": key, "comparison_operator": operator, "value": value}]}


def order_by(value: str = "asc", key: str = "") -> JsonValue:
    return {"enabled": True, "key": key, "value": value}


def limit(size: int) -> JsonValue:
    return {"enabled": True, "size": size}


def extract_by(serial: JsonValue) -> JsonValue:
    return {"enabled": True, "serial": serial}


def case(name: str, path: str, result: list[JsonValue], **steps: JsonValue) -> Case:
    first, last = (result[0], result[-1]) if result else (None, None)
    outputs: dict[str, JsonValue] = {"result": result, "first": first, "last": last}
    return Case(name, [start(**TYPES), operator(f"data.{path}", **steps), ALL], EDGES, INPUTS, outputs)


def names(name: str, expected: list[JsonValue], **steps: JsonValue) -> Case:
    """Return a case over files, whose ids nobody knows beforehand: the names are compared."""
    text = saved_node(
        "names",
        "template-transform",
        {
            "template": "{{ l|map(attribute='name')|join(' ') }}",
            "variables": [{"variable": "l", "value_selector": ["list", "result"]}],
        },
    )
    nodes = [start(**TYPES), operator("files", var_type="array[file]", **steps), text, end(names="names.output")]
    outputs: JsonValue = " ".join(map(str, expected))
    return Case(
        name, nodes, ["start > list", "list > names", "names > end"], WITH_FILES, {"names": outputs}, files=FILES
    )


def failing(name: str, path: str, code: str, says: str, **steps: JsonValue) -> Case:
    return Case(name, [start(**TYPES), operator(path, **steps), ALL], EDGES, INPUTS, error=code, says=says)


PEOPLE = cast(list[JsonValue], DATA["people"])
CASES = [
    case("nothing switched on gives the list", "words", ["pear", "apple", "fig"]),
    case("texts that contain", "words", ["pear", "apple"], filter_by=filter_by("contains", "p")),
    case("texts that do not contain", "words", ["fig"], filter_by=filter_by("not contains", "p")),
    case("texts that start with", "words", ["apple"], filter_by=filter_by("start with", "a")),
    case("texts that end with", "words", ["apple"], filter_by=filter_by("end with", "e")),
    case("texts that are", "words", ["fig"], filter_by=filter_by("is", "fig")),
    case("texts that are not", "words", ["pear", "apple"], filter_by=filter_by("is not", "fig")),
    case("texts that are among", "words", ["pear", "fig"], filter_by=filter_by("in", ["pear", "fig"])),
    case("texts that are not among", "words", ["apple"], filter_by=filter_by("not in", ["pear", "fig"])),
    case("texts that contain a value", "words", ["fig"], filter_by=filter_by("contains", "{{#start.word#}}")),
    case("numbers that equal", "numbers", [10], filter_by=filter_by("=", "10")),
    case("numbers that differ", "numbers", [3, 2.5], filter_by=filter_by("≠", "10")),
    case("numbers that are greater", "numbers", [10], filter_by=filter_by(">", "3")),
    case("numbers that are smaller", "numbers", [2.5], filter_by=filter_by("<", 3)),
    case("numbers that are no smaller", "numbers", [3, 10], filter_by=filter_by("≥", "3")),
    case("numbers that are no greater", "numbers", [3, 2.5], filter_by=filter_by("≤", "3")),
    case("booleans that are", "flags", [True, True], filter_by=filter_by("is", True)),
    case("objects by a key", "people", [PEOPLE[0]], filter_by=filter_by("≥", 30, "age")),
    case("objects without a key", "people", [PEOPLE[2]], filter_by=filter_by("empty", "", "age")),
    case("a filter that nothing passes", "words", [], filter_by=filter_by("is", "kiwi")),
    case("texts in order", "words", ["apple", "fig", "pear"], order_by=order_by()),
    case("texts in falling order", "words", ["pear", "fig", "apple"], order_by=order_by("desc")),
    case("numbers in order", "numbers", [2.5, 3, 10], order_by=order_by()),
    case("booleans in order", "flags", [False, True, True], order_by=order_by()),
    case("objects in order", "people", [PEOPLE[1], PEOPLE[0], PEOPLE[2]], order_by=order_by(key="age")),
    case("what has no value comes last either way", "people", PEOPLE, order_by=order_by("desc", "age")),
    case("the first items", "numbers", [3, 10], limit=limit(2)),
    case("a limit beyond the end", "numbers", [3, 10, 2.5], limit=limit(50)),
    case("the item at a place", "words", ["apple"], extract_by=extract_by("2")),
    case("the item at a place that is a number", "words", ["pear"], extract_by=extract_by(1)),
    case("the item at a place that is a value", "words", ["apple"], extract_by=extract_by("{{#start.serial#}}")),
    case("nothing to take an item from", "none", [], extract_by=extract_by("1")),
    case("a list that is null", "null", [], order_by=order_by(), limit=limit(1)),
    case(
        "filter, order and limit",
        "words",
        ["apple"],
        filter_by=filter_by("contains", "p"),
        order_by=order_by(),
        limit=limit(1),
    ),
    case("filter and extract", "words", ["apple"], filter_by=filter_by("contains", "p"), extract_by=extract_by("2")),
    case(
        "what is switched off does not count",
        "words",
        ["pear", "apple", "fig"],
        filter_by={"enabled": False, "conditions": [{"key": "", "comparison_operator": "", "value": ""}]},
        order_by={"enabled": False, "key": "", "value": ""},
        limit={"enabled": False, "size": -1},
        extract_by={"enabled": False, "serial": ""},
    ),
    names("files by type", ["b.txt", "a.csv", "c.txt"], filter_by=filter_by("in", ["document"], "type")),
    names("files by name", ["b.txt", "c.txt"], filter_by=filter_by("end with", "txt", "name")),
    names("files by extension", ["a.csv"], filter_by=filter_by("in", ["csv"], "extension")),
    names("files by size", ["a.csv"], filter_by=filter_by(">", "5", "size")),
    names(
        "files by how they came",
        ["b.txt", "a.csv", "c.txt"],
        filter_by=filter_by("in", ["local_file"], "transfer_method"),
    ),
    names("files in order of name", ["a.csv", "b.txt", "c.txt"], order_by=order_by(key="name")),
    names("files in falling order of size", ["a.csv", "b.txt", "c.txt"], order_by=order_by("desc", "size")),
    names("the first of the files", ["c.txt"], order_by=order_by(key="size"), limit=limit(1)),
    failing(
        "a place beyond the end",
        "data.words",
        "invalid_input",
        "has 3 items here and no item '4'",
        extract_by=extract_by("4"),
    ),
    failing("the place 0", "data.words", "invalid_input", "no item '0': count them from 1", extract_by=extract_by("0")),
    failing("a place that is no number", "data.words", "invalid_input", "no item 'one'", extract_by=extract_by("one")),
    failing("items of several types", "data.mixed", "wrong_type", "number, string", order_by=order_by()),
    failing("objects without a key to order by", "data.people", "wrong_type", "choose a key", order_by=order_by()),
    failing(
        "an operator of another type",
        "data.flags",
        "wrong_type",
        "'start.data.flags' cannot be compared by '>'",
        filter_by=filter_by(">", 1),
    ),
    failing("a text instead of a list", "data.text", "wrong_type", "is of type string, not a list"),
    failing(
        "a text instead of a list, known before",
        "word",
        "invalid_graph",
        "which is of type string; it takes array[any]",
    ),
    failing("a list that is not there", "ghost", "invalid_graph", "it reads 'start.ghost'"),
    failing(
        "a template that names nothing",
        "data.words",
        "invalid_graph",
        "'ghost'",
        extract_by=extract_by("{{#ghost.n#}}"),
    ),
    failing("a limit of nothing", "data.words", "invalid_graph", "limit.size", limit=limit(0)),
]
REFUSED = [item for item in CASES if item.error == "invalid_graph"]
CASES = [item for item in CASES if item not in REFUSED]


@pytest.mark.parametrize("case", [*CASES, *REFUSED], ids=lambda case: case.name)
async def test_a_list_operator_gives_what_its_case_says(case: Case) -> None:
    await run_case(case)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 5))), st.booleans())
def test_order_agrees_with_its_slow_twin(items: list[JsonValue], is_descending: bool) -> None:
    left: list[JsonValue] = [item for item in items if item is not None]
    slow: list[JsonValue] = []
    while left:
        numbers = [cast(int, item) for item in left]
        slow.append(left.pop(numbers.index(max(numbers) if is_descending else min(numbers))))
    slow += [None] * items.count(None)
    assert ordered(items, "", "list", is_descending=is_descending) == slow


def test_equal_items_keep_their_order_either_way() -> None:
    items: list[JsonValue] = [{"k": 1, "n": "a"}, {"k": 0}, {"k": 1, "n": "b"}]
    for is_descending, place in ((False, 0), (True, 2)):
        found = ordered(items, "k", "list", is_descending=is_descending)
        assert [item for item in found if item != {"k": 0}] == [items[0], items[2]]
        assert found.index({"k": 0}) == place
