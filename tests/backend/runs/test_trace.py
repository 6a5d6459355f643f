"""The trace says of each node what happened to it: retries, rounds, failures that were caught, questions, values."""

from agents.events import (
    Body,
    Event,
    HumanInputGiven,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RoundFinished,
    RoundStarted,
    RunCancelled,
    RunFailed,
    RunPaused,
    VariableAssigned,
)
from backend.runs.trace import NodeTrace, trace_fold


def trace(*bodies: Body) -> dict[str, NodeTrace]:
    events = [Event(number, 100.0 + number, body) for number, body in enumerate(bodies, 1)]
    return {node.node_id: node for node in trace_fold(events)}


START = NodeStarted("n", "code", "Node", {"a": 1})


def test_a_failure_that_was_caught_is_an_exception_with_its_reason() -> None:
    failure = {"code": "code_failed", "message": "no"}
    node = trace(START, NodeFinished("n", "code", {"x": None}, handle="fail-branch", failure=failure))["n"]
    assert (node.status, node.error, node.handle) == ("exception", failure, "fail-branch")


def test_retries_are_listed_and_a_later_success_is_one() -> None:
    node = trace(START, NodeRetried("n", 1, "http_failed", "away", 0.5), NodeFinished("n", "code", {"x": 1}))["n"]
    assert (node.status, node.attempts, node.error) == ("succeeded", 1, None)
    assert node.retries == [{"attempt": 1, "code": "http_failed", "message": "away", "delay_s": 0.5, "at": 102.0}]


def test_rounds_stand_under_their_container_and_their_nodes_under_paths() -> None:
    nodes = trace(
        NodeStarted("each", "iteration", "Each"),
        RoundStarted("each", 0, {"item": "a"}),
        NodeStarted("each:0/n", "code", "Node"),
        NodeFinished("each:0/n", "code", {"x": 1}),
        RoundFinished("each", 0, "kept", elapsed_ms=5.0),
        RoundStarted("each", 1, {"item": "b"}),
        RoundStarted("each", 1, {"item": "b"}),  # said again by the next attempt
        RoundFinished("each", 1, None, failure={"code": "code_failed", "message": "no"}),
        RoundStarted("each", 2, {"item": "c"}),
    )
    assert list(nodes) == ["each", "each:0/n"]
    rounds = nodes["each"].rounds
    assert [(item["index"], item["status"]) for item in rounds] == [(0, "succeeded"), (1, "exception"), (2, "running")]
    assert (rounds[0]["values"], rounds[0]["output"], rounds[0]["elapsed_ms"]) == ({"item": "a"}, "kept", 5.0)


def test_a_question_pauses_its_node_until_the_answer_lets_it_finish() -> None:
    asked = (START, HumanInputRequired("n", {"question": "?"}), RunPaused(("n",)))
    assert trace(*asked)["n"].status == "paused"
    answered = (*asked, HumanInputGiven("n", "", {"said": "yes"}, by="a@example.org"), START)
    node = trace(*answered, NodeFinished("n", "code", {"said": "yes"}))["n"]
    assert (node.status, node.attempts) == ("succeeded", 2)
    assert node.asks[0]["answer"] == {"values": {"said": "yes"}, "by": "a@example.org", "timed_out": False}
    assert trace(*asked, RunCancelled())["n"].status == "cancelled"


def test_what_a_node_assigned_and_why_it_did_not_run_is_shown() -> None:
    assigned = VariableAssigned("n", ("conversation", "name"), "Ann")
    node = trace(START, assigned, NodeFinished("n", "code", {}, given="mocked"))["n"]
    assert node.variables == [{"selector": ["conversation", "name"], "value": "Ann"}] and node.given == "mocked"


def test_an_end_closes_what_is_open_and_leaves_the_rest() -> None:
    other = NodeStarted("m", "code", "Other")
    nodes = trace(START, other, NodeFailed("n", "code", "code_failed", "no"), RunFailed("code_failed", "no"))
    assert [(node.status, node.elapsed_ms) for node in nodes.values()] == [("failed", 2000.0), ("failed", 2000.0)]
    assert nodes["m"].error is None
