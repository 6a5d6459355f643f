"""The tools that come along, their guards, and the door for others."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agents.errors import ToolRetry
from agents.nodes.registry import NODES, node_types
from agents.registry import Registry
from agents.tools.builtin.calculator import MAX_BITS, calculate
from agents.tools.builtin.current_time import CurrentTime
from agents.tools.catalogue import TOOLS, tool_types
from agents.tools.langchain import LangChainTool
from agents.tools.spec import ToolContext
from agents.tools.toolset import Toolset
from agents.types import JsonObject, JsonValue, Source
from tests.agents.fakes import FakeKnowledge


async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
    return tuple(found)


CONTEXT = ToolContext("run", "workspace", "key", FakeKnowledge(), cite)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("23 * 19", "437"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** 10 + 2^3", "1032"),
        ("-(7 // 2) % 5", "2"),
        ("6 / 3", "2"),
        ("1 / 3", "0.333333333333333"),
        ("12 × 3 ÷ 4 − 1", "8"),
        ("sqrt(16) + max(1, 2, 3) + round(pi, 2)", "10.14"),
        (f"{10**30} / 10", str(10**29)),
        ("1 ** 99999999999", "1"),
        ("2 ** 4000 // 2 ** 3990", "1024"),
        ("2 ** -2", "0.25"),
        ("(-1) ** 99999999999", "-1"),
    ],
)
def test_arithmetic_is_computed(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "1 / 0",
        "9**9**9",
        "9**9**9**9",
        "10.0 ** 400",
        "2**4000 * 2**4000",
        "3**2500 * 3**2500",
        "(-1) ** 0.5",
        "sqrt(-1)",
        "exp(1000)",
        "__import__('os').system('id')",
        "().__class__",
        "[1 for x in [1]]",
        "x",
        "True + 1",
        "'a' * 1000",
        "abs",
        "max(key=1)",
        "max()",
        "1 << 9",
        "(" * 300 + "1" + ")" * 300,
        "-" * 400 + "1",
        "1+" * 400 + "1",
        "9" * 499 + "*" + "9" * 499,
        "1j",
        "0 ** -1",
        "round(5, -(10**9))",
        "round(5, 10**400)",
        "\x00",
    ],
)
def test_what_is_not_small_arithmetic_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(ToolRetry):
        calculate(expression)


NUMBERS = st.integers(0, 10**6).map(str)
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({''.join(parts)})"),
    max_leaves=12,
)


@given(SUMS)
def test_integers_are_exact(expression: str) -> None:
    assert calculate(expression) == str(eval(expression))


@given(st.text(alphabet="0123456789+-*/%.() ^e", max_size=40))
def test_any_expression_ends_with_a_small_number_or_a_reason(expression: str) -> None:
    with suppress(ToolRetry):
        assert len(calculate(expression)) <= MAX_BITS


async def test_the_time_is_told_where_it_is_asked_for() -> None:
    tool = CurrentTime(lambda: datetime(2026, 11, 20, 17, 30, 5, tzinfo=UTC))
    assert await tool.call({}, CONTEXT) == "2026-11-20 17:30:05, Friday, UTC (UTC+0000)"
    assert await tool.call({"timezone": "Asia/Shanghai"}, CONTEXT) == (
        "2026-11-21 01:30:05, Saturday, Asia/Shanghai (UTC+0800)"
    )
    for wrong in ("Mars/Olympus", "../../etc/passwd", "\x00", "Europe", "x" * 5000):
        with pytest.raises(ToolRetry, match="no time zone"):
            await tool.call({"timezone": wrong}, CONTEXT)


SHOWN = ("name", "title", "description", "parameters", "icon")
TOOL_NAMES = [
    "calculator",
    "current_time",
    "localtime_to_timestamp",
    "timestamp_to_localtime",
    "timezone_conversion",
    "weekday",
    "knowledge_search",
    "web_reader",
    "http_request",
    "searxng_search",
    "brave_search",
    "tavily_search",
    "google_search",
    "wikipedia_search",
    "json_process",
    "chart",
    "code_interpreter",
]
NODE_SHOWN = ("kind", "title", "description", "category", "icon")
NODE_KINDS = [
    "start",
    "knowledge-retrieval",
    "llm",
    "agent",
    "answer",
    "end",
    "iteration",
    "iteration-start",
    "loop",
    "loop-start",
    "loop-end",
    "workflow",
    "question-classifier",
    "parameter-extractor",
    "code",
    "http-request",
    "tool",
    "if-else",
    "template-transform",
    "variable-aggregator",
    "assigner",
    "list-operator",
    "document-extractor",
]


class Echo:
    name, description, idempotent = "echo", "Says it again", True
    parameters: JsonObject = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> JsonValue:
        return arguments["text"]


async def test_a_long_output_is_cut_and_says_so() -> None:
    tools = Toolset([Echo()], limit_chars=10)
    assert (await tools.call("echo", {"text": "0123456789"}, CONTEXT)).output == "0123456789"
    assert (await tools.call("echo", {"text": "0123456789abc"}, CONTEXT)).output == (
        "0123456789\n[cut: 3 of 13 characters left out]"
    )


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tools are named 'echo'"):
        Toolset([Echo(), Echo()])


async def test_a_langchain_tool_is_one_of_ours() -> None:
    from langchain_core.tools import ToolException, tool

    @tool
    async def shout(text: str, times: int = 1) -> str:
        """Say it louder."""
        if times > 3:
            raise ToolException("too loud")
        return text.upper() * times

    adapted = LangChainTool(shout)
    assert (adapted.name, adapted.description, adapted.idempotent) == ("shout", "Say it louder.", False)
    tools = Toolset([adapted])
    assert (await tools.call("shout", {"text": "hi", "times": 2}, CONTEXT)).output == "HIHI"
    assert "required property" in (await tools.call("shout", {"times": 2}, CONTEXT)).output
    failed = await tools.call("shout", {"text": "hi", "times": 9}, CONTEXT)
    assert failed.error == "tool_failed" and "too loud" in failed.output


def test_what_the_console_shows_of_tools_and_nodes_is_complete() -> None:
    assert [item["name"] for item in tool_types()] == TOOL_NAMES == list(TOOLS)
    for item in tool_types():
        assert item.keys() == {*SHOWN, "config_schema", "outputs", "writes", "credentials"}
        assert all(item[name] for name in SHOWN)
        Draft202012Validator.check_schema(item["parameters"])  # type: ignore[arg-type]  # it is a schema
    assert [item["kind"] for item in node_types()] == NODE_KINDS == list(NODES)
    for item in node_types():
        assert item.keys() == {*NODE_SHOWN, "config_schema", "outputs"} and all(item[name] for name in NODE_SHOWN)
        Draft202012Validator.check_schema(item["config_schema"])  # type: ignore[arg-type]  # it is a schema


def test_a_registry_is_a_door_with_one_name_each() -> None:
    registry: Registry[str] = Registry("atelier.nothing", lambda item: item)
    assert registry.register("a") == "a" and list(registry) == ["a"] and "b" not in registry
    with pytest.raises(ValueError, match="already has 'a'"):
        registry.register("a")
