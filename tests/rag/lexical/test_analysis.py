"""From texts to the terms of full-text search."""

import pytest

from rag.lexical import analyze
from rag.lexical.analysis import MAX_TERM_CHARS
from rag.lexical.language import detect


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("en", "The running SHIPS", ["the", "run", "ship"]),
        ("en", "Russia’s and Russia's", ["russia", "and", "russia"]),
        ("ru", "Бегущие корабли в Windows", ["бегущ", "корабл", "в", "window"]),
        ("", "корабли", ["корабл"]),
        ("fr", "l'école d’été", ["l", "écol", "d", "été"]),
        ("zh", "毕业于中国科学院", ["毕业", "于", "中国", "科学", "学院", "科学院", "中国科学院"]),
        ("ja", "検索エンジン", ["検索", "索エ", "エン", "ンジ", "ジン"]),
        ("ko", "한국어 검색", ["한국", "국어", "검색"]),
        ("th", "ไทย", ["ไท", "ทย"]),
        ("en", "ﬁne ＡＢＣ１２", ["fine", "abc12"]),
        ("en", "3,000.5 and 3.14", ["3000.5", "and", "3.14"]),
        ("en", "AB-1234 john@x.org", ["ab-1234", "ab", "1234", "john@x.org", "john", "x", "org"]),
        ("en", "well-known", ["well", "known"]),
        ("uk", "кораблі", ["кораблі"]),
        ("en", "… — !", []),
    ],
)
def test_words_are_folded_cut_and_stemmed(language: str, text: str, terms: list[str]) -> None:
    assert analyze(text, language) == terms


def test_no_term_is_longer_than_a_column_holds() -> None:
    monsters = ["x" * 5000, "ab1" * 5000, "a_" * 5000, "1," * 5000, "字" * 500, "ก" * 500, "1," + "000," * 500 + "000"]
    for monster in monsters:
        assert all(0 < len(term) <= MAX_TERM_CHARS for term in analyze(monster, "zh"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The warranty of the kettle is thirty months long, counted from the day of sale.", "en"),
        ("Die Garantie des Wasserkochers beträgt dreißig Monate ab dem Tag des Verkaufs.", "de"),
        ("Гарантия на чайник составляет тридцать месяцев со дня продажи.", "ru"),
        ("这个水壶的保修期是三十个月。", "zh"),
        ("このケトルの保証期間は三十か月です。", "ja"),
        ("이 주전자의 보증 기간은 삼십 개월입니다.", "ko"),
        ("Привет", "ru"),
        ("warranty", ""),
        ("1234 5678", ""),
        ("", ""),
    ],
)
def test_a_language_is_told_where_it_can_be(text: str, language: str) -> None:
    assert detect(text) == language
