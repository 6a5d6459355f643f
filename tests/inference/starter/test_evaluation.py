"""Judging: what counts as answered, cited, refused, called and done."""

import pytest

from inference.starter.evaluation import Task, grounded_case, is_done, judged, tasks

CASE = grounded_case("How high is it?", ["1,350 m"], ["A hill.", "The peak is 1350 m high."], 2)


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
