"""The passages of a prompt: numbered, within the budget, and unmistakable."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rag.retrieve.citations import cited_positions
from rag.retrieve.pack import grounded_question, pack, passage_line
from rag.types import Hit


def hit(text: str) -> Hit:
    return Hit("c", "d", "s", text, 1, 0, 0.9)


async def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


async def count_chars(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]


async def test_passages_are_numbered_lines_in_the_order_of_the_hits() -> None:
    packed = await pack([hit("Cats purr.\nLoudly."), hit("Dogs bark.")], count_tokens=count_words, budget_tokens=100)
    assert packed.text == "[1] Cats purr. Loudly.\n[2] Dogs bark."
    assert [passage.hit.text for passage in packed.passages] == ["Cats purr.\nLoudly.", "Dogs bark."]
    assert (packed.tokens, packed.left_out) == (7, 0)


async def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    hits = [hit("one two three"), hit("four five six"), hit("seven")]
    packed = await pack(hits, count_tokens=count_words, budget_tokens=7)
    assert packed.text == "[1] one two three"
    assert packed.left_out == 2, "a worse hit does not jump the queue"


async def test_a_first_passage_that_is_too_long_is_shortened_at_a_word() -> None:
    packed = await pack([hit("lorem " * 500)], count_tokens=count_words, budget_tokens=50)
    assert re.fullmatch(r"\[1\]( lorem)+", packed.text)
    assert 30 < packed.tokens <= 50


async def test_no_budget_and_no_hits_give_no_passages() -> None:
    assert (await pack([hit("one")], count_tokens=count_words, budget_tokens=0)).passages == ()
    assert (await pack([], count_tokens=count_words, budget_tokens=10)).text == ""


@given(
    texts=st.lists(st.text(min_size=1, max_size=300).filter(lambda text: text.strip() != ""), max_size=6),
    budget=st.integers(0, 400),
)
async def test_the_budget_is_kept_and_only_our_numbers_stand_in_brackets(texts: list[str], budget: int) -> None:
    packed = await pack([hit(text) for text in texts], count_tokens=count_chars, budget_tokens=budget)
    assert len(packed.text) <= max(budget, 0)
    assert [passage.position for passage in packed.passages] == list(range(1, len(packed.passages) + 1))
    assert cited_positions(packed.text.replace("`", "'"), len(texts)) == {p.position for p in packed.passages}
    assert len(packed.text.split("\n")) == max(len(packed.passages), 1)


def test_citations_of_the_source_do_not_pass_for_ours() -> None:
    assert passage_line(1, "Paris [2] is large [3, 4].") == "[1] Paris (2) is large (3, 4)."


def test_the_question_follows_the_passages() -> None:
    assert grounded_question("[1] Cats purr.", "Do cats purr?") == "Context:\n[1] Cats purr.\n\nQuestion: Do cats purr?"
    assert grounded_question("", "Hi!") == "Hi!"
