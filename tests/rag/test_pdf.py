"""PDF: pages, reasons, and the text of real files."""

import csv
import re
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]  # the wheel carries no types

from rag.errors import EmptyDocumentError, EncryptedDocumentError, MalformedDocumentError, NoTextLayerError
from rag.extract import pdf
from rag.extract.reader import extract
from tests.rag.conftest import MakePdf


def test_every_page_keeps_its_number_and_its_own_text(make_pdf: MakePdf) -> None:
    path = make_pdf("Cats purr.", "", "Dogs bark.", title="Animals")
    extraction = extract(path, "pdf")
    assert [(page.number, page.text) for page in extraction.pages] == [(1, "Cats purr."), (2, ""), (3, "Dogs bark.")]
    assert extraction.title == "Animals"


def test_lines_that_the_page_wrapped_are_joined_to_sentences(make_pdf: MakePdf) -> None:
    sentence = f"The warranty of the kettle lasts {'and lasts on every day of every week ' * 9}until it ends."
    extraction = extract(make_pdf("WARRANTY\n" + sentence), "pdf")
    assert extraction.pages[0].text == "WARRANTY\n" + sentence


def test_lists_and_hyphens_at_line_ends_come_out_right() -> None:
    assert pdf.reflow("- one\n- two\n- three") == "- one\n- two\n- three"
    assert pdf.reflow("a long ex\ufffeample line that fills the page\nand goes on") == (
        "a long example line that fills the page and goes on"
    )
    assert pdf.reflow("漏電遮断機構の特性を持\nたせたもの") == "漏電遮断機構の特性を持たせたもの"


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
    assert extract(tmp_path / "both.pdf", "pdf").warnings == (
        "page 2 is a picture without a text layer and was left out",
    )


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


@pytest.mark.shared_data
def test_real_files_give_the_phrases_that_other_extractors_find(shared_documents: Path) -> None:
    with (shared_documents / "manifest.tsv").open(encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
            if row["file"].startswith(("good/", "multilingual/"))
            and row["file"].endswith((".pdf", ".txt", ".md"))
            and row["phrase that must be found"]
        ]
    assert rows
    kinds = {"pdf": "pdf", "txt": "text", "md": "markdown"}
    missing = []
    for row in rows:
        extraction = extract(shared_documents / row["file"], kinds[row["file"].rpartition(".")[2]])
        text = " ".join(page.text for page in extraction.pages)
        if _squeezed(row["phrase that must be found"]) not in _squeezed(text):
            missing.append(row["file"])
    assert missing == []


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u00ad-]+", "", text)
