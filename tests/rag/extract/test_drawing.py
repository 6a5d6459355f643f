"""Pages drawn for people: every word lies in the box that the text says, and broken files say why they have none."""

import io
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # the wheel carries no types

from rag.errors import MalformedDocumentError, UnsupportedFormatError
from rag.extract.format import Picture
from rag.extract.isolated import can_draw, draw_page
from rag.extract.png import png_of
from rag.extract.reader import extract
from tests.rag.conftest import MakePdf
from tests.rag.extract.drawn import at, drawn
from tests.rag.extract.test_pdf import FORM

WIDTH = 800
DARK = 128
MARGIN = 0.006
"""Of the page: letters reach a little over the boxes that fonts declare."""


def image_of(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(png_of(picture)))


def dark_outside_of_boxes(path: Path, picture: Picture) -> int:
    """Return how many dark pixels of the first page lie in none of the boxes of its text."""
    (page, *_) = extract(path, "pdf").pages
    assert page.boxes
    grey = image_of(picture).convert("L")
    for box in page.boxes:
        area = box.area
        left, right = (int((x + shift) * grey.width) for x, shift in ((area.x0, -MARGIN), (area.x1, MARGIN)))
        top, bottom = (int((y + shift) * grey.height) for y, shift in ((area.y0, -MARGIN), (area.y1, MARGIN)))
        assert min(grey.crop((left, top, right, bottom)).tobytes()) < DARK, "there is a word in the box"
        grey.paste(255, (left, top, right, bottom))
    return sum(value < DARK for value in grey.tobytes())


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("is_cropped", [False, True])
def test_all_words_of_the_drawn_page_lie_in_the_boxes_of_its_text(tmp_path: Path, angle: int, is_cropped: bool) -> None:
    def two_lines(sheet: FPDF) -> None:
        at(sheet, 100, 150, "Up here.")
        at(sheet, 300, 500, "There.")

    path = drawn(tmp_path / "plain.pdf", two_lines)
    with PdfDocument(path) as document:
        page = document[0]
        page.set_rotation(angle)
        if is_cropped:
            page.set_cropbox(60, 200, 560, 800)
        document.save(turned := tmp_path / "turned.pdf")
    picture = draw_page(turned, "pdf", 1, width=WIDTH)
    assert abs(picture.width - WIDTH) <= 1
    assert dark_outside_of_boxes(turned, picture) == 0


def test_a_picture_is_the_same_in_the_file_format_that_browsers_read() -> None:
    colours = bytes(range(256)) * 3
    image = image_of(Picture(16, 16, colours, 3))
    assert (image.mode, image.size, image.tobytes()) == ("RGB", (16, 16), colours)
    assert image_of(Picture(16, 16, colours[:256])).tobytes() == colours[:256]


def test_what_was_filled_into_a_form_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(FORM)
    grey = image_of(draw_page(path, "pdf", 1, width=600)).convert("L")
    assert min(grey.crop((40, 160, 400, 200)).tobytes()) < DARK


def test_a_page_that_is_a_long_strip_is_drawn_in_bounds(tmp_path: Path) -> None:
    with PdfDocument.new() as document:
        document.new_page(100, 14_000)
        document.save(path := tmp_path / "strip.pdf")
    picture = draw_page(path, "pdf", 1, width=1800)
    assert picture.width * picture.height <= 10_100_000


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_page_that_is_not_there_is_refused(make_pdf: MakePdf, number: int) -> None:
    with pytest.raises(MalformedDocumentError, match="has no page"):
        draw_page(make_pdf("one", "two"), "pdf", number, width=WIDTH)


def test_formats_without_printed_pages_are_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no pages")
    assert [name for name in ("pdf", "text", "docx", "pptx", "") if can_draw(name)] == ["pdf"]
    with pytest.raises(UnsupportedFormatError, match="show its text"):
        draw_page(path, "text", 1, width=WIDTH)
