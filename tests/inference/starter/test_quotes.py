"""The sentence that answers: whole, and only where repeating it is an answer."""

import pytest

from inference.starter.quotes import quoted, sentences
from inference.starter.sources import sources

SOUP = (
    "The soup was first served by Mrs. A. N. Brandt in 1903. She put dill in it, and allspice.\n"
    "- Salt comes last. 'Why?' asked Dr. Olsen; nobody knew! 汤很热。请慢慢喝。"
)


def test_names_and_titles_do_not_end_a_sentence() -> None:
    assert sentences(SOUP) == [
        "The soup was first served by Mrs. A. N. Brandt in 1903.",
        "She put dill in it, and allspice.",
        "- Salt comes last.",
        "'Why?' asked Dr. Olsen; nobody knew!",
        "汤很热。",
        "请慢慢喝。",
    ]


@pytest.mark.parametrize(
    ("key", "question", "sentence"),
    [
        ("dill", "What is in the soup?", "She put dill in it, and allspice."),
        ("Brandt", "Who served it first?", "The soup was first served by Mrs. A. N. Brandt in 1903."),
        ("nobody", "I wondered. Who knew?", "'Why?' asked Dr. Olsen; nobody knew!"),
        # A quotation is no answer to these.
        ("dill", "Is there dill in it?", None),
        ("dill", "Very good. Did she use dill?", None),
        ("请慢慢喝", "要慢慢喝吗？", None),
        # Over a sentence's end, and too short to be understood alone.
        ("1903. She", "When?", None),
        ("Salt", "What comes last?", None),
        ("pepper", "What is missing?", None),
    ],
)
def test_only_a_whole_sentence_that_answers_is_quoted(key: str, question: str, sentence: str | None) -> None:
    assert quoted(SOUP, key, question) == sentence


def test_most_questions_are_answered_by_a_sentence_of_their_passage() -> None:
    asked = [(source, question) for source in sources("train") for question in source.questions]
    quotes = [quoted(source.text, question.key, question.text) for source, question in asked]
    assert sum(quote is not None for quote in quotes) > 0.8 * len(asked)
    for (source, question), quote in zip(asked, quotes, strict=True):
        assert quote is None or (question.key in quote and quote in source.text)
