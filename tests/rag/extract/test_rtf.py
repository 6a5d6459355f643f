"""RTF: code pages, destinations, tables."""

from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.extract.rtf_parser import RtfParser
from tests.rag.extract.making import read_upload


def text_of(rtf: str) -> str:
    parser = RtfParser(rtf)
    parser.run()
    return parser.blocks.text()


def escaped(text: str, codec: str) -> str:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(codec))


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        (204, "cp1251", "Гарантия два года"),
        (134, "gbk", "检索引擎，你好"),
        (136, "big5", "檢索引擎"),
        (128, "cp932", "保証期間ソース表"),
        (129, "cp949", "보증 기간"),
        (161, "cp1253", "Καλημέρα"),
        (238, "cp1250", "žluťoučký"),
    ],
)
def test_text_is_decoded_by_the_font_it_is_set_in(charset: int, codec: str, text: str) -> None:
    fonts = rf"{{\fonttbl{{\f0\fcharset0 Arial;}}{{\f1\fnil\fcharset{charset} Other;}}}}"
    assert text_of(
        rf"{{\rtf1\ansi\ansicpg1252{fonts}\f0 caf{escaped('é', 'cp1252')} \f1 {escaped(text, codec)}\par}}"
    ) == (f"café {text}")


def test_the_second_byte_of_a_character_may_be_a_letter() -> None:
    # 表 is 0x95 0x5C in Shift-JIS: programs write the second byte as it is, or escaped.
    fonts = r"{\fonttbl{\f1\fcharset128 Mincho;}}"
    assert text_of(rf"{{\rtf1{fonts}\f1 \'95\'5c\'8eA}}") == "表" + b"\x8eA".decode("cp932", "replace")


def test_unicode_characters_replace_their_fallback() -> None:
    assert text_of(r"{\rtf1\uc1 \u8364\'805}") == "€5"
    assert text_of(r"{\rtf1\uc1 \u8364 E5}") == "€5"
    assert text_of(r"{\rtf1{\uc2 \u8364 EU}5 \uc0\u8364 6}") == "€5 €6"


def test_characters_outside_the_first_plane_come_in_two_halves(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_text(r"{\rtf1\uc1 Smile \u-10179?\u-8704?!}")
    assert read_upload(path).pages[0].text == "Smile 😀!"


def test_headings_tables_and_footnotes_keep_their_shape() -> None:
    rtf = (
        r"{\rtf1{\stylesheet{\s0 Normal;}{\s3\b heading 2;}}{\info{\title The title}{\author Ann}}{\header HEADER\par}"
        r"\pard\s3 Use\par\pard Kettles{\footnote\pard Of steel.} boil.\par"
        r"\trowd\intbl Part\cell Price\cell\row\trowd\pard\intbl Lid\par two\cell 5\cell\row\pard After.\par}"
    )
    parser = RtfParser(rtf)
    parser.run()
    assert parser.title == "The title"
    assert parser.blocks.text() == (
        "## Use\n\nKettles boil.\n\nOf steel.\n\n| Part | Price |\n| --- | --- |\n| Lid two | 5 |\n\nAfter."
    )


def test_pictures_fields_and_unknown_destinations_are_no_text() -> None:
    rtf = (
        r"{\rtf1 See {\field{\*\fldinst HYPERLINK x}{\fldrslt the manual}}{\pict\pngblip 89504e47}"
        r"{\*\unknown secret}{\v hidden}.{\pict\bin5 }}}}}}\par Next.}"
    )
    parser = RtfParser(rtf)
    parser.run()
    assert parser.blocks.text() == "See the manual.\n\nNext."
    assert parser.pictures == 2


def test_a_cut_off_document_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1 Words {\b and more")
    extraction = read_upload(path)
    assert extraction.pages[0].text == "Words and more"
    assert extraction.warnings == ("the RTF is cut off; a part of its text may be missing",)


@pytest.mark.parametrize("rtf", [rb"{\rtf1}", rb"{\rtf1\ansi{\fonttbl{\f0 A;}}}", rb"{\rtf"])
def test_an_rtf_without_text_is_empty(rtf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(rtf)
    with pytest.raises(EmptyDocumentError):
        read_upload(path)


def test_ten_thousand_open_groups_and_megabytes_of_hex_do_no_harm() -> None:
    assert text_of(r"{\rtf1 a" + "{" * 200_000 + "b") == "ab"
    assert text_of(r"{\rtf1 a{\pict " + "00ff" * 500_000 + "}b}") == "ab"
