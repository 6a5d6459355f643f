"""Files of strangers: read as plain values, or refused with the place where they are wrong."""

import pytest

from agents.dsl.document import MAX_BYTES, MAX_DEPTH, MAX_NODES, document_read
from agents.errors import InvalidDocument
from tests.agents.dsl.files import list_at


def test_a_file_is_plain_values_as_dify_reads_them() -> None:
    text = "a: 1\nb: [x, 2.5, true, null, ~]\nc: {d: '1', 2: two}\ne: 0x1F\nf: yes\ng: 1_000\n"
    assert document_read(text) == {
        "a": 1,
        "b": ["x", 2.5, True, None, None],
        "c": {"d": "1", "2": "two"},
        "e": 31,
        "f": True,
        "g": 1000,
    }


def test_dates_and_numbers_that_json_has_not_stay_as_they_are_written() -> None:
    assert document_read("a: 2024-01-02\nb: .inf\nc: .nan\n") == {"a": "2024-01-02", "b": ".inf", "c": ".nan"}


def test_bytes_may_begin_with_a_mark_of_their_order() -> None:
    assert document_read("a: é".encode("utf-8-sig")) == {"a": "é"}


def test_an_alias_is_written_out_and_nothing_is_shared() -> None:
    found = document_read("a: &x {k: [1]}\nb: *x\nc: {<<: *x, k2: 2}\n")
    assert found == {"a": {"k": [1]}, "b": {"k": [1]}, "c": {"k2": 2, "k": [1]}}
    assert found["a"] is not found["b"]


def bomb(levels: int) -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for index in range(1, levels):
        above, here = chr(96 + index), chr(97 + index)
        lines.append(f"{here}: &{here} [{','.join([f'*{above}'] * 10)}]")
    return "\n".join(lines)


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    with pytest.raises(InvalidDocument, match=f"more than {MAX_NODES} values, aliases written out") as caught:
        document_read(bomb(9))
    assert caught.value.line == 6


def test_a_few_levels_of_the_same_aliases_are_read() -> None:
    assert len(list_at(document_read(bomb(4)), "d")) == 10


def test_a_chain_of_aliases_cannot_nest_deeper_than_a_file_may() -> None:
    half = MAX_DEPTH // 2 + 10
    text = f"a: &a {'[' * half}{']' * half}\nb: {'[' * half}*a{']' * half}"
    with pytest.raises(InvalidDocument, match="nested deeper than 100 levels, aliases written out"):
        document_read(text)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: &a\n  b: *a", "the alias \\*a names nothing that is complete", (2, 6)),
        ("a: *x", "the alias \\*x names nothing", (1, 4)),
        ("a: 1\nb: 2\na: 3", "the key 'a' is there twice", (3, 1)),
        ("a: !!python/object/apply:os.system [ls]", "the tag .*os.system.* is not read", (1, 4)),
        ("a: !!binary aGVsbG8=", "the tag .*binary.* is not read", (1, 4)),
        ("a: !!set {x, y}", "the tag .*set.* is not read", (1, 4)),
        ("a: [1\nb: 2", "the file is not YAML: while parsing a flow sequence", (2, 2)),
        ("a: 1\n\tb: 2", "found a tab character", (2, 1)),
        ('a: "\\0"', "a NUL or half of a surrogate", (1, 4)),
        ("a: \x07", "the character 7, which YAML does not allow", (1, 4)),
        ("? [1]\n: 2", "a key must be a text", (1, 3)),
        ("a: &a 1\nb: {*a : 2}", "a key must be written out", (2, 5)),
        ("a: 1\n---\nb: 2", "a second document", (2, 1)),
        ("a: !!int x", "'x' is not a int", (1, 4)),
        ("- 1", "must be an object", (1, 1)),
        ("", "must be an object", (1, 1)),
        (f"a: {'[' * (MAX_DEPTH + 1)}", "nested deeper than 100 levels", (1, 103)),
    ],
)
def test_a_wrong_file_is_refused_at_its_place(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidDocument, match=message) as caught:
        document_read(text)
    assert (caught.value.line, caught.value.column) == place
    assert (caught.value.code, caught.value.http_status) == ("invalid_document", 400)


def test_a_file_in_another_encoding_says_so_with_its_line() -> None:
    with pytest.raises(InvalidDocument, match="not UTF-8 in line 2: save it as UTF-8") as caught:
        document_read(b"a: 1\nb: \xff")
    assert caught.value.line == 2


@pytest.mark.parametrize("content", ["a: " + "x" * MAX_BYTES, b"a: " + b"x" * MAX_BYTES])
def test_more_than_ten_megabytes_are_not_looked_at(content: str | bytes) -> None:
    with pytest.raises(InvalidDocument, match="at most 10 MB are read"):
        document_read(content)


def test_ten_megabytes_of_small_values_are_given_up_early() -> None:
    with pytest.raises(InvalidDocument, match=f"more than {MAX_NODES} values"):
        document_read("a:\n" + "- a\n" * (MAX_BYTES // 5))


@pytest.mark.parametrize("digits", ["1:" * 5000 + "1", "9" * 5000, "0x" + "F" * 5000])
def test_a_number_that_costs_more_than_it_says_is_a_text(digits: str) -> None:
    assert document_read(f"a: {digits}") == {"a": digits}
