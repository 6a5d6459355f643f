"""Every real PDF beside the checkout: its phrase is found, or its refusal says why."""

import csv
import re
from pathlib import Path

import pytest

from rag.errors import RagError
from rag.extract.isolated import extract_isolated
from rag.extract.zygote import ZYGOTE

REFUSED = {
    "GHOSTSCRIPT-698804-1-fuzzed": "empty_document",
    "PDFBOX-4352-0": "empty_document",
    "bug1250079": "malformed_document",
    "bug1782186": "encrypted_document",
    "bug1980958": "malformed_document",
    "empty#hash": "empty_document",
    "issue15590": "empty_document",
    "issue18986": "empty_document",
    "issue21579": "encrypted_document",
    "issue3371": "encrypted_document",
    "issue9105_other": "malformed_document",
    "ocr_test": "no_text_layer",
    "ocr_test_rotated_90": "no_text_layer",
    "password": "encrypted_document",
    "poppler-742-0-fuzzed": "malformed_document",
    "poppler-85140-0": "empty_document",
    "poppler-937-0-fuzzed": "malformed_document",
    "saslprep-r6": "encrypted_document",
    "tz_scan_1page": "no_text_layer",
}
WARNED = {
    "annotation-fileattachment": "attached",
    "encrypted-attachment": "attached",
    "example_with_table9": "letters are not those that are seen",
    "ukodeksrf": "letters are not those that are seen",
}


@pytest.mark.shared_data
def test_every_real_pdf_gives_its_phrase_or_the_reason_why_not(
    shared_documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # the same everywhere: without tesseract
    with (shared_documents / "manifest.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["file"].endswith(".pdf")]
    assert len(rows) > 60
    wrong = []
    for row in rows:
        path = shared_documents / row["file"]
        try:
            extraction = extract_isolated(path, "pdf")
        except RagError as error:
            if REFUSED.get(path.stem) != error.code:
                wrong.append(f"{path.name}: {error.code}: {error.message}")
            continue
        text = _squeezed(" ".join(page.text for page in extraction.pages))
        if path.stem in REFUSED or _squeezed(row["phrase that must be found"]) not in text:
            wrong.append(f"{path.name}: {text[:80]!r}")
        if WARNED.get(path.stem, "") not in " ".join(extraction.warnings):
            wrong.append(f"{path.name}: {extraction.warnings}")
        if row["pages"] and len(extraction.pages) != int(row["pages"]):
            wrong.append(f"{path.name}: {len(extraction.pages)} pages instead of {row['pages']}")
    assert wrong == []
    assert ZYGOTE.pid is not None


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\u00ad-]+", "", text)
