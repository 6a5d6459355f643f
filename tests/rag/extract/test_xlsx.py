"""XLSX: the values as the sheet shows them, and tables told apart."""

import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook  # type: ignore[import-untyped]  # the wheel carries no types

from rag.errors import EmptyDocumentError
from rag.extract.sheets import ROWS_PER_PAGE, pages_of_sheet
from rag.extract.xlsx import column_number
from rag.extract.xlsx_values import kind_of
from tests.rag.extract.making import CONTENT_TYPES, read_upload, relationships, text_of, write_zip

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(workbook: Workbook, tmp_path: Path) -> Path:
    path = tmp_path / "a.xlsx"
    workbook.save(path)
    return path


def sheet_file(tmp_path: Path, rows: str, after: str = "", namespace: str = S) -> Path:
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": relationships(officeDocument="xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relationships(worksheet="worksheets/sheet1.xml"),
        "xl/workbook.xml": (
            f'<workbook xmlns="{namespace}" xmlns:r="{R}"><sheets><sheet name="One" r:id="r0"/></sheets></workbook>'
        ),
        "xl/worksheets/sheet1.xml": (
            f'<x:worksheet xmlns:x="{namespace}"><x:sheetData>{rows}</x:sheetData>{after}</x:worksheet>'
        ),
    }
    return write_zip(tmp_path / "a.xlsx", parts)


def test_cells_are_shown_like_the_sheet_shows_them(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "Sales"
    sheet.append(["Day", "Time", "Share", "Price", "Sold", "Count"])
    sheet.append([datetime.date(2026, 11, 21), datetime.time(8, 30), 0.125, 0.1 + 0.2, True, 3.0])
    sheet.append([datetime.datetime(2026, 11, 21, 8, 30), "", "", 1e20, False, "a|b\nc"])
    sheet["C2"].number_format = "0.0%"
    extraction = read_upload(saved(workbook, tmp_path))
    [page] = extraction.pages
    assert page.number == 1
    assert page.rows[1] == ("2026-11-21", "08:30:00", "12.5%", "0.3", "TRUE", "3")
    assert page.rows[2] == ("2026-11-21 08:30:00", "", "", "1e+20", "FALSE", "a|b c")
    assert page.text.startswith("## Sales\n\n| Day | Time | Share | Price | Sold | Count |\n| --- |")
    assert "a\\|b c" in page.text


def test_each_sheet_has_its_heading_and_its_number_and_hidden_ones_are_named(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["a", "b"])
    workbook.create_sheet("Secret").append(["hidden", "words"])
    workbook["Secret"].sheet_state = "hidden"
    workbook.create_sheet("Last").append(["c", "d"])
    extraction = read_upload(saved(workbook, tmp_path))
    assert [(page.number, page.text.split("\n")[0]) for page in extraction.pages] == [(1, "## Sheet"), (3, "## Last")]
    assert extraction.warnings == ("the hidden sheet 'Secret' was left out",)


def test_cells_merged_downwards_repeat_and_cells_merged_sidewards_do_not(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    for row in (["Region", "Product", "Price"], ["North", "Lid", 1], ["", "Pot", 2], ["Total", "", 3]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("A4:B4")
    [page] = read_upload(saved(workbook, tmp_path)).pages
    assert page.rows[1:] == (("North", "Lid", "1"), ("North", "Pot", "2"), ("Total", "", "3"))


def test_tables_under_each_other_are_pages_of_their_own(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    for row in (
        ["Prices 2026"],
        [],
        ["Part", "Price"],
        ["Lid", 1],
        [],
        ["Pot", 2],
        [],
        ["Name", "Town"],
        ["Ann", "Ulm"],
    ):
        sheet.append(row)
    pages = read_upload(saved(workbook, tmp_path)).pages
    assert [page.rows for page in pages] == [
        (("Part", "Price"), ("Lid", "1"), ("Pot", "2")),
        (("Name", "Town"), ("Ann", "Ulm")),
    ]
    assert "Prices 2026" in pages[0].text


def test_a_long_table_is_cut_into_pages_that_all_begin_with_the_header(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["Number", "Square"])
    for number in range(1200):
        workbook.active.append([number, number * number])
    pages = read_upload(saved(workbook, tmp_path)).pages
    assert [page.rows[0] for page in pages] == [("Number", "Square")] * 3
    assert [row[0] for page in pages for row in page.rows[1:]] == [str(number) for number in range(1200)]
    assert max(len(page.rows) for page in pages) == ROWS_PER_PAGE + 1


def test_formulas_give_their_stored_value_or_a_warning(tmp_path: Path) -> None:
    rows = '<x:row><x:c t="str"><x:f>A&amp;B</x:f><x:v>ab</x:v></x:c><x:c><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row>'
    assert "| ab | 2 |" in text_of(sheet_file(tmp_path, rows))
    extraction = read_upload(sheet_file(tmp_path, "<x:row><x:c><x:v>1</x:v></x:c><x:c><x:f>NOW()</x:f></x:c></x:row>"))
    assert extraction.warnings[0].startswith("sheet 'One': 1 formulas have no stored value; open the workbook")


def test_cells_and_rows_stand_where_they_say(tmp_path: Path) -> None:
    rows = (
        '<x:row r="2"><x:c r="C2"><x:v>1</x:v></x:c><x:c r="D2" t="inlineStr"><x:is><x:t>two</x:t></x:is></x:c></x:row>'
        '<x:row r="1000000"><x:c r="D1000000" t="e"><x:v>#N/A</x:v></x:c><x:c r="C1000000"><x:v>3</x:v></x:c></x:row>'
    )
    [page] = read_upload(sheet_file(tmp_path, rows)).pages
    assert page.rows == (("1", "two"), ("3", "#N/A"))
    assert column_number("A") == 0
    assert column_number("XFD") == 16383


def test_cells_far_to_the_right_are_left_out_with_a_warning(tmp_path: Path) -> None:
    rows = '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="XFD1"><x:v>2</x:v></x:c></x:row>'
    assert read_upload(sheet_file(tmp_path, rows)).warnings == (
        "sheet 'One': columns after the first 1,000 were left out",
    )


def test_a_strict_workbook_is_read(tmp_path: Path) -> None:
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    assert "7" in text_of(sheet_file(tmp_path, "<x:row><x:c><x:v>7</x:v></x:c></x:row>", namespace=strict))


def test_an_empty_workbook_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(EmptyDocumentError):
        read_upload(saved(Workbook(), tmp_path))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("yyyy-mm-dd", "date"),
        ("[h]:mm:ss", "date"),
        ('0.00 "days"', ""),
        ("[Red]#,##0", ""),
        ("0.0%", "percent"),
        ("General", ""),
        ("#,##0.00_);[Red](#,##0.00)", ""),
        (r"d\.m\.yyyy", "date"),
    ],
)
def test_the_kind_of_a_number_is_read_from_its_format(code: str, kind: str) -> None:
    assert kind_of("164", code) == kind


def test_a_sheet_of_a_million_rows_is_never_whole_in_memory() -> None:
    seen = 0

    def rows() -> "list[str]":
        nonlocal seen
        seen += 1
        return [str(seen), "x"]

    pages = pages_of_sheet(rows() for _ in range(1_000_000))
    next(pages)
    assert seen <= ROWS_PER_PAGE + 2
