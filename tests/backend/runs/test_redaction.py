"""What is found in texts and values, what is left alone, and where marks stand when a text came in pieces."""

import json

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from backend.runs import redaction
from backend.runs.redaction import BUILT_IN, TOO_SLOW, Redactor, Rule

ALL = Redactor(list(BUILT_IN.values()))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("write to ann.lee+x@mail.example.org now", "write to [redacted:email] now"),
        ("почта: иван@пример.рф", "почта: [redacted:email]"),
        ("card 4111 1111 1111 1111, thanks", "card [redacted:card], thanks"),
        ("4111-1111-1111-1111", "[redacted:card]"),
        ("5555555555554444.", "[redacted:card]."),
        ("call +49 (0)30 1234 5678!", "call [redacted:phone]!"),
        ("0049 30 12345678", "[redacted:phone]"),
        ("tel 555-123-4567", "tel [redacted:phone]"),
        ("手机13912345678。", "手机[redacted:phone]。"),
        ("8 (912) 345-67-89", "[redacted:phone]"),
    ],
)
def test_what_is_personal_is_taken_out(said: str, kept: str) -> None:
    assert ALL.text(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "4111 1111 1111 1112",  # no check digit
        "0000 0000 0000 0000",
        "on 2026-11-21 at 10:15:00",
        "192.168.10.254 and 3.14159265358979",
        "123e4567-e89b-12d3-a456-426614174000",
        "price 1299.00, order 20261121",
        "a@b and @nobody",
    ],
)
def test_what_only_looks_like_it_stays(said: str) -> None:
    assert ALL.text(said) is said


def test_values_keep_their_shape_and_our_ids() -> None:
    value = {"to": ["a@b.org", 5, None, True], "a@b.org": 1, "card": 4111111111111111, "id": "555-123-4567"}
    kept = ALL.value(value)
    assert kept == {
        "to": ["[redacted:email]", 5, None, True],
        "[redacted:email]": 1,
        "card": "[redacted:card]",
        "id": "555-123-4567",
    }
    clean = {"a": ["b", {"c": 1}], "d": 0.5}
    assert ALL.value(clean) is clean


def test_of_an_event_what_was_said_is_redacted_and_where_it_was_stays() -> None:
    slow = Redactor([Rule("all", regex.compile(r"\w+"))])
    assert slow.event({"node_id": "llm", "text": "hello"}) == {"node_id": "llm", "text": "[redacted:all]"}


@given(st.lists(st.text("ab@.org 41-", max_size=12), max_size=12))
def test_pieces_say_together_what_the_whole_says(pieces: list[str]) -> None:
    secret = ["x a@", "b.or", "", "g y ", "4111 1111", " 1111 1111"]
    for said in (pieces, [*pieces, *secret], [*secret, *pieces]):
        kept = ALL.pieces(said)
        assert len(kept) == len(said)
        assert "".join(kept) == ALL.text("".join(said))


def test_a_rule_that_takes_too_long_costs_the_text_and_not_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "RULE_TIMEOUT_S", 0.01)
    slow = Redactor([Rule("slow", regex.compile(r"(a|aa)+$"))])
    assert slow.text("a" * 5000 + "b") == TOO_SLOW
    assert slow.pieces(["a" * 5000, "b"]) == [TOO_SLOW, ""]


def test_a_thousand_finds_are_found_in_order() -> None:
    said = " ".join(f"u{number}@example.org +49 30 1234{number:04d}" for number in range(1000))
    assert ALL.text(said) == " ".join(["[redacted:email] [redacted:phone]"] * 1000)
    assert json.loads(json.dumps(ALL.value([said])))[0].count("[redacted:email]") == 1000
