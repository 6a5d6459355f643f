"""Diversity, neighbours, and what a model adds to a search."""

import pytest

from rag.errors import InvalidQueryError
from rag.filters import Condition, FieldType, Filter
from rag.retrieve.diversify import diversify
from rag.retrieve.widen import joined, widen
from rag.retrieve.written import require_filter, standalone, written_filter
from rag.types import Hit

FIELDS: dict[str, FieldType] = {"author": "string", "year": "number"}


def hit(number: int, text: str, score: float = 0.5) -> Hit:
    return Hit(f"c{number}", "d", "s", text, None, number, score)


def test_of_hits_that_say_the_same_the_others_wait() -> None:
    hits = [hit(0, "the kettle is blue", 0.9), hit(1, "the kettle is blue", 0.89), hit(2, "ships sail at noon", 0.7)]
    assert [one.position for one in diversify(hits, mmr_lambda=0.5, count=3)] == [0, 2, 1]
    assert [one.position for one in diversify(hits, mmr_lambda=1.0, count=2)] == [0, 1]


def test_neighbours_widen_a_hit_and_nothing_is_said_twice() -> None:
    document = [hit(n, text) for n, text in enumerate(["one two three four", "three four five six", "seven", "eight"])]

    def around(found: Hit) -> list[Hit]:
        return document[max(found.position - 1, 0) : found.position + 2]

    widened = widen([document[1], document[2], document[3]], around)
    assert [one.text for one in widened] == ["one two three four five six\nseven", "eight"]
    assert [one.child for one in widened] == ["three four five six", "eight"]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [("", "a", "a"), ("abc", "def", "abc\ndef"), ("0123456789abc", "3456789abcdef", "0123456789abcdef")],
)
def test_an_overlap_stands_once(before: str, after: str, text: str) -> None:
    assert joined(before, after) == text


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ('Question: "How long is the kettle\'s warranty?"\nmore', "How long is the kettle's warranty?"),
        ("", "and it?"),
        ("x" * 5000, "and it?"),
    ],
)
async def test_a_rewritten_question_is_taken_only_when_it_is_one(answer: str, question: str) -> None:
    async def write(prompt: str, limit: int) -> str:
        assert "user: the kettle" in prompt
        return answer

    assert await standalone("and it?", [("user", "the kettle")], write) == question


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            'Sure: {"logic": "or", "conditions": [{"field": "year", "operator": ">", "value": 2020}]}',
            Filter((Condition("year", ">", 2020),), "or"),
        ),
        ('{"logic": "and", "conditions": []}', None),
        ('{"conditions": [{"field": "colour", "operator": "is", "value": "red"}]}', None),
        ('{"conditions": [{"field": "year", "operator": "contains", "value": "red"}]}', None),
        ('{"conditions": [{"field": "year", "operator": "DROP", "value": 1}]}', None),
        ('{"conditions": [{"field": "year", "operator": ["="], "value": 1}]}', None),
        ('{"conditions": [{"field": "author", "operator": "in", "value": [["a"]]}]}', None),
        ('{"conditions": "all"}', None),
        ("[]", None),
        ("{" * 9999 + "}" * 9999, None),
        ("no", None),
    ],
)
async def test_a_written_filter_is_taken_only_when_it_makes_sense(answer: str, expected: Filter | None) -> None:
    async def write(prompt: str, limit: int) -> str:
        assert "- year (number)" in prompt
        return answer

    assert await written_filter("since 2020?", FIELDS, write) == expected


def test_a_filter_on_an_unknown_field_or_of_a_wrong_type_is_refused() -> None:
    require_filter(Filter((Condition("year", "=", 1),)), FIELDS)
    for condition in (Condition("colour", "is", "x"), Condition("author", "=", 1), Condition("year", "is", "x")):
        with pytest.raises(InvalidQueryError):
            require_filter(Filter((condition,)), FIELDS)
