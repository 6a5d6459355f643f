"""Cleaning takes out what says nothing, and boxes stay over their text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.clean import clean_page, clean_text, rules, substitute
from rag.types import Area, Box, Page

AREA = Area(0, 0, 1, 1)
noisy = st.lists(
    st.sampled_from(
        [
            "word",
            "слово",
            "字",
            "  ",
            "\t\t",
            "\n",
            "\n\n\n",
            "\u200b",
            " \n",
            "https://a.b/c?d=1",
            "x@y.org",
            "[t](https://e.f)",
            ".",
        ]
    ),
    max_size=25,
)


@given(pieces=noisy, whitespace=st.booleans(), urls_emails=st.booleans(), keeps=st.booleans())
def test_a_box_is_over_what_is_left_of_its_text(
    pieces: list[str], whitespace: bool, urls_emails: bool, keeps: bool
) -> None:
    text, boxes = "", []
    for piece in pieces:
        boxes.append(Box(len(text), len(text) + len(piece), AREA))
        text += piece
    chosen = rules(whitespace=whitespace, urls_emails=urls_emails, keeps_indentation=keeps)
    cleaned = clean_page(Page(text, 7, tuple(boxes)), chosen)
    assert cleaned.text == clean_text(text, chosen)
    assert cleaned.number == 7
    left = [piece for piece in pieces if piece in ("word", "слово", "字")]
    if not urls_emails:
        found = [cleaned.text[box.start : box.end] for box in cleaned.boxes]
        assert [piece for piece in found if piece in left] == left
    for before, after in zip(cleaned.boxes, cleaned.boxes[1:], strict=False):
        assert before.start <= after.start < after.end <= len(cleaned.text)


@given(text=st.text("ab c", max_size=40), data=st.data())
def test_offsets_outside_of_edits_keep_their_characters(text: str, data: st.DataObject) -> None:
    new, edits = substitute(text, (re.compile("b+"), lambda match: "xyz"[: len(match[0])]))
    offset = data.draw(st.integers(0, len(text)))
    if offset < len(text) and text[offset] != "b":
        start, end = edits.moved(offset, offset + 1)
        assert new[start:end] == text[offset]
    assert edits.moved(0, len(text)) == (0, len(new))


@given(pieces=noisy)
def test_cleaning_twice_is_cleaning_once(pieces: list[str]) -> None:
    chosen = rules(whitespace=True, urls_emails=False)
    once = clean_text("".join(pieces), chosen)
    assert clean_text(once, chosen) == once
    assert not re.search(r"\n{3}|[ \t]{2}|\u200b", once)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("See https://example.com/a?b=1#c, then go on.", "See , then go on."),
        ("Ask anna.b+c@mail.example.org or www.example.org!", "Ask or !"),
        ('Read [the manual](https://example.com/x_(y) "title") first.', "Read the manual first."),
        ("An ![image](http://example.com/i.png) and <https://example.com>.", "An image and ."),
        ("[Chapter 2](chapter-2.md) stays a link", "[Chapter 2](chapter-2.md) stays a link"),
        ("请访问https://example.com/路径。谢谢", "请访问路径。谢谢"),
        ("请看 http://example.com/a。谢谢", "请看 。谢谢"),
        ("почта: ivan@example.ru.", "почта: ."),
        ("a@b and 3 @ 5 are none", "a@b and 3 @ 5 are none"),
    ],
)
def test_addresses_go_and_the_text_of_links_stays(text: str, left: str) -> None:
    assert clean_text(text, rules(whitespace=True, urls_emails=True)) == left


def test_indentation_is_kept_where_it_is_structure_and_joiners_everywhere() -> None:
    text = "- a\n    - b   c\t\td  \n\n\n\n👩\u200d👩\u200b می\u200cخواهم"
    assert clean_text(text, rules(whitespace=True, urls_emails=False, keeps_indentation=True)) == (
        "- a\n    - b c d\n\n👩\u200d👩 می\u200cخواهم"
    )
    assert clean_text(text, rules(whitespace=True, urls_emails=False)).startswith("- a\n - b c d\n\n")


@pytest.mark.parametrize(
    "worst", [" " * 200_000 + "x", "a" * 200_000, "[" * 50_000, "a." * 60_000 + "@", "\n " * 90_000]
)
def test_hostile_texts_are_cleaned_in_one_go(worst: str) -> None:
    # Searches that go back would take hours: the suite's time limit is the assertion.
    assert len(clean_text(worst, rules(whitespace=True, urls_emails=True))) <= len(worst)
