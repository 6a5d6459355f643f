"""Uploaded cases: what a file may look like, and that broken lines are named while the rest is used."""

import pytest

from backend.common.errors import Invalid
from backend.evaluations.case_files import cases_read


def test_a_table_gives_queries_inputs_and_what_is_expected() -> None:
    table = "question;answer;topic;expected_sources;expected_tools\nWho?;Ann;tea;a.pdf | b.pdf;search\n"
    cases, refused = cases_read(table.encode("utf-8-sig"), "c.csv")
    assert not refused
    assert cases[0].columns() == {
        "query": "Who?", "inputs": {"topic": "tea"}, "expected": "Ann", "expected_tools": [{"name": "search"}],
        "expected_sources": ["a.pdf", "b.pdf"], "note": "",
    }  # fmt: skip


def test_json_lines_carry_types_and_arguments() -> None:
    line = '{"inputs": {"n": 3}, "expected": 4, "expected_tools": [{"name": "add", "arguments": {"a": 1}}]}\n'
    cases, refused = cases_read(line.encode(), "c.jsonl")
    assert not refused
    assert (cases[0].inputs, cases[0].expected) == ({"n": 3}, "4")
    assert cases[0].expected_tools == ({"name": "add", "arguments": {"a": 1}},)


def test_broken_lines_of_a_table_are_named_and_the_rest_is_used() -> None:
    table = 'query,expected,inputs\nWho?,Ann,\n,nobody,\nWhy?,a,b,c\nHow?,so,{"x": 1}\nWhen?,now,{x}\n\nWhere?,here,\n'
    cases, refused = cases_read(table.encode(), "c.csv")
    assert [case.query for case in cases] == ["Who?", "How?", "Where?"]
    assert [item.line for item in refused] == [3, 4, 6]
    assert "nothing would be asked" in refused[0].reason
    assert "4 cells under 3 columns" in refused[1].reason
    assert "not JSON" in refused[2].reason


def test_broken_json_lines_are_named_and_the_rest_is_used() -> None:
    text = '{"query": "a"}\n{"query": \n[1]\n{"qury": "b"}\n{"query": ["c"]}\n\n{"query": "d", "expected_tools": [3]}\n'
    cases, refused = cases_read(text.encode(), "c.jsonl")
    assert [case.query for case in cases] == ["a"]
    assert [item.line for item in refused] == [2, 3, 4, 5, 7]
    assert "qury" in refused[2].reason


@pytest.mark.parametrize("data", [b"", b"query,query\na,b\n", b"\xff\xfe\x00", b"query\n"])
def test_what_is_no_such_file_is_refused_whole(data: bytes) -> None:
    with pytest.raises(Invalid):
        cases_read(data, "c.csv")
