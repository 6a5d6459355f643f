"""StopFilter: characters whole, stop strings never shown, whatever the split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.stopping import StopFilter

TEXT = st.text(alphabet="abcé漢😀 \n", max_size=40)
STOPS = st.lists(st.text(alphabet="abcé漢", min_size=1, max_size=4), max_size=3)


def run(raw: bytes, cuts: list[int], stops: list[str]) -> tuple[str, bool]:
    stop_filter = StopFilter(stops)
    edges = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    shown = "".join(stop_filter.push(piece) for piece in pieces)
    return shown + stop_filter.flush(), stop_filter.is_stopped


@given(TEXT, STOPS, st.lists(st.integers(0, 200), max_size=20))
def test_output_is_the_text_before_the_first_stop_for_any_split(text: str, stops: list[str], cuts: list[int]) -> None:
    shown, is_stopped = run(text.encode(), cuts, stops)
    assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)
    assert is_stopped == any(stop in text for stop in stops)
    if not is_stopped:
        assert shown == text


@given(st.binary(max_size=30), st.lists(st.integers(0, 60), max_size=10))
def test_any_bytes_come_out_as_one_decoder_would_write_them(raw: bytes, cuts: list[int]) -> None:
    assert run(raw, cuts, []) == (raw.decode("utf-8", "replace"), False)


def test_half_a_character_waits_for_the_rest() -> None:
    stop_filter = StopFilter()
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert stop_filter.push(first) == ""
    assert stop_filter.push(second) == "é"


def test_a_false_start_of_a_stop_string_is_shown() -> None:
    stop_filter = StopFilter(["STOP"])
    assert stop_filter.push(b"no ST") == "no "
    assert stop_filter.push(b"ART") == "START"
    assert stop_filter.push(b" x STOP y") == " x "
    assert stop_filter.push(b"more") == ""
    assert stop_filter.flush() == ""


@pytest.mark.parametrize(("text", "shown"), [("ab<to", "ab"), ("<", ""), ("ab", "ab"), ("<tool", "")])
def test_only_a_proper_beginning_of_a_stop_string_is_held_back(text: str, shown: str) -> None:
    assert StopFilter(["<tool_call>"]).push(text.encode()) == shown
