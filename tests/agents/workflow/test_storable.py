"""What cannot be stored is replaced, and nothing else is touched."""

import json

import pytest

from agents.events import NodeFinished, TextDelta
from agents.types import JsonValue
from agents.workflow.storable import storable, storable_body


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        (["\udfff", {"k\0": "\0"}], ["\ufffd", {"k\ufffd": "\ufffd"}]),
        ({"a": {"b": ["x", "\0"]}}, {"a": {"b": ["x", "\ufffd"]}}),
        ({"a": [float("inf"), 1.5], "b": float("nan")}, {"a": [None, 1.5], "b": None}),
    ],
)
def test_what_no_database_keeps_is_replaced_at_any_depth(given: JsonValue, wanted: JsonValue) -> None:
    assert storable(given) == wanted
    json.dumps(storable(given), ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("value", ["", "plain", "😀 ß\n\t\x01", None, 1, 1.5, True, [], {}, {"a": [1, {"b": None}]}])
def test_what_can_be_stored_is_the_same_object(value: JsonValue) -> None:
    assert storable(value) is value


def test_an_event_is_mended_in_all_its_fields_or_left_alone() -> None:
    done = NodeFinished("n", "code", {"x": "a\0"}, failure={"message": "\ud800"})
    mended = storable_body(done)
    assert (mended.outputs, mended.failure) == ({"x": "a\ufffd"}, {"message": "\ufffd"})
    said = TextDelta("n", "fine")
    assert storable_body(said) is said
