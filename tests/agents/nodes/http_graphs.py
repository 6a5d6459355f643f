"""Graphs of one HTTP request, for the tests of the node."""

from collections.abc import Mapping

from agents.types import JsonValue, VariableSpec
from tests.agents.nodes.cases import Case, end, saved_node, start
from tests.agents.nodes.wire import ORIGIN, WireCase
from tests.agents.standin import Reply

KEY = "Idempotency-Key: 11111111-1111-4111-8111-111111111111:call"
JSON_REPLY = Reply(b'{"ok": true}', headers={"Content-Type": "application/json"})
EDGES = ("start > call", "call > end")


def wire(
    name: str,
    config: Mapping[str, JsonValue],
    expected: str,
    *,
    reply: Reply = JSON_REPLY,
    inputs: Mapping[str, JsonValue] | None = None,
    outputs: Mapping[str, JsonValue] | None = None,
    error: str = "",
    environment: tuple[VariableSpec, ...] = (),
) -> WireCase:
    given = dict(inputs or {})
    nodes = [
        start(**{key: "paragraph" if isinstance(value, str) else "json_object" for key, value in given.items()}),
        saved_node("call", "http-request", {"url": f"{ORIGIN}/x", **config}),
        end(status="call.status_code", body="call.body"),
    ]
    case = Case(
        name, nodes, EDGES, given, None if error else outputs or {"status": 200, "body": '{"ok": true}'},
        error, environment,
    )  # fmt: skip
    return WireCase(case, reply, (expected,) if expected else ())


def body(kind: str, *items: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {"type": kind, "data": [dict(item) for item in items]}


def key(kind: str, api_key: str, header: str = "") -> dict[str, JsonValue]:
    return {"type": "api-key", "config": {"type": kind, "api_key": api_key, "header": header}}
