"""Tables in whatever form they come, and out again without formulas."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.batches.tables import MAX_BYTES, MAX_ROWS, header_of, table_read
from backend.common.csv_cells import csv_text, guarded
from backend.common.errors import ApiError, FileTooLarge

ROWS = (("Zürich", "1"), ("a, b; c", "2"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_delimiter_and_line_ends_are_found_out(delimiter: str, encoding: str, end: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([("city", "n"), *ROWS])
    table = table_read(out.getvalue().encode(encoding))
    assert (table.columns, table.rows, table.delimiter) == (("city", "n"), ROWS, delimiter)


def test_a_table_of_one_column_needs_no_delimiter() -> None:
    table = table_read(b"query\nWho?\n\n  \nWhat?\n")
    assert (table.columns, table.rows) == (("query",), (("Who?",), ("What?",)))


def test_a_declared_delimiter_counts() -> None:
    assert table_read(b"sep=;\r\na;b\r\n1;2,3\r\n").rows == (("1", "2,3"),)


def test_lines_within_quotes_belong_to_their_cell_and_short_rows_are_filled_up() -> None:
    assert table_read(b'a,b,c\n"one\ntwo",x\n').rows == (("one\ntwo", "x", ""),)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"a,b,a\n1,2,3\n", "several columns are named 'a'"),
        (b"a,b\n1,2,3\n", "line 2 has 3 cells"),
        (b"a,b\n1,\0\n", "NUL"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "NUL|encoding|no rows"),
        (",".join(f"c{n}" for n in range(201)).encode() + b"\n1\n", "201 columns"),
        (b"x" * 300 + b"\n1\n", "is there a header"),
    ],
)
def test_what_is_no_table_is_refused_and_says_why(data: bytes, said: str) -> None:
    with pytest.raises(ApiError, match=said) as refused:
        table_read(data)
    assert refused.value.http_status == 400 and "file" in refused.value.extra["fields"]  # type: ignore[operator]


def test_more_rows_than_a_table_may_have_are_refused() -> None:
    table_read(b"a\n" + b"x\n" * MAX_ROWS)
    with pytest.raises(ApiError) as refused:
        table_read(b"a\n" + b"x\n" * (MAX_ROWS + 1))
    assert refused.value.code == "too_many_rows"


def test_more_bytes_than_a_table_may_have_are_refused() -> None:
    with pytest.raises(FileTooLarge):
        table_read(b"a\n" + b"x" * MAX_BYTES)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        table = table_read(data)
    except ApiError:
        return
    assert table.rows and all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_guarded(cell: str) -> None:
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-5", "+4.5", "-1.5e-3", "12%", "text", "a=b", "'quoted", ""])
def test_numbers_and_texts_stay_as_they_are(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), min_size=1, max_size=5))
def test_no_written_cell_begins_like_a_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    for written, row in zip((row for row in read if row), rows, strict=False):
        for cell in written:
            assert guarded(cell) == cell
        assert len(written) == len(row)


def test_values_that_are_no_text_are_written_as_json() -> None:
    assert csv_text([["a", None, 5, {"x": "é"}, [1]]]) == 'a,,5,"{""x"": ""é""}",[1]\r\n'


def test_an_added_column_whose_name_is_taken_gets_another() -> None:
    assert header_of(["answer", "output_answer"], {"answer": "output_"}) == [
        "answer",
        "output_answer",
        "output_output_answer",
    ]
