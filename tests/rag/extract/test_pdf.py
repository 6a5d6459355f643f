"""PDF: pages, reasons, the order in which a page is read, and where its text stands."""

import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from fpdf import FPDF
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # the wheel carries no types

from rag.errors import EmptyDocumentError, EncryptedDocumentError, MalformedDocumentError, NoTextLayerError
from rag.extract import pdf
from rag.extract.reader import extract
from rag.types import Page
from tests.rag.conftest import MakePdf
from tests.rag.extract.drawn import LOREM, Draw, at, drawn, grid, paragraph

FORM = b"""%PDF-1.7
1 0 obj <</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [4 0 R] /DR <</Font <</F 6 0 R>>>>>>>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Annots [4 0 R]>> endobj
4 0 obj <</Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada Lovelace) /F 4 /P 3 0 R /Rect [20 100 200 120]
 /AP <</N 5 0 R>>>> endobj
5 0 obj <</Type /XObject /Subtype /Form /BBox [0 0 180 20] /Resources <</Font <</F 6 0 R>>>> /Length 40>> stream
BT /F 12 Tf 2 5 Td (Ada Lovelace) Tj ET
endstream endobj
6 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""


def test_every_page_keeps_its_number_and_its_own_text(make_pdf: MakePdf) -> None:
    path = make_pdf("Cats purr.", "", "Dogs bark.", title="Animals")
    extraction = extract(path, "pdf")
    assert [(page.number, page.text) for page in extraction.pages] == [(1, "Cats purr."), (2, ""), (3, "Dogs bark.")]
    assert extraction.title == "Animals"


def test_lines_that_the_page_wrapped_are_joined_to_sentences(make_pdf: MakePdf) -> None:
    sentence = f"The warranty of the kettle lasts {'and lasts on every day of every week ' * 9}until it ends."
    extraction = extract(make_pdf("WARRANTY\n" + sentence), "pdf")
    assert extraction.pages[0].text == "WARRANTY\n" + sentence


@pytest.mark.parametrize(
    "lines",
    [
        [
            "- one thing that is nearly as long as the longest line here",
            "- another thing that is nearly as long as the longest line",
        ],
        [
            "Chapter one about all the things that are long .......... 12",
            "Chapter two about all the things that are long .......... 34",
        ],
        [
            "1) Something that is long and goes on for a whole line",
            "2) Something else that is long and goes on as well",
        ],
        ["The first sentence ends here, at the end of its own line.", "The second one begins with a line of its own."],
    ],
)
def test_lists_contents_and_sentences_keep_their_lines(tmp_path: Path, lines: list[str]) -> None:
    def page(sheet: FPDF) -> None:
        for index, line in enumerate(lines):
            at(sheet, 60, 100 + 14 * index, line)

    assert _text(drawn(tmp_path / "list.pdf", page)).split("\n") == lines


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_that_is_printed_sideways_is_read_as_it_is_meant(tmp_path: Path, angle: int) -> None:
    def page(sheet: FPDF) -> None:
        with sheet.rotation(angle, 297, 421):
            y = paragraph(sheet, 100, 300, LOREM, width=60)
            at(sheet, 100, y + 20, "The end.")

    assert _text(drawn(tmp_path / "sideways.pdf", page)) == " ".join(LOREM) + "\n\nThe end."


def test_a_word_divided_at_the_end_of_a_line_is_one_word(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        at(sheet, 60, 100, "a long line that fills the page with an exam-")
        at(sheet, 60, 114, "ple that goes on")

    assert _text(drawn(tmp_path / "hyphen.pdf", page)) == "a long line that fills the page with an example that goes on"


@pytest.mark.parametrize("interleaved", [False, True])
def test_two_columns_are_read_one_after_the_other(tmp_path: Path, interleaved: bool) -> None:
    def page(sheet: FPDF) -> None:
        at(sheet, 60, 60, "A title that goes over both of the columns of the page, from left to right")
        if interleaved:
            for line in range(12):
                at(sheet, 60, 100 + 14 * line, f"left {line} is a line of the first column")
                at(sheet, 320, 100 + 14 * line, f"right {line} is a line of the second column")
        else:
            for line in range(12):
                at(sheet, 320, 100 + 14 * line, f"right {line} is a line of the second column")
            for line in range(12):
                at(sheet, 60, 100 + 14 * line, f"left {line} is a line of the first column")
        at(sheet, 60, 320, "A last line that goes over both of the columns of the page, left to right")

    text = _text(drawn(tmp_path / "columns.pdf", page))
    wanted = ["A title", *(f"left {n}" for n in range(12)), *(f"right {n}" for n in range(12)), "A last line"]
    places = [text.index(f"{start} ") for start in wanted]
    assert places == sorted(places)


def test_a_sentence_goes_on_from_one_column_to_the_next(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        for line in range(5):
            at(sheet, 60, 100 + 14 * line, "words that fill up a whole column and")
            at(sheet, 320, 100 + 14 * line, "words that fill up a whole column and")

    assert "\n" not in _text(drawn(tmp_path / "sentence.pdf", page))


def test_headings_are_marked_and_paragraphs_stand_apart(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        sheet.set_font("helvetica", size=22)
        at(sheet, 60, 80, "Care of kettles")
        sheet.set_font("helvetica", size=11)
        y = paragraph(sheet, 60, 110, LOREM, width=80)
        paragraph(sheet, 60, y + 14, LOREM, width=80)

    assert (
        _text(drawn(tmp_path / "heading.pdf", page)) == f"# Care of kettles\n\n{' '.join(LOREM)}\n\n{' '.join(LOREM)}"
    )


def test_headers_footers_and_page_numbers_are_left_out_and_other_repetitions_stay(tmp_path: Path) -> None:
    def page(number: int) -> Draw:
        def draw(sheet: FPDF) -> None:
            at(sheet, 60, 40, "Annual report of the kettle company" if number % 2 else "Financial part of 2026")
            at(sheet, 60, 120, "The same sentence stands on every page of it.")
            at(sheet, 60, 160, f"And this one only on page {number} of it.")
            at(sheet, 300, 810, str(number))

        return draw

    path = drawn(tmp_path / "report.pdf", *(page(number) for number in range(1, 13)))
    pages = extract(path, "pdf").pages
    for number, read in enumerate(pages, start=1):
        same = "The same sentence stands on every page of it."
        assert read.text == f"{same}\n\nAnd this one only on page {number} of it."


def test_numbers_that_do_not_count_pages_stay_although_they_stand_at_the_edge(tmp_path: Path) -> None:
    figures = [7, 19, 4, 88, 23, 61]

    def page(figure: int) -> Draw:
        def draw(sheet: FPDF) -> None:
            at(sheet, 60, 400, "A figure:")
            at(sheet, 300, 810, str(figure))

        return draw

    path = drawn(tmp_path / "figures.pdf", *(page(figure) for figure in figures))
    assert [read.text.split()[-1] for read in extract(path, "pdf").pages] == [str(figure) for figure in figures]


def test_a_ruled_table_is_markdown_in_the_midst_of_its_text(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        at(sheet, 60, 80, "Before the table.")
        grid(sheet, 60, 100, [["Model", "Power", "Price"], ["K1", "2 kW", "30"], ["K2", "3 kW", "45|50"]])
        at(sheet, 60, 200, "After the table.")

    assert _text(drawn(tmp_path / "table.pdf", page)) == (
        "Before the table.\n\n"
        "| Model | Power | Price |\n| --- | --- | --- |\n| K1 | 2 kW | 30 |\n| K2 | 3 kW | 45\\|50 |\n\n"
        "After the table."
    )


def test_a_table_without_rules_is_markdown_too(tmp_path: Path) -> None:
    rows = [["Model", "Power", "Price"], ["K1", "2 kW", "30"], ["K2", "3 kW", "45"], ["K3", "1 kW", "19"]]

    def page(sheet: FPDF) -> None:
        at(sheet, 60, 80, "What our kettles cost from the first of January on, with taxes:")
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                at(sheet, 60 + 120 * c, 110 + 16 * r, cell)

    assert "| Model | Power | Price |\n| --- | --- | --- |\n| K1 | 2 kW | 30 |" in _text(
        drawn(tmp_path / "t.pdf", page)
    )


@pytest.mark.parametrize("width", [40, 60, 90])
def test_prose_is_never_a_table(tmp_path: Path, width: int) -> None:
    def page(sheet: FPDF) -> None:
        y = paragraph(sheet, 60, 80, LOREM * 2, width=width)
        for index in range(4):
            at(sheet, 60, y + 14 * index, f"{index}.")
            at(sheet, 90, y + 14 * index, "a point of a list whose numbers stand apart")
        sheet.rect(50, 60, 500, y)  # a frame around all of it

    assert "|" not in _text(drawn(tmp_path / "prose.pdf", page))


def test_boxes_show_where_each_paragraph_stands(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        at(sheet, 59.528, 84.189, "Top left")
        at(sheet, 297.64, 757.70, "Below the middle")

    read = extract(drawn(tmp_path / "boxes.pdf", page), "pdf").pages[0]
    first, second = read.boxes
    assert read.text[first.start : first.end] == "Top left"
    assert read.text[second.start : second.end] == "Below the middle"
    # The baselines are at a tenth and at nine tenths of the height.
    assert first.area.y0 < 0.1 < first.area.y1 < 0.11
    assert second.area.y0 < 0.9 < second.area.y1 < 0.91
    assert first.area.x0 == pytest.approx(0.1, abs=0.005)
    assert second.area.x0 == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_and_order_are_those_of_the_page_as_it_is_seen(tmp_path: Path, rotation: int) -> None:
    upright = drawn(tmp_path / "upright.pdf", lambda sheet: at(sheet, 59.528, 84.189, "Where it stands"))
    with PdfDocument(upright) as document:
        document[0].set_rotation(rotation)
        document.save(tmp_path / "turned.pdf")
    (box,) = extract(tmp_path / "turned.pdf", "pdf").pages[0].boxes
    # The text begins a tenth from the left and a tenth from the top, whatever way the sheet is then turned.
    x, y = {0: (0.1, 0.1), 90: (0.9, 0.1), 180: (0.9, 0.9), 270: (0.1, 0.9)}[rotation]
    assert box.area.x0 - 0.02 <= x <= box.area.x1 + 0.02
    assert box.area.y0 - 0.02 <= y <= box.area.y1 + 0.02


def test_boxes_are_fractions_of_what_is_seen_of_a_cropped_page(tmp_path: Path) -> None:
    whole = drawn(tmp_path / "whole.pdf", lambda sheet: at(sheet, 300, 421, "In the middle"))
    with PdfDocument(whole) as document:
        document[0].set_cropbox(295.28, 210.5, 595.28, 631.4)  # left, bottom, right, top
        document.save(tmp_path / "cropped.pdf")
    (box,) = extract(tmp_path / "cropped.pdf", "pdf").pages[0].boxes
    assert box.area.x0 == pytest.approx(5 / 300, abs=0.01)
    assert box.area.y1 == pytest.approx(0.5, abs=0.02)


def test_a_page_has_few_boxes_and_they_cover_its_text_in_order(tmp_path: Path) -> None:
    def page(sheet: FPDF) -> None:
        for line in range(60):
            at(sheet, 60, 40 + 13 * line, f"{line}.")

    read = extract(drawn(tmp_path / "many.pdf", page, size=8), "pdf").pages[0]
    assert len(read.boxes) <= 40
    assert [box.start for box in read.boxes] == sorted(box.start for box in read.boxes)
    assert "\n".join(read.text[box.start : box.end] for box in read.boxes).split() == read.text.split()


def test_what_was_filled_into_a_form_is_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "form.pdf").write_bytes(FORM)
    assert _text(tmp_path / "form.pdf") == "Ada Lovelace"


def test_a_blank_pdf_is_empty_and_is_refused_at_upload(make_pdf: MakePdf) -> None:
    path = make_pdf("", "")
    for use in (pdf.check, lambda p: extract(p, "pdf")):
        with pytest.raises(EmptyDocumentError, match="blank"):
            use(path)


def test_a_scan_passes_the_upload_and_says_why_it_has_no_text(make_pdf: MakePdf) -> None:
    path = make_pdf("", image=True)
    pdf.check(path)
    with pytest.raises(NoTextLayerError, match="no text layer; install tesseract"):
        extract(path, "pdf")


def test_a_scanned_page_among_others_is_a_warning(make_pdf: MakePdf, tmp_path: Path) -> None:
    with (
        PdfDocument(make_pdf("Words.", name="a.pdf")) as first,
        PdfDocument(make_pdf("", name="b.pdf", image=True)) as second,
    ):
        first.import_pages(second)
        first.save(tmp_path / "both.pdf")
    (warning,) = extract(tmp_path / "both.pdf", "pdf").warnings
    assert warning.startswith("page 2 is a picture without a text layer and was left out; install tesseract")


def test_an_encrypted_pdf_says_to_remove_the_password(make_pdf: MakePdf) -> None:
    path = make_pdf("Secret.", password="word")
    for use in (pdf.check, lambda p: extract(p, "pdf")):
        with pytest.raises(EncryptedDocumentError, match="remove the password") as caught:
            use(path)
        assert caught.value.http_status == 422


def test_a_pdf_that_does_not_open_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing that follows is a PDF\n%%EOF")
    with pytest.raises(MalformedDocumentError, match="broken"):
        pdf.check(path)


def test_files_that_are_attached_are_named_in_a_warning(tmp_path: Path, make_pdf: MakePdf) -> None:
    with PdfDocument(make_pdf("Words.")) as document:
        document.new_attachment("table.csv").set_data(b"a,b")
        document.save(tmp_path / "attached.pdf")
    (warning,) = extract(tmp_path / "attached.pdf", "pdf").warnings
    assert "attached" in warning


def test_many_pages_take_no_more_memory_than_a_few(tmp_path: Path) -> None:
    sheet = drawn(tmp_path / "one.pdf", lambda page: paragraph(page, 60, 80, LOREM * 3, width=80))
    with PdfDocument(sheet) as one, PdfDocument.new() as many:
        for _ in range(150):
            many.import_pages(one)
        many.save(tmp_path / "many.pdf")
    pages = pdf.read(tmp_path / "many.pdf").pages
    assert len(list(islice(pages, 20))) == 20
    tracemalloc.start()
    try:
        rest = sum(1 for _ in pages)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rest == 130
    assert peak < 3 << 20


def _text(path: Path) -> str:
    return _page(path).text


def _page(path: Path) -> Page:
    return extract(path, "pdf").pages[0]
