"""Text and Markdown in the encodings that people have."""

from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.extract.markdown import title_of
from rag.extract.reader import extract
from rag.extract.text import decode

RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. Широкая электрификация южных губерний даст толчок."
CHINESE = "检索引擎把文档切成小段，再把每一段变成向量。用户提出问题时，系统找出最接近的段落并给出出处。"
JAPANESE = "この文書は検索のために分割されます。利用者が質問すると、最も近い段落が見つかります。カタカナもあります。"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (CHINESE, "gbk"),
        (CHINESE, "utf-8"),
        (JAPANESE, "shift_jis"),
        ("Words of plain English", "utf-16-le"),
        ("Words of plain English", "utf-16-be"),
        ("Größe, Übergröße und Maßeinheit für die Straße. Schöne Grüße aus Köln!", "cp1252"),
    ],
)
def test_text_is_decoded_without_being_told_its_encoding(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text


def test_one_damaged_byte_does_not_lose_the_document() -> None:
    assert "кодировка" in decode(("\ufeff" + "кодировка " * 50).encode() + b"\xff")


def test_line_ends_become_one_kind_and_characters_that_no_database_holds_go(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\ntwo\rthree\x00\x07 end")
    assert extract(path, "text").pages[0].text == "one\ntwo\nthree end"


def test_a_file_of_white_space_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(" \n\t\n")
    with pytest.raises(EmptyDocumentError):
        extract(path, "text")


def test_markdown_keeps_its_marks_and_names_its_title(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("Intro\n\n## The *first* heading ##\n\n- item\n\n| a | b |\n|---|---|\n", encoding="utf-8")
    extraction = extract(path, "markdown")
    assert extraction.title == "The *first* heading"
    assert "| a | b |\n|---|---|" in extraction.pages[0].text
    assert extraction.pages[0].number is None


def test_the_title_of_front_matter_wins() -> None:
    assert title_of('---\ntitle: "From above"\n---\n# Below\n') == "From above"
    assert title_of("no heading at all") == ""
