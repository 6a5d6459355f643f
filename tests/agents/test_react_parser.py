"""Reading a ReAct turn: the same however it is cut, and never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.loop.react_parser import ReActReader
from agents.loop.strategy import Answer, Calls, Malformed, Outcome
from inference.types import ToolSpec

CALCULATOR = ToolSpec("calculator", "…", {"type": "object", "properties": {"expression": {"type": "string"}}})
TWO_ARGUMENTS = ToolSpec(
    "mail", "…", {"type": "object", "properties": {"to": {"type": "string"}, "n": {"type": "number"}}}
)
TOOLS = (CALCULATOR, TWO_ARGUMENTS)


def read(text: str, *cuts: int, last: bool = False) -> tuple[str, Outcome]:
    """Return what was shown, and the outcome, of `text` fed in pieces."""
    reader = ReActReader(TOOLS, last=last)
    shown, begin = [], 0
    for end in [*sorted(cuts), len(text)]:
        if not reader.is_done:
            shown.append(reader.feed_text(text[begin:end]))
        begin = max(begin, end)
    return "".join(shown), reader.outcome()


def call_of(text: str) -> tuple[str, str, object]:
    shown, outcome = read(text)
    assert isinstance(outcome, Calls) and shown == ""
    [wish] = outcome.wishes
    return outcome.thought, wish.name, wish.arguments


def test_a_call_is_read_with_its_thought() -> None:
    text = 'Thought: I need to use calculator.\nAction: calculator\nAction Input: {"expression": "23 * 19"}\n'
    assert call_of(text) == ("I need to use calculator.", "calculator", {"expression": "23 * 19"})


@pytest.mark.parametrize(
    "said",
    [
        '```json\n{"expression": "2+2"}\n```',
        '"2+2"',
        "2+2",
        "`2+2`".strip("`"),
        '{"expression": "2+2"} and then',
        '\n{\n"expression":\n"2+2"}',
    ],
)
def test_small_slips_of_the_arguments_are_repaired(said: str) -> None:
    assert call_of(f"Action: `calculator`\nAction Input: {said}")[1:] == ("calculator", {"expression": "2+2"})


@pytest.mark.parametrize("said", ["to: bob", "[1, 2]", '{"to": "bob"', "[" * 5000])
def test_what_cannot_be_repaired_is_no_object(said: str) -> None:
    assert call_of(f"Action: mail\nAction Input: {said}")[2] is None


def test_only_the_final_answer_is_shown_without_the_space_before_it_and_with_all_after() -> None:
    shown, outcome = read("Thought: I know.\nFinal Answer: \n It is 437.\nThought: not a marker here \n")
    assert shown == "It is 437.\nThought: not a marker here \n"
    assert outcome == Answer(shown)


def test_an_answer_that_is_made_up_after_a_call_does_not_count() -> None:
    text = 'Action: calculator\nAction Input: {"expression": "1+1"}\nObservation: 3\nFinal Answer: 3'
    assert call_of(text)[1] == "calculator"
    assert call_of(text.replace("Observation: 3\n", ""))[1] == "calculator"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello!",
        "Action: calculator",
        "Action:\nAction Input: {}",
        "Observation: 3\nFinal Answer: 3",
        "Final Answer:  ",
    ],
)
def test_anything_else_is_malformed_and_says_what_is_wanted(text: str) -> None:
    shown, outcome = read(text)
    assert isinstance(outcome, Malformed) and "Final Answer:" in outcome.complaint and not shown


def test_on_the_last_turn_text_without_marks_is_the_answer() -> None:
    assert read("It is 4.", last=True)[1] == Answer("It is 4.")


def test_an_answer_goes_on_from_what_was_shown() -> None:
    reader = ReActReader(TOOLS, last=False, shown="It is")
    assert reader.feed_text(" 437.") == " 437." and reader.outcome() == Answer("It is 437.")


PIECES = st.sampled_from(
    [
        "Thought:",
        "Action:",
        "Action Input:",
        "Observation:",
        "Final Answer:",
        "\n",
        " ",
        "calculator",
        '{"expression": "1"}',
        "x",
        "Action",
        ":",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), st.lists(st.integers(0, 150), max_size=8), st.booleans())
def test_it_does_not_matter_how_the_text_is_cut(text: str, cuts: list[int], last: bool) -> None:
    shown, outcome = read(text, *(min(cut, len(text)) for cut in cuts), last=last)
    shown_whole, outcome_whole = read(text, last=last)
    assert shown == shown_whole
    if not isinstance(outcome, Malformed):
        assert outcome == outcome_whole
    else:
        assert isinstance(outcome_whole, Malformed)
