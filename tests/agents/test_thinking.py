"""Thoughts are told apart from the answer the same way, however the stream is cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.loop.thinking import ThinkSplitter


def split(pieces: list[str], shown: str = "") -> tuple[str, str]:
    splitter, text, reasoning = ThinkSplitter(shown), "", ""
    for piece in pieces:
        part = splitter.feed(piece)
        text = part.text if part.restarts else text + part.text
        reasoning += part.reasoning
    rest = splitter.rest()
    return text + rest.text, reasoning + rest.reasoning


@pytest.mark.parametrize(
    ("said", "text", "reasoning"),
    [
        ("", "", ""),
        ("plain", "plain", ""),
        ("  spaced ", "  spaced ", ""),
        ("<think>a</think>b", "b", "a"),
        ("\n<think>a</think>\n\n b", "b", "a"),
        ("<think>a</think><think>b</think>c", "c", "ab"),
        ("<think></think>c", "c", ""),
        ("a</think>b", "b", "a"),
        ("a</think>b</think>c", "b</think>c", "a"),
        ("say <think>a</think>", "say <think>a</think>", ""),
        ("<think>a", "", "a"),
        ("<thin", "<thin", ""),
        ("<think>a</thin", "", "a</thin"),
        ("a < b", "a < b", ""),
        ("a</think", "a</think", ""),
    ],
)
def test_marks_before_the_answer_are_read_and_no_others(said: str, text: str, reasoning: str) -> None:
    assert split([said]) == (text, reasoning)
    assert split(list(said)) == (text, reasoning)


@given(
    said=st.lists(st.sampled_from(["<think>", "</think>", "<", "</", " ", "a", "b\n"]), max_size=8).map("".join),
    cuts=st.lists(st.integers(1, 5), max_size=20),
)
@example(said="<think>a</think>b", cuts=[3, 4])
def test_the_parts_are_the_same_however_the_text_is_cut(said: str, cuts: list[int]) -> None:
    pieces, left = [], said
    for size in cuts:
        pieces.append(left[:size])
        left = left[size:]
    assert split([*pieces, left]) == split([said])


def test_what_goes_on_after_a_crash_is_answer() -> None:
    assert split(["<think>a</think>"], shown="I said") == ("<think>a</think>", "")
