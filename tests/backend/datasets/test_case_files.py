"""Uploaded test cases: what is read, and what is named as wrong."""

import json
import re

import pytest

from backend.common.errors import Invalid
from backend.datasets.case_files import MAX_CASES, Row, cases_read

CHUNK = "0b4c6a52-8e7f-4dcb-9f0e-2a8f6f6f1b11"


def read(text: str, name: str = "cases.csv") -> list[Row]:
    return cases_read(text.encode(), name)


def test_csv_has_a_header_and_names_apart_by_a_bar() -> None:
    [row] = read(f"question,documents,chunks,phrase\nHow long?,a.pdf|b.txt,{CHUNK},three years\n")
    assert row.line == 2
    assert row.case is not None
    assert (row.case.question, row.case.phrase) == ("How long?", "three years")
    assert (row.case.documents, row.case.chunks) == (("a.pdf", "b.txt"), (CHUNK,))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheets_separator_is_found_in_the_header(delimiter: str) -> None:
    [row] = read(f"\ufeffQuestion{delimiter}Phrase\r\nHow long?{delimiter}three years\r\n")
    assert row.case is not None
    assert row.case.phrase == "three years"


def test_lines_are_counted_as_an_editor_does_with_quoted_line_breaks() -> None:
    rows = read('question,phrase\n"one\ntwo",x\n\nthree,\nfour,y\n')
    assert [(row.line, bool(row.case)) for row in rows] == [(2, True), (5, False), (6, True)]
    assert "nothing says what answers it" in rows[1].reason


def test_json_lines_say_lists_or_single_texts() -> None:
    rows = read(
        "\n".join(
            [
                json.dumps({"question": "q", "documents": ["a", "a"]}),
                json.dumps({"question": "q", "documents": "a"}),
                "",
                "{broken",
                json.dumps(["q"]),
                json.dumps({"question": "q", "phrase": 5}),
                json.dumps({"question": "q", "phrase": "a\u2028b"}, ensure_ascii=False),
                json.dumps({"question": "q", "phrase": "p", "answer": "x"}),
                json.dumps({"question": "q", "phrase": "\ud800"}),
            ]
        ),
        "cases.jsonl",
    )
    assert [(row.line, bool(row.case)) for row in rows] == [
        (1, True), (2, True), (4, False), (5, False), (6, False), (7, True), (8, False), (9, False),
    ]  # fmt: skip
    assert rows[0].case == rows[1].case
    assert "'answer' is unknown" in rows[6].reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" ,x", "no question"),
        ("q,", "nothing says what answers it"),
        ("q,x,y", "3 cells under 2 columns"),
        ("q" * 10_001 + ",x", "at most 10,000 characters"),
    ],
)
def test_a_line_that_is_no_case_says_why(text: str, reason: str) -> None:
    [row] = read(f"question,phrase\n{text}\n")
    assert row.case is None
    assert reason in row.reason


def test_a_chunk_is_named_by_its_id() -> None:
    [row] = read("question,chunks\nq,first\n")
    assert row.reason == "'first' is no id of a chunk"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the first line must name the columns"),
        (b"question,phrase\n", "no cases"),
        (b"ask,answer\na,b\n", "the first line must name the columns"),
        (b"question,phrase,colour\na,b,c\n", "'colour' is unknown"),
        (b"question,phrase\n\xff\xfe,b\n", "not UTF-8"),
        (b"question,phrase\na\0,b\n", "NUL"),
        (b'question,phrase\n"a,b\n', "not valid CSV"),
        (b"question,phrase\n" + b"a,b\n" * (MAX_CASES + 1), "more than 10,000 cases"),
        (b"question,phrase\n" + b"a" * 200_000 + b",b\n", "not valid CSV"),
    ],
)
def test_a_file_that_is_no_list_of_cases_is_refused_as_a_whole(data: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=re.escape(message)) as refused:
        cases_read(data, "cases.csv")
    assert refused.value.extra["fields"] == {"file": [refused.value.message]}
