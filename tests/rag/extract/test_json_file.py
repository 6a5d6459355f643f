"""JSON as readable text."""

import json
from pathlib import Path

import pytest

from rag.errors import MalformedDocumentError
from tests.rag.extract.making import read_upload, text_of


def saved(tmp_path: Path, text: str, name: str = "a.json") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_record_is_a_paragraph_of_names_and_values(tmp_path: Path) -> None:
    records = [
        {"name": "Ann", "age": 30, "is_member": True, "note": None, "tags": ["a", "b"], "empty": {}},
        {"name": "Борис", "home": {"town": "Ulm", "rooms": [{"size": 1.5}, {"size": 2, "door": False}]}},
        "only words",
    ]
    assert text_of(saved(tmp_path, json.dumps(records))) == (
        "name: Ann\nage: 30\nis_member: true\ntags: a, b\n\n"
        "name: Борис\nhome:\n  town: Ulm\n  rooms:\n    - size: 1.5\n    - size: 2\n      door: false\n\nonly words"
    )


def test_lines_of_json_are_records_and_a_bad_one_is_named(tmp_path: Path) -> None:
    assert text_of(saved(tmp_path, '{"a": 1}\n\n{"a": 2}\n', "a.jsonl")) == "a: 1\n\na: 2"
    with pytest.raises(MalformedDocumentError, match="in line 3, column 7"):
        read_upload(saved(tmp_path, '{"a": 1}\n{"a": 2}\n{"a": \n', "a.jsonl"))


def test_broken_json_says_where(tmp_path: Path) -> None:
    with pytest.raises(MalformedDocumentError, match=r"the file is no JSON: .* in line 2, column 3"):
        read_upload(saved(tmp_path, '{"a": 1,\n  b: 2}'))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 500 + "1" + "]" * 500])
def test_nesting_without_end_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedDocumentError, match="nested deeper"):
        read_upload(saved(tmp_path, text))


def test_numbers_of_any_length_are_shown(tmp_path: Path) -> None:
    assert text_of(saved(tmp_path, '{"n": ' + "9" * 5000 + "}")) == "n: " + "9" * 5000


def test_thousands_of_records_come_in_pages(tmp_path: Path) -> None:
    pages = read_upload(saved(tmp_path, json.dumps([{"n": n} for n in range(1200)]))).pages
    assert len(pages) == 3
    assert pages[2].text.endswith("n: 1199")
