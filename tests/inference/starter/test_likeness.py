"""Likeness of requests."""

import pytest

from tests.inference.starter.likeness import Likeness

ASKED = (
    "Find the prime factors of 450",
    "How warm will it be in Lyon on Friday?",
    "Find the nearest bakery in Lyon",
    "Book a table for four on Friday",
)


@pytest.mark.parametrize(
    ("ask", "nearest"),
    [
        ("What are the prime factors of 84?", ASKED[0]),
        ("Is there a bakery in Lyon that is the nearest to the station?", ASKED[2]),
        ("On Friday, book four seats", ASKED[3]),
    ],
)
def test_the_most_alike_shares_rare_words(ask: str, nearest: str) -> None:
    share, text = Likeness(ASKED).nearest(ask)
    assert text == nearest
    assert 0.2 < share < 1


def test_the_same_words_are_alike_in_any_order_and_others_not_at_all() -> None:
    likeness = Likeness(ASKED)
    share, text = likeness.nearest("the bakery, nearest in Lyon. Find!")
    assert share == pytest.approx(1.0)
    assert text == ASKED[2]
    assert likeness.nearest("Sing something") == (0.0, "")
    assert Likeness(()).nearest("Sing") == (0.0, "")
