"""Judging: what counts as answered, cited, refused, called and done."""

import pytest

from inference.starter.evaluation import (
    CallCase,
    Task,
    call_cases,
    grounded_case,
    is_done,
    is_right,
    judged,
    names_right,
    tasks,
)
from inference.starter.sources import skills
from inference.types import ToolCall

CASE = grounded_case("How high is it?", ["1,350 m"], ["A hill.", "The peak is 1350 m high."], 2)
FERRY = CallCase((), (), "book", {"seats": 2, "car": True, "to": "Korvala", "stops": ["Ilo"]})


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("It is 1350 m high [2].", (True, True, False)),
        ("It is 1350 m high [1].", (True, False, False)),
        ("It is 1350 m high [1] [2].", (True, False, False)),
        ("It is high [2].", (False, True, False)),
        ("The passages do not say.", (False, False, True)),
        ("This is not mentioned.", (False, False, True)),
    ],
)
def test_an_answer_is_judged_by_gold_citation_and_refusal(said: str, verdict: tuple[bool, bool, bool]) -> None:
    found = judged(CASE, said)
    assert (found.answers, found.cites, found.refuses) == verdict


def test_the_number_of_a_citation_is_no_answer() -> None:
    case = grounded_case("How many?", ["2"], ["One.", "Two are there: 2."], 2)
    assert not judged(case, "There are some [2].").answers


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ('{"seats": 2, "car": true, "to": "korvala.", "stops": ["Ilo"]}', True),
        ('{"seats": 2.0, "car": true, "to": "Korvala", "stops": ["Ilo"]}', True),
        ('{"seats": "2", "car": true, "to": "Korvala", "stops": ["Ilo"]}', False),
        ('{"seats": 2, "car": 1, "to": "Korvala", "stops": ["Ilo"]}', False),
        ('{"seats": 2, "car": true, "to": "Korvala"}', False),
        ('{"seats": 2, "car": true, "to": "Korvala", "stops": ["Ilo", "Ala"]}', False),
        ("{", False),
    ],
)
def test_a_call_is_right_with_all_its_arguments_in_their_types(arguments: str, right: bool) -> None:
    calls = [ToolCall("1", "book", arguments)]
    assert names_right(FERRY, calls)
    assert is_right(FERRY, calls) is right


def test_the_cases_offer_the_right_tool_among_as_many_as_asked() -> None:
    trained = {skill.tool.name for skill in skills("train")}
    for case in call_cases(3, offered=8):
        names = [tool.name for tool in case.tools]
        assert len(set(names)) == len(names) == 8
        assert case.name in names
        assert case.name not in trained


def test_a_task_needs_both_steps_and_all_facts() -> None:
    task = Task("", (("calculator", "23 19"), ("current_time", "Asia/Tokyo")), ("437", "{time:Asia/Tokyo}"), ())
    calls = [("current_time", {"timezone": "Asia/Tokyo"}), ("calculator", {"expression": "23*19"})]
    clocks = {"Asia/Tokyo": "07:05"}
    assert is_done(task, calls, "It is 437, at 07:05.", clocks)
    assert not is_done(task, calls, "It is 437.", clocks)
    assert not is_done(task, calls[1:], "It is 437, at 07:05.", clocks)


def test_the_tasks_need_two_steps_each() -> None:
    assert len(tasks()) >= 50
    assert all(len(task.steps) == 2 and task.facts for task in tasks())
