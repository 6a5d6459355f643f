"""Conditions on files: by their attributes, all or any of them."""

import pytest

from agents.errors import WrongType
from agents.types import JsonValue
from agents.workflow.conditions import (
    holds,
)
from tests.agents.workflow.conditions_asked import IS_IMAGE, IS_SMALL, PDF, PNG, files_condition, part, scope_with


@pytest.mark.parametrize(
    ("files", "operator", "parts", "answer"),
    [
        ([PDF, PNG], "contains", [IS_IMAGE], True),
        ([PDF], "contains", [IS_IMAGE], False),
        ([], "contains", [IS_IMAGE], False),
        (None, "contains", [IS_IMAGE], False),
        ([PDF], "not contains", [IS_IMAGE], True),
        ([PDF, PNG], "not contains", [IS_IMAGE], False),
        ([], "not contains", [IS_IMAGE], True),
        ([PNG], "all of", [IS_IMAGE], True),
        ([PDF, PNG], "all of", [IS_IMAGE], False),
        ([], "all of", [IS_IMAGE], False),
        (PNG, "contains", [IS_IMAGE, IS_SMALL], True),
        ([PNG, PDF], "contains", [IS_SMALL, part("type", "is", "document")], False),
        ([PDF], "contains", [part("extension", "in", ["pdf"])], True),
        ([PDF], "contains", [part("extension", "is", ".PDF")], True),
        ([PDF], "contains", [part("name", "start with", "report")], True),
        ([PDF], "contains", [part("mime_type", "contains", "pdf")], True),
        ([PDF], "contains", [part("transfer_method", "in", ["local_file"])], True),
        ([PDF], "contains", [part("related_id", "is", "f1")], True),
        ([PDF], "contains", [part("url", "empty", "")], True),
    ],
)
def test_files_are_asked_by_their_attributes(
    files: JsonValue, operator: str, parts: list[JsonValue], answer: bool
) -> None:
    assert holds(files_condition(operator, *parts), scope_with(files=files)) is answer


def test_any_of_several_conditions_on_a_file_may_do() -> None:
    either = files_condition("all of", IS_IMAGE, part("type", "is", "document"), join="or")
    assert holds(either, scope_with(files=[PDF, PNG]))


def test_a_condition_on_files_refuses_other_values() -> None:
    with pytest.raises(WrongType, match=r"'n.files' is of type string"):
        holds(files_condition("contains", IS_IMAGE), scope_with(files="report.pdf"))
    with pytest.raises(WrongType, match=r"'n.files.name' cannot be compared by '>'"):
        holds(files_condition("contains", part("name", ">", 1)), scope_with(files=[PDF]))


def test_an_attribute_of_a_file_is_found_by_the_selector_too() -> None:
    scope = scope_with(file=PDF)
    names = ("size", "filename", "transfer_method", "nothing")
    assert [scope.lookup(("n", "file", name)) for name in names] == [2048, "report.PDF", "local_file", None]
