"""PPTX: slides, their order, and what stands in their shapes."""

from pathlib import Path

from pptx import Presentation
from pptx.util import Inches

from tests.rag.extract.making import read_upload


def test_every_slide_is_a_page_with_title_list_table_and_notes(tmp_path: Path) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Kettles"
    frame = slide.placeholders[1].text_frame
    frame.text = "They boil"
    inner = frame.add_paragraph()
    inner.text, inner.level = "fast", 1
    slide.notes_slide.notes_text_frame.text = "Say hello."
    second = deck.slides.add_slide(deck.slide_layouts[6])
    box = second.shapes.add_textbox(0, 0, Inches(1), Inches(1))
    box.text_frame.text = "Free text"
    table = second.shapes.add_table(2, 2, 0, 0, Inches(4), Inches(1)).table
    for at, text in enumerate(["Part", "Price", "Lid", "5"]):
        table.cell(at // 2, at % 2).text = text
    group = second.shapes.add_group_shape().shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Deep in groups"
    deck.core_properties.title = "Deck"
    deck.save(str(tmp_path / "a.pptx"))
    extraction = read_upload(tmp_path / "a.pptx")
    assert extraction.title == "Deck"
    assert [(page.number, page.text) for page in extraction.pages] == [
        (1, "## Kettles\n\n- They boil\n  - fast\n\nNotes: Say hello."),
        (2, "Free text\n\n| Part | Price |\n| --- | --- |\n| Lid | 5 |\n\nDeep in groups"),
    ]


def test_hidden_slides_are_left_out_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    deck = Presentation()
    for title in ("First", "Backup", "Last"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    deck.slides[1]._element.set("show", "0")
    deck.save(str(tmp_path / "a.pptx"))
    extraction = read_upload(tmp_path / "a.pptx")
    assert [(page.number, page.text) for page in extraction.pages] == [(1, "## First"), (2, ""), (3, "## Last")]
    assert extraction.warnings == ("the hidden slide 2 was left out",)


def test_a_footer_is_read_once_and_slide_numbers_never(tmp_path: Path) -> None:
    deck = Presentation()
    for title in ("One", "Two"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
        for kind, text in (("ftr", "ACME confidential"), ("sldNum", "77")):
            box = slide.shapes.add_textbox(0, 0, Inches(1), Inches(1))
            box.text_frame.text = text
            box._element.nvSpPr.nvPr.append(
                box._element.makeelement(f"{{{box._element.nsmap['p']}}}ph", {"type": kind})
            )
    deck.save(str(tmp_path / "a.pptx"))
    assert [page.text for page in read_upload(tmp_path / "a.pptx").pages] == ["## One\n\nACME confidential", "## Two"]
