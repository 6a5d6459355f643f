"""Every real document beside the checkout that is no PDF: its phrase is found, or its refusal says why."""

import csv
import re
from pathlib import Path

import pytest

from rag.errors import RagError
from tests.rag.extract.making import read_upload

# What the manifest expects of files without a phrase: words of the text, or the code and words of the refusal.
EXPECTED_TEXT = {
    "good/Strict.docx": "Some text",
    "good/example_formulas.xlsx": "| 7 | 33 | 40 |",
    "good/factbook.xml": "Trinidad & Tobado",
    "good/group-shapes-nested.pptx": "J",
    "good/stanley-cups-utf-16.csv": "| Maple Leafs | TOR | 13 |",
    "good/xlsx_01.xlsx": "| 6 | 0 | -6 |",
    "multilingual/emoji.xlsx": "🤠😅",
    "multilingual/example.xlsx": "Лист2",
    "multilingual/fake-text-utf-32.txt": "Hamburgers are delicious",
    "multilingual/hebrew-text-base64-iso88598i.txt": "CDs+On55e0g",
    "multilingual/ukrf.doc": "Задачами настоящего Кодекса являются: охрана прав и",
    "nasty/broken_properties.docx": "FonFfff",
    "nasty/csv-with-long-lines.csv": "SpearmanCorrelationCoefficient",
    "nasty/email-replace-mime-encodings-error-3.eml": "AWS Innovate - Every Application Edition",
    "nasty/fake-html-with-base64-image.html": "Test page",
    "nasty/fake-html-with-image-from-url.html": "Test page",
    "nasty/fake-incomplete-json.txt": '"hobbies": ["reading", "running", "cooking"]',
    "nasty/teams_chat.docx": "James Bond",
}
EXPECTED_REFUSALS = {
    "good/legacy_sample.doc": ("unsupported_format", "save the document as DOCX"),
    "good/legacy_sample.ppt": ("unsupported_format", "save the document as PPTX"),
    "good/msg_with_attachment.msg": ("unsupported_format", "save the document as EML"),
    "multilingual/greek_heading_styles.doc": ("unsupported_format", "save the document as DOCX"),
    "nasty/arch_with_attachs.zip": ("unsupported_format", "archives are not unpacked"),
    "nasty/broken.djvu": ("unsupported_format", "save the document as PDF"),
    "nasty/broken.json": ("malformed_document", "line 3, column 12"),
    "nasty/broken.odt": ("content_mismatch", "is a ZIP archive, not ODT"),
    "nasty/empty.eml": ("empty_document", "the mail is empty"),
    "nasty/empty.xlsx": ("empty_document", "no text was found"),
    "nasty/fake-encrypted.msg": ("unsupported_format", "save the document as EML"),
    "nasty/fake-text-all-whitespace.txt": ("empty_document", "nothing but white space"),
}


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00ad]+", " ", text)


@pytest.mark.shared_data
def test_every_real_document_gives_its_phrase_or_the_reason_why_not(shared_documents: Path) -> None:
    with (shared_documents / "manifest.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if not row["file"].endswith(".pdf")]
    assert len(rows) >= 60
    wrong = []
    for row in rows:
        name, phrase = row["file"], row["phrase that must be found"]
        try:
            extraction = read_upload(shared_documents / name)
        except RagError as error:
            code, said = EXPECTED_REFUSALS.get(name, ("text", phrase))
            if error.code != code or said not in error.message:
                wrong.append(f"{name}: {error.code}: {error.message}")
            continue
        text = squeezed("\n".join(page.text for page in extraction.pages))
        expected = EXPECTED_TEXT.get(name) or phrase
        if name in EXPECTED_REFUSALS or not expected or squeezed(expected) not in text or "base64," in text:
            wrong.append(f"{name}: {expected!r} is not in {text[:200]!r}")
    assert wrong == []


@pytest.mark.shared_data
def test_a_file_with_a_wrong_extension_reads_like_the_one_with_the_right_one(shared_documents: Path) -> None:
    folder = shared_documents / "multilingual"
    assert read_upload(folder / "ukrf.doc").pages == read_upload(folder / "ukrf.odt").pages
