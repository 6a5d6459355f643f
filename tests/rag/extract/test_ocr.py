"""Pages that are pictures of text: read where tesseract is installed, and a true word where it is not."""

import shutil
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # the wheel carries no types

from rag.errors import NoTextLayerError
from rag.extract import ocr
from rag.extract.format import Picture
from rag.extract.isolated import extract_isolated
from rag.extract.zygote import ZYGOTE
from tests.rag.extract.drawn import at, drawn

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A page of text, then two that a scanner has made of it."""
    written = drawn(tmp_path / "written.pdf", lambda sheet: at(sheet, 100, 200, "Kettles boil water"), size=24)
    pictures = tmp_path / "pictures.pdf"
    with PdfDocument(written) as document, PdfDocument.new() as scanned:
        image = document[0].render(scale=150 / 72, grayscale=True).to_pil()
        image.save(tmp_path / "page.jpg", quality=90)
        for _ in range(2):
            from_jpeg(scanned, tmp_path / "page.jpg")
        scanned.save(pictures)
        document.import_pages(scanned)
        document.save(tmp_path / "mixed.pdf")
    return pictures


def from_jpeg(document: PdfDocument, picture: Path) -> None:
    from pypdfium2 import PdfImage, PdfMatrix

    page = document.new_page(595, 842)
    image = PdfImage.new(document)
    image.load_jpeg(picture)
    image.set_matrix(PdfMatrix().scale(595, 842))
    page.insert_obj(image)
    page.gen_content()
    page.close()


def test_without_tesseract_a_scan_says_what_to_install(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoTextLayerError, match="no text layer; install tesseract"):
        extract_isolated(scan, "pdf")


def test_without_tesseract_scanned_pages_among_others_are_named(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    seen: list[int] = []
    extraction = extract_isolated(scan.parent / "mixed.pdf", "pdf", on_page=lambda done, total: seen.append(done))
    assert extraction.pages[0].text == "Kettles boil water"
    assert [warning[:6] for warning in extraction.warnings] == ["page 2", "page 3"]
    assert seen == [1, 2, 3]


@needs_tesseract
def test_scanned_pages_are_read_and_counted_one_by_one(scan: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    extraction = extract_isolated(
        scan.parent / "mixed.pdf", "pdf", on_page=lambda done, total: seen.append((done, total))
    )
    assert [page.text for page in extraction.pages] == ["Kettles boil water"] * 3
    assert extraction.warnings == ()
    assert seen == [(1, 3), (2, 3), (3, 3)]
    written, read = (page.boxes[0].area for page in extraction.pages[:2])
    assert read.x0 == pytest.approx(written.x0, abs=0.02)
    assert read.y1 == pytest.approx(written.y1, abs=0.02)


@needs_tesseract
def test_a_picture_without_text_is_an_empty_page() -> None:
    reader = ocr.installed_ocr(ZYGOTE)
    assert reader is not None
    page = reader.read(Picture(600, 400, bytes([255]) * 240_000), number=1, zygote=ZYGOTE)
    assert page.text == ""
