"""CallParser: calls of every dialect are found, everything else is text, whatever the split."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tool_parsing import (
    DIALECTS,
    HERMES,
    LLAMA3,
    MISTRAL,
    CallParser,
    Dialect,
    HermesParser,
    Parsed,
    detect,
    parse_call,
)

CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
PIECES = st.lists(
    st.sampled_from(
        [
            "Hi ", "<tool", "<tool_call>", "</tool_call>", CALL, "{}", "\n", " ", "x < y", '{"name": "q"}',
            "[TOOL_CALLS]", "[", "]", ", ", "; ", '{"name": "a", "parameters": {"b": [{}]}}', "<|python_tag|>",
            "```json\n", "```",
            '{"name": "s", "arguments": "{}"}', '{"arguments": {"c": "}"}, "name": "late"}',
            '{"name": "a", "arguments": {"q',
        ]
    ),
    max_size=6,
)  # fmt: skip
NAMES = sorted(DIALECTS)


def parse(
    text: str, cuts: list[int], dialect: Dialect = HERMES, *, is_open: bool = False
) -> tuple[str, list[list[str]]]:
    parser = CallParser(dialect, is_open=is_open)
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    results = [parser.push(text[a:b]) for a, b in pairwise(edges)]
    results.append(parser.finish())
    calls: list[list[str]] = []
    for piece in (piece for result in results for piece in result.calls):
        if piece.index == len(calls):
            assert piece.id and piece.name, "a call's first piece says which it is"
            calls.append([piece.name, ""])
        else:
            assert not piece.id and not piece.name
        calls[piece.index][1] += piece.arguments
    return "".join(result.text for result in results), calls


def written(dialect: Dialect, *calls: tuple[str, dict[str, object]]) -> str:
    """Write calls as a model of that dialect would after free text."""
    each = [json.dumps({"name": name, dialect.arguments_key: arguments}) for name, arguments in calls]
    return dialect.trigger[: dialect.inside] + dialect.lead + dialect.between.join(each) + dialect.close


@pytest.mark.parametrize("name", NAMES)
@given(PIECES, st.lists(st.integers(0, 400), max_size=20))
def test_the_split_does_not_matter(name: str, pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    assert parse(text, cuts, DIALECTS[name]) == parse(text, [], DIALECTS[name])  # type: ignore[index]


@pytest.mark.parametrize("name", NAMES)
@given(st.text(alphabet='ab <>/tool_c\n[]TOL_AS`json"', max_size=60), st.lists(st.integers(0, 80), max_size=10))
def test_text_without_calls_comes_out_unchanged(name: str, text: str, cuts: list[int]) -> None:
    assert parse(text, cuts, DIALECTS[name]) == (text, [])  # type: ignore[index]


@pytest.mark.parametrize("name", NAMES)
@given(PIECES, st.lists(st.integers(0, 400), max_size=20))
def test_nothing_that_a_model_wrote_is_lost_when_it_made_no_call(name: str, pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    shown, calls = parse(text, cuts, DIALECTS[name])  # type: ignore[index]
    if not calls:
        assert shown == text


@pytest.mark.parametrize("name", NAMES)
def test_calls_of_every_dialect_are_read(name: str) -> None:
    dialect = DIALECTS[name]  # type: ignore[index]
    calls: list[tuple[str, dict[str, object]]] = [("add", {"a": '}{"'}), ("sub", {})]
    text = written(dialect, *calls)
    for cuts in ([], list(range(len(text))), [9, 30]):
        shown, found = parse(text, cuts, dialect)
        assert (shown, [(one, json.loads(arguments)) for one, arguments in found]) == ("", calls)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_passed_on_as_they_arrive(name: str) -> None:
    dialect = DIALECTS[name]  # type: ignore[index]
    parser = CallParser(dialect)
    text = written(dialect, ("add", {"city": "Gdansk"}))
    at = text.index("Gdansk") + 3
    pieces = parser.push(text[:at]).calls
    assert (pieces[0].name, pieces[0].arguments) == ("add", '{"city": "Gda')
    assert parser.push("nsk").calls[0].arguments == "nsk"


@pytest.mark.parametrize("name", ["hermes", "mistral", "fenced"])
def test_a_call_that_was_opened_by_the_prompt_is_read(name: str) -> None:
    dialect = DIALECTS[name]  # type: ignore[index]
    text = written(dialect, ("add", {})).removeprefix(dialect.prompt)
    assert parse(text, [7], dialect, is_open=True) == ("", [["add", "{}"]])


def test_a_call_is_taken_out_of_the_text() -> None:
    assert parse(f"Let me see.\n{CALL}\nDone.", []) == ("Let me see.Done.", [["add", '{"a": 1}']])


def test_several_calls_follow_each_other() -> None:
    text, calls = parse(f"{CALL}\n{CALL}\n", [5, 40, 70])
    assert (text, len(calls)) == ("", 2)


def test_a_call_whose_end_is_missing_counts_when_its_json_is_whole() -> None:
    assert parse('<tool_call>{"name": "add", "arguments": {}}', [])[1] == [["add", "{}"]]


@pytest.mark.parametrize(
    "inside",
    [
        "{not json}",
        "[]",
        '{"arguments": {}}',
        '{"name": 3}',
        '{"name": "x", "arguments": [1]}',
        "[" * 100_000,
        "{" * 99,
    ],
)
def test_what_is_no_valid_call_is_text(inside: str) -> None:
    text = f"<tool_call>{inside}</tool_call>"
    assert parse(text, []) == (text, [])


def test_json_that_calls_nothing_is_shown_at_once_where_calls_begin_with_json() -> None:
    assert CallParser(LLAMA3).push('{"answer": 4').text == '{"answer": 4'


def test_llama_calls_may_follow_the_python_tag() -> None:
    assert parse('<|python_tag|>{"name": "a", "parameters": {"b": 1}}', [3, 20], LLAMA3) == ("", [["a", '{"b": 1}']])


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


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", HERMES),
        ("{% for m in messages %}{{ m.content }}{% endfor %}", HERMES),
        ("{% if tools %}<tools>{% endif %}<tool_call>", HERMES),
        ("{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]", MISTRAL),
        ("{% if tools %}<|eot_id|>{% endif %}<|python_tag|>", LLAMA3),
    ],
)
def test_the_dialect_is_what_the_template_teaches(template: str, expected: Dialect) -> None:
    assert detect(template) is expected
