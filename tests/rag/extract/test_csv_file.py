"""CSV as people's programs write it."""

from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.extract.csv_file import delimiter_of
from tests.rag.extract.making import read_upload

ROWS = (("Имя", "Город"), ("Иван", "Москва"), ("Анна", "Киев"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_delimiter_and_encoding_are_found_out(delimiter: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in ROWS).encode(encoding))
    [page] = read_upload(path).pages
    assert page.rows == ROWS
    assert page.text.startswith("| Имя | Город |\n| --- | --- |\n| Иван |")


def test_chinese_tables_of_excel_are_read(tmp_path: Path) -> None:
    for encoding in ("gbk", "utf-16-le"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes("姓名,年龄,城市\n张三,30,北京\n李四,25,上海\n".encode(encoding))
        assert read_upload(path).pages[0].rows[1] == ("张三", "30", "北京")


def test_quoted_fields_keep_their_delimiters_and_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('name,note\n"Smith, John","He said ""no"".\nTwice."\n')
    assert read_upload(path).pages[0].rows[1] == ("Smith, John", 'He said "no". Twice.')


def test_the_delimiter_cuts_every_line_alike() -> None:
    assert delimiter_of("a;b\n1,5;2,5\n3,0;4,0\n") == ";"
    assert delimiter_of('"a,b";c\n"d,e,f";g\n') == ";"
    assert delimiter_of("one column\nof words") == ","
    assert delimiter_of("") == ","


def test_excels_line_about_the_delimiter_is_obeyed_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\na;b\n1;2\n")
    assert read_upload(path).pages[0].rows == (("a", "b"), ("1", "2"))


def test_rows_of_unequal_length_are_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1\n2,3,4,5\n")
    assert read_upload(path).pages[0].rows == (("a", "b", "c", ""), ("1", "", "", ""), ("2", "3", "4", "5"))


def test_columns_beyond_the_first_thousand_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{at}" for at in range(1200)) + "\n" + ",".join("1" * 1200) + "\n")
    extraction = read_upload(path)
    assert len(extraction.pages[0].rows[1]) == 1000
    assert extraction.warnings == ("columns after the first 1,000 were left out",)


def test_delimiters_without_values_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",,,\n,,,\n")
    with pytest.raises(EmptyDocumentError):
        read_upload(path)
