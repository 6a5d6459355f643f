"""Text and Markdown in the encodings that people have."""

from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.extract.markdown import title_of
from rag.extract.reader import extract
from rag.extract.text import decode, utf16_codec

RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. Широкая электрификация южных губерний даст толчок."
CHINESE = "检索引擎把文档切成小段，再把每一段变成向量。用户提出问题时，系统找出最接近的段落并给出出处。"
JAPANESE = "この文書は検索のために分割されます。利用者が質問すると、最も近い段落が見つかります。カタカナもあります。"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
        (RUSSIAN, "utf-16"),
        (RUSSIAN, "utf-16-le"),
        (RUSSIAN, "utf-32"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (CHINESE, "gbk"),
        (CHINESE, "utf-8"),
        (CHINESE, "utf-16-be"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("Words of plain English", "utf-16-le"),
        ("Words of plain English", "utf-16-be"),
        ("Größe, Übergröße und Maßeinheit für die Straße. Schöne Grüße aus Köln!", "cp1252"),
        # A line is enough.
        ("Привет, мир!", "cp1251"),
        ("Привет, мир!", "koi8_r"),
        ("Привет, мир!", "cp866"),
        ("Привет, мир!", "utf-16-le"),
        ("ДОГОВОР КУПЛИ-ПРОДАЖИ", "cp1251"),
        ("你好，世界！", "gbk"),
        ("你好，世界！", "big5"),
        ("合同编号", "gbk"),
        ("檢索引擎把文件切成小段。", "big5"),
        ("こんにちは、世界！", "shift_jis"),
        ("取扱説明書", "shift_jis"),
        ("안녕하세요, 세계!", "euc_kr"),
        ("Größe", "cp1252"),
        ("L'été était très chaud. J'ai acheté un café.", "cp1252"),
        ("El niño comió paella con ñoquis. ¡Qué rico!", "cp1252"),
        ("It’s “quoted” – and café costs £5", "cp1252"),
        ("Zażółć gęślą jaźń", "cp1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy.", "cp1250"),
        ("Magyarországon ősszel hűvös az idő.", "cp1250"),
        ("İstanbul'da yağmur yağıyor.", "cp1254"),
        ("Καλημέρα κόσμε, η εγγύηση ισχύει.", "cp1253"),
        ("שלום עולם, האחריות היא לשנתיים.", "cp1255"),
        ("مرحبا بالعالم، الضمان لمدة سنتين.", "cp1256"),
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


def test_bytes_of_no_code_page_are_not_taken_for_utf_16() -> None:
    for data in (b"he hid the facts", b"Bush hid the facts", bytes(range(1, 9)) * 40, b"\x00\x01" * 3 + b"\xff" * 90):
        assert utf16_codec(data) is None
