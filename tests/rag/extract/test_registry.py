"""All formats together: their names, what becomes of their text, and the limits they are read under."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from docx import Document
from openpyxl import Workbook  # type: ignore[import-untyped]  # the wheel carries no types
from pptx import Presentation

from rag.errors import RagError, UnsupportedFormatError
from rag.extract.registry import BUILT_IN, format_named, supported_labels
from tests.rag.extract.making import read_upload
from tests.rag.extract.test_epub import book
from tests.rag.extract.test_opendocument import cell, document

TEXTS = {
    "txt": "Words.",
    "md": "# Words\n\nMore.",
    "html": "<h1>Words</h1>",
    "csv": "Words,Number\nmore,1\n",
    "json": '{"said": "Words"}',
    "jsonl": '{"said": "Words"}',
    "xml": "<a><b>Words</b></a>",
    "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nWords",
    "srt": "1\n00:00:01,000 --> 00:00:02,000\nWords",
    "rtf": r"{\rtf1 Words}",
    "eml": "Subject: Words\n\nText",
    "py": "def words() -> str:\n    return 'Words'\n",
    "ts": "const Words = 1;\n",
}
LIMITED = """
import json, resource, sys
from pathlib import Path
from rag.extract.reader import extract
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
found = {}
for path, name in json.load(sys.stdin):
    found[name] = " ".join(page.text for page in extract(Path(path), name).pages)
print(json.dumps(found))
"""


def one_of_each(folder: Path) -> list[Path]:
    paths = []
    for extension, text in TEXTS.items():
        paths.append(folder / f"a.{extension}")
        paths[-1].write_text(text)
    word = Document()
    word.add_heading("Words")
    word.save(str(folder / "a.docx"))
    deck = Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Words"
    deck.save(str(folder / "a.pptx"))
    workbook = Workbook()
    workbook.active.append(["Words", 1])
    workbook.save(folder / "a.xlsx")
    paths += [folder / "a.docx", folder / "a.pptx", folder / "a.xlsx", book(folder)]
    paths.append(document(folder, "odt", "<text:p>Words</text:p>"))
    paths.append(
        document(folder, "ods", f"<table:table><table:table-row>{cell('Words')}</table:table-row></table:table>")
    )
    paths.append(document(folder, "odp", "<draw:page><draw:rect><text:p>Words</text:p></draw:rect></draw:page>"))
    return paths


def test_names_and_extensions_are_given_once_and_fit_their_column() -> None:
    names = [fmt.name for fmt in BUILT_IN]
    extensions = [extension for fmt in BUILT_IN for extension in fmt.extensions]
    assert len(set(names)) == len(names)
    assert len(set(extensions)) == len(extensions)
    assert max(map(len, names)) <= 20
    assert all(extension.startswith(".") and extension == extension.lower() for extension in extensions)


def test_code_names_its_language_and_tables_keep_their_cells(tmp_path: Path) -> None:
    for fmt in BUILT_IN:
        assert (fmt.markup == "code") == bool(fmt.language)
    for path in one_of_each(tmp_path):
        name = path.suffix[1:]
        fmt = format_named({"py": "python", "ts": "typescript", "txt": "text", "md": "markdown"}.get(name, name))
        pages = read_upload(path).pages
        assert "Words" in " ".join(page.text for page in pages) or name == "epub"
        if fmt.markup == "table" and name != "ods":  # one cell is no table
            assert pages[0].rows[0][0] == "Words"


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnsupportedFormatError, match="no extractor for format 'wordstar'"):
        format_named("wordstar")
    assert supported_labels().startswith("PDF, TXT, Markdown, HTML, DOCX, XLSX, CSV, PPTX, ODT, ODS, ODP, RTF, EPUB")


def test_every_reader_works_within_a_gigabyte_and_without_writing(tmp_path: Path) -> None:
    names = {"py": "python", "ts": "typescript", "txt": "text", "md": "markdown"}
    wanted = [(str(path), names.get(path.suffix[1:], path.suffix[1:])) for path in one_of_each(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {name for _, name in wanted}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return one_of_each(tmp_path_factory.mktemp("samples"))


@pytest.mark.parametrize("seed", range(20))
def test_damaged_files_end_in_text_or_in_a_reason(seed: int, samples: list[Path], tmp_path: Path) -> None:
    chance = random.Random(seed)
    statuses = set()
    for sample in samples:
        data = bytearray(sample.read_bytes())
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / sample.name
        path.write_bytes(data[: chance.choice((None, len(data) // 2))])
        try:
            read_upload(path)
        except RagError as error:
            statuses.add(error.http_status)
    assert statuses <= {413, 415, 422}
