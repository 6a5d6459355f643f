"""DOCX: reading order, structure, and what hangs off the text."""

from pathlib import Path

import pytest
from docx import Document

from rag.errors import MalformedDocumentError
from rag.extract.docx_styles import written
from tests.rag.extract.making import W, paragraph, read_upload, relationships, text_of, write_docx


def numbered(level: int, id_: int = 1) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{id_}"/></w:numPr>'


def test_a_document_of_word_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    document = Document()
    document.core_properties.title = "Kettle manual"
    document.add_heading("Kettle", 0)
    document.add_heading("Use", 2)
    document.add_paragraph("Fill it.", style="List Bullet")
    document.add_paragraph("Boil it.", style="List Number")
    table = document.add_table(2, 3)
    for cell, text in zip(table._cells, ["Part", "", "Price", "Lid", "a\nb", "5"], strict=True):
        cell.text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    document.sections[0].header.paragraphs[0].text = "PAGE HEADER"
    document.save(str(tmp_path / "a.docx"))
    extraction = read_upload(tmp_path / "a.docx")
    assert extraction.title == "Kettle manual"
    assert extraction.pages[0].text == (
        "# Kettle\n\n## Use\n\n- Fill it.\n1. Boil it.\n\n| Part |  | Price |\n| --- | --- | --- |\n| Lid | a b | 5 |"
    )


def test_numbers_of_lists_and_headings_are_counted_like_word_does(tmp_path: Path) -> None:
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="2"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    )
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )
    body = (
        paragraph("First", numbered(0))
        + paragraph("Inner", numbered(1))
        + paragraph("Inner", numbered(1))
        + paragraph("Second", numbered(0) + '<w:outlineLvl w:val="1"/>')
        + paragraph("Inner again", numbered(1))
        + paragraph("Plain", numbered(0, 0))
    )
    parts = {
        "word/numbering.xml": numbering,
        "word/_rels/document.xml.rels": relationships(numbering="numbering.xml"),
    }
    assert text_of(write_docx(tmp_path / "a.docx", body, parts)) == (
        "2. First\n  2.a) Inner\n  2.b) Inner\n\n## 3. Second\n\n  3.a) Inner again\n\nPlain"
    )


def test_numbers_are_written_as_letters_and_in_roman() -> None:
    assert [written(4, kind) for kind in ("lowerRoman", "upperLetter", "decimalZero", "decimal")] == [
        "iv",
        "D",
        "04",
        "4",
    ]
    assert written(28, "lowerLetter") == "bb"
    assert written(1999, "upperRoman") == "MCMXCIX"


def test_notes_and_comments_follow_the_paragraph_that_refers_to_them(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:t>Kettles</w:t><w:footnoteReference w:id="2"/><w:t> boil.</w:t></w:r>'
        '<w:r><w:commentReference w:id="0"/></w:r></w:p>' + paragraph("Next.")
    )
    parts = {
        "word/_rels/document.xml.rels": relationships(footnotes="footnotes.xml", comments="comments.xml"),
        "word/footnotes.xml": (
            f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("Of steel.")}</w:footnote></w:footnotes>'
        ),
        "word/comments.xml": (
            f'<w:comments {W}><w:comment w:id="0" w:author="Ann">{paragraph("Really?")}</w:comment></w:comments>'
        ),
    }
    assert text_of(write_docx(tmp_path / "a.docx", body, parts)) == (
        "Kettles[^2] boil.\n\n[^2]: Of steel.\n\nComment (Ann): Really?\n\nNext."
    )


def test_what_was_deleted_or_hidden_is_not_read_and_what_was_inserted_is(tmp_path: Path) -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    assert text_of(write_docx(tmp_path / "a.docx", body)) == "new"


def test_a_text_box_given_in_two_ways_is_read_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    body = (
        '<w:p><w:r><w:t>Text.</w:t><mc:AlternateContent xmlns:mc="urn:mc"><mc:Choice><w:drawing>'
        f"{box}</w:drawing></mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert text_of(write_docx(tmp_path / "a.docx", body)) == "Text.\n\nIn the box."


def test_a_table_in_a_cell_stays_a_table_and_merged_cells_repeat_downwards(tmp_path: Path) -> None:
    def cell(content: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"

    inner = f"<w:tbl><w:tr>{cell(paragraph('e'))}{cell(paragraph('f'))}</w:tr></w:tbl><w:p/>"
    down, more = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    body = (
        f"<w:tbl><w:tr>{cell(paragraph('Head'))}{cell(paragraph('Value'))}</w:tr>"
        f"<w:tr>{cell(paragraph('North'), down)}{cell(paragraph('1'))}</w:tr>"
        f"<w:tr>{cell('<w:p/>', more)}{cell(paragraph('2'))}</w:tr>"
        f"<w:tr>{cell(paragraph('Nested'))}{cell(inner)}</w:tr></w:tbl>"
    )
    assert text_of(write_docx(tmp_path / "a.docx", body)) == (
        "| Head | Value |\n| --- | --- |\n| North | 1 |\n| North | 2 |\n\nNested\n\n| e | f |\n| --- | --- |"
    )


def test_formulas_are_readable_lines(tmp_path: Path) -> None:
    def m(name: str, content: str) -> str:
        return f"<m:{name}>{content}</m:{name}>"

    def r(text: str) -> str:
        return m("r", m("t", text))

    fraction = m("f", m("num", r("a+b")) + m("den", r("c")))
    power = m("sSup", m("e", r("x")) + m("sup", r("2")))
    root = m("rad", m("deg", "") + m("e", r("y")))
    formula = f'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">{fraction}{power}{root}</m:oMath>'
    assert text_of(write_docx(tmp_path / "a.docx", f"<w:p>{formula}</w:p>")) == "(a+b)/cx^2sqrt(y)"


def test_damaged_xml_is_read_as_far_as_it_goes_with_a_warning(tmp_path: Path) -> None:
    broken = f"<w:document {W}><w:body>{paragraph('First.')}{paragraph('Second.')}<w:p><w:r><w:t>Thi"
    extraction = read_upload(write_docx(tmp_path / "a.docx", "", {"word/document.xml": broken}))
    assert "First.\n\nSecond." in extraction.pages[0].text
    assert extraction.warnings == ("'word/document.xml' in the DOCX is damaged; a part of its text may be missing",)


def test_entities_in_a_document_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    part = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        f"<w:document {W}><w:body>{paragraph('&e;')}</w:body></w:document>"
    )
    with pytest.raises(MalformedDocumentError, match="declares entities"):
        read_upload(write_docx(tmp_path / "a.docx", "", {"word/document.xml": part}))


def test_hundreds_of_nested_tables_end_in_text_or_a_reason(tmp_path: Path) -> None:
    body = paragraph("Before.") + "<w:tbl><w:tr><w:tc>" * 80 + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * 80
    text = text_of(write_docx(tmp_path / "a.docx", body))
    assert text.startswith("Before.")
    assert "deep" in text


def test_the_strict_variant_is_read_like_the_usual_one(tmp_path: Path) -> None:
    usual = f"<w:document {W}><w:body>{paragraph('Strictly speaking.')}</w:body></w:document>"
    strict = usual.replace("schemas.openxmlformats.org/wordprocessingml/2006", "purl.oclc.org/ooxml/wordprocessingml")
    assert strict != usual
    assert text_of(write_docx(tmp_path / "a.docx", "", {"word/document.xml": strict})) == "Strictly speaking."
