"""HermesParser: calls are found, everything else is text, whatever the split."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tool_parsing import HermesParser, Parsed, parse_call

CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
PIECES = st.lists(
    st.sampled_from(["Hi ", "<tool", "<tool_call>", "</tool_call>", CALL, "{}", "\n", " ", "x < y", '{"name": "q"}']),
    max_size=6,
)


def parse(text: str, cuts: list[int], *, is_open: bool = False) -> tuple[str, list[tuple[str, str]]]:
    parser = HermesParser(is_open=is_open)
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    results = [parser.push(text[a:b]) for a, b in pairwise(edges)]
    results.append(parser.finish())
    calls = [(call.name, call.arguments) for result in results for call in result.calls]
    return "".join(result.text for result in results), calls


@given(PIECES, st.lists(st.integers(0, 400), max_size=20))
def test_the_split_does_not_matter(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    assert parse(text, cuts) == parse(text, [])


@given(st.text(alphabet="ab <>/tool_c\n", max_size=60), st.lists(st.integers(0, 80), max_size=10))
def test_text_without_calls_comes_out_unchanged(text: str, cuts: list[int]) -> None:
    assert parse(text, cuts) == (text, [])


def test_a_call_is_taken_out_of_the_text() -> None:
    assert parse(f"Let me see.\n{CALL}", []) == ("Let me see.", [("add", '{"a": 1}')])


def test_several_calls_follow_each_other() -> None:
    text, calls = parse(f"{CALL}\n{CALL}\n", [5, 40, 70])
    assert (text, len(calls)) == ("", 2)


def test_a_call_that_was_opened_by_the_prompt_is_read() -> None:
    assert parse('{"name": "add", "arguments": {}}\n</tool_call>', [7], is_open=True) == ("", [("add", "{}")])


def test_a_call_whose_end_is_missing_counts_when_its_json_is_whole() -> None:
    assert parse('<tool_call>{"name": "add", "arguments": {}}', [])[1] == [("add", "{}")]


@pytest.mark.parametrize(
    "inside",
    ["{not json}", "[]", '{"arguments": {}}', '{"name": 3}', '{"name": "x", "arguments": [1]}', "[" * 100_000],
)
def test_what_is_no_valid_call_is_text(inside: str) -> None:
    text = f"<tool_call>{inside}</tool_call>"
    assert parse(text, []) == (text, [])


def test_arguments_in_a_string_are_kept_as_written() -> None:
    call = parse_call(json.dumps({"name": "add", "arguments": '{"a":1}'}))
    assert call is not None
    assert call.arguments == '{"a":1}'


def test_each_call_has_an_id_of_its_own() -> None:
    first, second = parse_call('{"name": "a"}'), parse_call('{"name": "a"}')
    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_visible_text_is_not_delayed_longer_than_needed() -> None:
    assert HermesParser().push("Hello there") == Parsed("Hello there")
