"""Traces of real runs at an OTLP endpoint on loopback, and at one that is not there."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from backend.accounts.models import Workspace
from backend.common.database import in_database
from backend.common.redis import redis_sync
from backend.config.environment import ConfigurationError, pairs_read
from backend.config.otlp import request_of, spans_of
from backend.config.otlp_export import ENDED_KEY, KEPT, endpoint_url, export, trace_note
from backend.runs.models import Run
from backend.runs.trace import NodeTrace
from tests.backend.alerts.receivers import Hook, hook
from tests.backend.apps.running import LIVE, World, published
from tests.backend.conftest import Person

pytestmark = LIVE
ASK = {"inputs": {}, "query": "Who are you, canary?", "user": "ann"}


def endpoint_set(monkeypatch: pytest.MonkeyPatch, url: str, **values: Any) -> None:
    changed = replace(settings.ENVIRONMENT, otlp_endpoint=url, **values)
    monkeypatch.setattr(settings, "ENVIRONMENT", changed)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """An endpoint that takes traces."""
    with hook() as made:
        endpoint_set(monkeypatch, made.url.partition("/in")[0], otlp_headers=(("X-Key", "k"),))
        yield made


def spans_in(told: Any) -> list[dict[str, Any]]:
    """Return the spans of a request, their attributes as one mapping."""
    (resource,) = told["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    for span in scope["spans"]:
        span["attributes"] = {item["key"]: next(iter(item["value"].values())) for item in span["attributes"]}
    return list(scope["spans"])


async def test_a_run_becomes_a_trace_of_run_node_and_model_call(owner: Person, world: World, collector: Hook) -> None:
    client = await published(owner)
    answer = (await client.post("/chat-messages", ASK)).json()
    await in_database(export)
    spans = spans_in(collector.told[0])
    assert {span["traceId"] for span in spans} == {answer["message_id"].replace("-", "")}
    root = next(span for span in spans if "parentSpanId" not in span)
    chat = next(span for span in spans if span["attributes"].get("gen_ai.operation.name") == "chat")
    node = next(span for span in spans if span["spanId"] == chat["parentSpanId"])
    assert node["parentSpanId"] == root["spanId"] and node["attributes"]["atelier.node.kind"] == "llm"
    assert root["name"] == "invoke_workflow Helper" and root["status"] == {"code": 1}
    assert chat["name"] == "chat smollm2-135m-instruct" and chat["kind"] == 3
    assert chat["attributes"]["gen_ai.request.model"] == "smollm2-135m-instruct"
    assert chat["attributes"]["gen_ai.usage.output_tokens"] == "3"
    assert int(root["startTimeUnixNano"]) <= int(chat["startTimeUnixNano"]) <= int(chat["endTimeUnixNano"])
    assert collector.headers[0]["X-Key"] == "k"
    assert b"canary" not in collector.bodies[0] and b"Hello there" not in collector.bodies[0]
    await in_database(export)
    assert len(collector.bodies) == 1, "what was sent is not sent again"


async def test_what_was_said_goes_only_where_a_setting_says_so(
    owner: Person, world: World, collector: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_set(monkeypatch, settings.ENVIRONMENT.otlp_endpoint, otlp_content=True)
    await (await published(owner)).post("/chat-messages", ASK)
    await in_database(export)
    chat = next(span for span in spans_in(collector.told[0]) if span["name"].startswith("chat "))
    assert "canary" in chat["attributes"]["gen_ai.input.messages"]
    assert "Hello there, friend." in chat["attributes"]["gen_ai.output.messages"]


async def test_an_endpoint_that_is_away_harms_no_run_and_gets_the_trace_later(
    owner: Person, world: World, collector: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = settings.ENVIRONMENT.otlp_endpoint
    endpoint_set(monkeypatch, "http://127.0.0.1:9")
    assert (await (await published(owner)).post("/chat-messages", ASK)).status_code == 200
    await in_database(export)
    assert await in_database(redis_sync().llen, ENDED_KEY) == 1
    endpoint_set(monkeypatch, there)
    collector.status = 503
    await in_database(export)
    collector.status = 200
    await in_database(export)
    assert len(collector.bodies) == 2 and await in_database(redis_sync().llen, ENDED_KEY) == 0


async def test_what_an_endpoint_refuses_is_dropped(owner: Person, world: World, collector: Hook) -> None:
    collector.status = 400
    await (await published(owner)).post("/chat-messages", ASK)
    await in_database(export)
    await in_database(export)
    assert len(collector.bodies) == 1


async def test_without_an_endpoint_nothing_is_noted(owner: Person, world: World) -> None:
    assert settings.ENVIRONMENT.otlp_endpoint == ""
    await (await published(owner)).post("/chat-messages", ASK)
    assert await in_database(redis_sync().llen, ENDED_KEY) == 0


def test_the_list_of_what_waits_is_bounded(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint_set(monkeypatch, "http://127.0.0.1:9")
    run = Run().id
    redis_sync().rpush(ENDED_KEY, *["old"] * KEPT)
    trace_note(run)
    assert redis_sync().llen(ENDED_KEY) == KEPT and redis_sync().lindex(ENDED_KEY, -1) == str(run)


def test_an_agents_calls_and_the_nodes_of_a_round_stand_below_their_own() -> None:
    began = datetime(2026, 11, 20, 12, tzinfo=UTC)
    run = Run(
        workspace=Workspace(), source="console", status="failed", error_code="time_limit", error_message="too long"
    )
    run.created_at, run.finished_at = began, began + timedelta(seconds=9)
    at = began.timestamp()
    call = {
        "step": 1,
        "call_id": "c1",
        "name": "clock",
        "arguments": {},
        "output": "12",
        "error": "",
        "elapsed_ms": 500,
    }
    prompt = {"model": "house/big", "messages": [], "parameters": {"temperature": 0.5}}
    loop = NodeTrace("iter", "iteration", "Each", {}, at, elapsed_ms=8000.0)
    agent = NodeTrace("iter:0/agent", "agent", "Helper", {}, at + 1, elapsed_ms=6000.0, model="house/big")
    agent.tool_calls, agent.prompts = [call], [{**prompt, "at": at + 1}, {**prompt, "at": at + 4}]
    agent.usage = {"prompt_tokens": 7, "completion_tokens": 2}
    times = {("iter:0/agent", 1, "c1"): at + 3}
    body = request_of([(run, spans_of(run, [loop, agent], times, with_content=False))], "1")
    spans = {span["name"]: span for span in spans_in(json.loads(json.dumps(body)))}
    ids = {span["spanId"]: span for span in spans.values()}
    tool, chat = spans["execute_tool clock"], spans["chat big"]
    assert ids[tool["parentSpanId"]]["name"] == ids[chat["parentSpanId"]]["name"] == "invoke_agent Helper"
    assert ids[spans["invoke_agent Helper"]["parentSpanId"]]["name"] == "Each"
    assert int(tool["endTimeUnixNano"]) - int(tool["startTimeUnixNano"]) == pytest.approx(5e8, abs=1000)
    assert chat["attributes"]["gen_ai.provider.name"] == "house"
    assert chat["attributes"]["gen_ai.request.temperature"] == 0.5
    root = spans["invoke_workflow console"]
    assert root["status"] == {"code": 2, "message": "time_limit"} and root["attributes"]["error.type"] == "time_limit"


def test_an_endpoint_gets_the_path_of_traces_once() -> None:
    assert endpoint_url("http://h:4318") == endpoint_url("http://h:4318/") == "http://h:4318/v1/traces"
    assert endpoint_url("http://h/otlp/v1/traces") == "http://h/otlp/v1/traces"


def test_headers_are_pairs() -> None:
    assert pairs_read("a=b=c, d = e") == (("a", "b=c"), ("d", "e"))
    with pytest.raises(ConfigurationError, match="name=value"):
        pairs_read("nonsense")
