"""The fold of a run's events."""

from hypothesis import given
from hypothesis import strategies as st

from agents.events import (
    Body,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunStarted,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
)
from agents.workflow.state import fold
from tests.agents.fakes import shown_of

TEXTS = st.builds(TextDelta, st.sampled_from("ab"), st.text(max_size=5))
RESETS = st.builds(TextReset, st.sampled_from("ab"), st.text(max_size=5))


@given(st.lists(TEXTS | RESETS))
def test_the_answer_is_what_a_client_shows(bodies: list[Body]) -> None:
    assert fold(bodies).answer == shown_of(bodies)


def test_calls_are_grouped_by_turn_and_know_whether_they_answered() -> None:
    call = ToolCalled("a", 0, "x", "calculator", {})
    state = fold(
        [
            call,
            ToolCalled("a", 0, "y", "calculator", {}),
            ToolResult("a", 0, "y", "calculator", "2"),
            ToolCalled("a", 1, "x", "calculator", {}),
        ]
    )
    steps = state.node("a").steps()
    assert [[record.call.call_id for record in step] for step in steps] == [["x", "y"], ["x"]]
    assert [[record.result is not None for record in step] for step in steps] == [[False, True], [False]]


def test_usage_counts_finished_nodes_only() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    state = fold(
        [
            RunStarted("app", "", {}),
            NodeStarted("a", "llm", "A"),
            NodeFinished("a", "llm", {}, usage),
            NodeStarted("b", "llm", "B"),
            NodeFinished("c", "llm", {}, usage),
        ]
    )
    assert (state.usage.prompt_tokens, state.usage.completion_tokens) == (10, 4)
    assert state.started and not state.ended and state.failure is None


def test_a_snapshot_does_not_see_later_events() -> None:
    state = fold([NodeStarted("a", "llm", "A"), TextDelta("a", "one")])
    snapshot = state.node("a").snapshot()
    state.add(TextDelta("a", " two"))
    state.add(ToolCalled("a", 0, "x", "calculator", {}))
    assert snapshot.shown == "one" and not snapshot.calls and snapshot.attempts == 1


def test_a_failure_is_remembered_and_a_terminal_event_ends() -> None:
    failed = NodeFailed("a", "llm", "code", "message")
    assert fold([failed]).failure == failed
    assert fold([failed, RunFailed("code", "message")]).ended
