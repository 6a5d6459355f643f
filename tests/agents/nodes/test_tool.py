"""tool: every built-in tool called in a graph, its requests byte by byte; Dify's names; and what is refused."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from agents.errors import InvalidInput
from agents.events import NodeStarted, RunFailed, RunFinished, Sources
from agents.nodes.registry import NODES
from agents.nodes.tool import ToolNode, ToolNodeConfig
from agents.ports import CalledWorkflow
from agents.tools.catalogue import TOOLS
from agents.tools.dify_names import DIFY_NAMES, DIFY_TOOLS, dify_tool
from agents.types import JsonValue, NodeSpec
from agents.workflow.preflight import check_run
from tests.agents.fakes import FakeKnowledge, edges_of, passage, ports_of
from tests.agents.nodes.cases import Case, bodies_of, end, run_case, saved_node, spec_of_case, start
from tests.agents.nodes.wire import ORIGIN, WireCase, request, run_wire, web_ports
from tests.agents.standin import KeptFiles, Reply, standing_in
from tests.agents.workflow.probe import FakeWorkflows

EDGES = ("start > call", "call > end")
Given = Mapping[str, JsonValue]


def constant(value: JsonValue) -> JsonValue:
    return {"type": "constant", "value": value}


def mixed(value: str) -> JsonValue:
    return {"type": "mixed", "value": value}


def calling(
    tool: str,
    parameters: Given,
    outputs: Given | None,
    *,
    name: str = "",
    provider: str = "atelier",
    settings: Given | None = None,
    inputs: Given | None = None,
    error: str = "",
    ends: Mapping[str, str] | None = None,
) -> Case:
    config: dict[str, JsonValue] = {
        "provider_type": "builtin", "provider_id": provider, "tool_name": tool, "tool_label": tool,
        "tool_configurations": dict(settings or {}), "tool_parameters": dict(parameters),
    }  # fmt: skip
    given = dict(inputs or {})
    nodes = [
        start(**{key: "paragraph" if isinstance(value, str) else "number" for key, value in given.items()}),
        saved_node("call", "tool", config),
        end(**(ends or {"text": "call.text"})),
    ]
    return Case(name or f"tool {tool}", nodes, EDGES, given, outputs, error)


CHART = '<svg xmlns="http://www.w3.org/2000/svg"'
CASES = [
    calling("calculator", {"expression": mixed("{{#start.a#}} * 19")}, {"text": "437"}, inputs={"a": 23}),
    calling(
        "current_time", {"format": constant("nothing of a time"), "timezone": constant("Asia/Shanghai")},
        {"text": "nothing of a time"},
    ),
    calling(
        "localtime_to_timestamp", {"localtime": mixed("{{#start.t#}}"), "timezone": constant("Asia/Shanghai")},
        {"text": "1763689500"}, inputs={"t": "2025-11-21 09:45:00"},
    ),
    calling(
        "timestamp_to_localtime", {"timestamp": mixed("{{#start.t#}}"), "timezone": constant("America/New_York")},
        {"text": "2025-11-20 20:45:00"}, inputs={"t": 1763689500},
    ),
    calling(
        "timezone_conversion",
        {"current_time": constant("2026-07-01 12:00:00"), "current_timezone": constant("Europe/Berlin"),
         "target_timezone": constant("Asia/Tokyo")},
        {"text": "2026-07-01 19:00:00"},
    ),
    calling("weekday", {"year": constant(2026), "month": mixed("11"), "day": constant(21)}, {"text": "Saturday"}),
    calling(
        "json_process", {"operation": constant("query"), "content": mixed("{{#start.j#}}"), "path": constant("$.a[1]")},
        {"text": '{"b": 2}', "result": {"b": 2}, "json": [{"result": {"b": 2}}]},
        inputs={"j": '{"a": [1, {"b": 2}]}'},
        ends={"text": "call.text", "result": "call.result", "json": "call.json"},
    ),
    calling(
        "json_insert",
        {"content": constant('{"a": [1]}'), "query": constant("$.a"), "new_value": mixed("{{#start.v#}}")},
        {"text": '{"a": [1, "two"]}'}, provider="json_process", name="tool dify json insert", inputs={"v": "two"},
    ),
    calling(
        "current_time", {}, {"text": "2026"}, provider="langgenius/time/time", name="tool dify time of a plug-in",
        settings={"format": "2026", "timezone": "Asia/Shanghai"},
    ),
    calling(
        "eval_expression", {"expression": mixed("1+1")}, {"text": "2"}, provider="maths", name="tool dify calculator",
    ),
    calling(
        "weekday", {"year": constant(2026), "month": constant(2), "day": constant(30)}, None, error="tool_retry",
        name="tool refuses its arguments",
    ),
    calling("calculator", {}, None, error="tool_retry", name="tool without its argument"),
    calling("chart", {"kind": constant("pie"), "data": constant("1;-1")}, None, error="tool_retry",
            name="tool chart of negative slices"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_tool_is_called_in_a_graph(case: Case) -> None:
    await run_case(case)


HIT = {"title": "A <b>page</b>", "url": "https://a.example/", "content": "about\n it", "score": 1}
FOUND: JsonValue = [{"title": "A page", "url": "https://a.example/", "snippet": "about it"}]
SEARCHED: dict[str, JsonValue] = {"text": "[1] A page\nhttps://a.example/\nabout it", "results": FOUND}
SEARCH_ENDS = {"text": "call.text", "results": "call.results"}
QUERY = {"query": mixed("{{#start.q#}}")}
ASKED = {"q": "what's new & ünique?"}
ENCODED = "what%27s%20new%20%26%20%C3%BCnique%3F"
ACCEPTED = "Accept: application/json"


def reply(data: object) -> Reply:
    return Reply(json.dumps(data).encode(), headers={"Content-Type": "application/json"})


PAGE = b"""<!doctype html><html><head><title>The &amp; title</title><script>steal()</script></head>
<body><nav>Home</nav><article><h1>Head</h1><p>Text of the page.</p></article><script>more()</script></body></html>"""
WIKI = {
    "query": {
        "pages": [
            {"index": 2, "title": "Second", "canonicalurl": "https://de.wikipedia.org/wiki/Second", "extract": "two"},
            {"index": 1, "title": "First", "canonicalurl": "https://de.wikipedia.org/wiki/First", "extract": "one"},
        ]
    }
}
WIRE_CASES = [
    WireCase(
        calling("searxng_search", QUERY, SEARCHED, inputs=ASKED, ends=SEARCH_ENDS,
                settings={"count": constant(3), "language": constant("de")}),
        reply({"results": [HIT, {"title": "bad", "url": "javascript:alert(1)"}, "odd"]}),
        (request(f"GET /search?q={ENCODED}&format=json&language=de", ACCEPTED),),
        {"searxng_search": {"base_url": f"{ORIGIN}/"}},
    ),
    WireCase(
        calling("brave_search", {**QUERY, "count": constant(2)}, SEARCHED, inputs=ASKED, ends=SEARCH_ENDS),
        reply({"web": {"results": [{"title": HIT["title"], "url": HIT["url"], "description": HIT["content"]}]}}),
        (request(f"GET /res/v1/web/search?q={ENCODED}&count=2", ACCEPTED, "X-Subscription-Token: key"),),
        {"brave_search": {"base_url": ORIGIN, "api_key": "key"}},
    ),
    WireCase(
        calling("tavily_search", {**QUERY, "max_results": constant(4)}, SEARCHED, inputs=ASKED, ends=SEARCH_ENDS,
                provider="tavily", name="tool dify tavily",
                settings={"search_depth": "basic", "include_domains": None}),
        reply({"results": [HIT]}),
        (
            request("POST /search", ACCEPTED, "Content-Type: application/json", "Authorization: Bearer tvly-key",
                    body='{"query": "what\'s new & ünique?", "max_results": 4}'),
        ),
        {"tavily_search": {"base_url": ORIGIN, "api_key": "tvly-key"}},
    ),
    WireCase(
        calling("google_search", QUERY, SEARCHED, inputs=ASKED, ends=SEARCH_ENDS),
        reply({"items": [{"title": HIT["title"], "link": HIT["url"], "snippet": HIT["content"]}]}),
        (request(f"GET /customsearch/v1?key=a%26b&cx=engine&q={ENCODED}&num=5", ACCEPTED),),
        {"google_search": {"base_url": ORIGIN, "api_key": "a&b", "engine_id": "engine"}},
    ),
    WireCase(
        calling("wikipedia_search", {**QUERY, "language": constant("German")},
                {"text": "First\nhttps://de.wikipedia.org/wiki/First\none\n\n"
                         "Second\nhttps://de.wikipedia.org/wiki/Second\ntwo"},
                inputs=ASKED, provider="wikipedia", settings={"count": constant(2)}),
        reply(WIKI),
        (
            request("GET /de/w/api.php?action=query&format=json&formatversion=2&generator=search"
                    f"&gsrsearch={ENCODED}&gsrlimit=2&prop=extracts%7Cinfo&exintro=1&explaintext=1&exlimit=max"
                    "&inprop=url", ACCEPTED),
        ),
        {"wikipedia_search": {"base_url": f"{ORIGIN}/{{language}}"}},
    ),
    WireCase(
        calling("webscraper", {"url": mixed("{{#start.u#}}/a?b=1")},
                {"text": "The & title\n\n# Head\n\nText of the page.", "title": "The & title"},
                inputs={"u": ORIGIN}, provider="webscraper", name="tool web reader by dify's name",
                settings={"user_agent": "Mozilla/5.0", "generate_summary": None},
                ends={"text": "call.text", "title": "call.title"}),
        Reply(PAGE, headers={"Content-Type": "text/html; charset=utf-8"}),
        (
            request("GET /a?b=1", "Accept: text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.9,"
                    "*/*;q=0.5"),
        ),
    ),
    WireCase(
        calling("web_reader", {"url": constant("http://169.254.169.254/")}, None, error="tool_failed",
                name="tool web reader inside"),
    ),
    WireCase(
        calling("web_reader", {"url": constant(f"{ORIGIN}/gone")}, None, error="tool_failed",
                name="tool web reader of a page that is gone"),
        {}, (request("GET /gone", "Accept: text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.9,"
                     "*/*;q=0.5"),),
    ),
    WireCase(
        calling("http_request",
                {"url": mixed("{{#start.u#}}/x"), "method": constant("POST"), "headers": constant({"X-A": "1"}),
                 "params": constant({"n": 2, "q": "a b"}), "body": constant({"k": ["ü"]})},
                {"status": 201, "body": "made"}, inputs={"u": ORIGIN}, settings={"methods": constant(["POST"])},
                ends={"status": "call.status_code", "body": "call.body"}),
        Reply(b"made", 201),
        (
            request("POST /x?n=2&q=a%20b", "X-A: 1", "Content-Type: application/json",
                    "Idempotency-Key: 11111111-1111-4111-8111-111111111111:call", body='{"k": ["ü"]}'),
        ),
    ),
    WireCase(
        calling("http_request", {"url": constant(f"{ORIGIN}/x"), "method": constant("DELETE")}, None,
                error="tool_retry", name="tool http with a method that its author does not allow"),
    ),
    WireCase(
        calling("tavily_search", QUERY, None, inputs=ASKED, error="tool_failed", name="tool with a refused key"),
        Reply(b'{"detail": "bad key tvly-key"}', 401),
        (
            request("POST /search", ACCEPTED, "Content-Type: application/json", "Authorization: Bearer tvly-key",
                    body='{"query": "what\'s new & ünique?", "max_results": 5}'),
        ),
        {"tavily_search": {"base_url": ORIGIN, "api_key": "tvly-key"}},
    ),
    WireCase(
        calling("brave_search", QUERY, None, inputs=ASKED, error="tool_failed", name="tool of a service that is none"),
        Reply(b"<html>"),
        (request(f"GET /res/v1/web/search?q={ENCODED}&count=5", ACCEPTED, "X-Subscription-Token: key"),),
        {"brave_search": {"base_url": ORIGIN, "api_key": "key"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize("wire", WIRE_CASES, ids=lambda wire: wire.name)
async def test_a_tool_asks_its_service_as_it_must(wire: WireCase) -> None:
    bodies = await run_wire(wire)
    last = bodies[-1]
    if isinstance(last, RunFailed):
        assert "tvly-key" not in last.message


def test_every_built_in_tool_is_called_in_a_graph() -> None:
    cases = [*CASES, *(wire.case for wire in WIRE_CASES)]
    called = {str(node["data"]["tool_name"]) for case in cases for node in case.nodes  # type: ignore[index,call-overload]
              if node["data"]["type"] == "tool"}  # type: ignore[index,call-overload]  # fmt: skip
    ours = called | {DIFY_TOOLS[key].name for key in DIFY_TOOLS if key[1] in called}
    assert set(TOOLS) - ours - {"code_interpreter"} == {"knowledge_search"}, (
        "knowledge and code have tests of their own"
    )


async def test_a_chart_becomes_a_file_of_the_run() -> None:
    case = calling(
        "bar_chart", {"data": constant("3;1;2"), "x_axis": constant("a;<b>;c")}, None, provider="chart",
        ends={"files": "call.files", "svg": "call.svg"},
    )  # fmt: skip
    files = KeptFiles()
    async with standing_in({}) as server:
        last = (await bodies_of(case, web_ports(WireCase(case), server, files)))[-1]
    assert isinstance(last, RunFinished), last
    made = last.outputs["files"]
    assert isinstance(made, list) and isinstance(made[0], dict)
    assert (made[0]["name"], made[0]["mime_type"], made[0]["type"]) == ("bar-chart.svg", "image/svg+xml", "image")
    content = files.contents[str(made[0]["id"])][1].decode()
    assert content.startswith(CHART) and "&lt;b&gt;" in content and content == last.outputs["svg"]


async def test_a_search_in_knowledge_announces_its_sources() -> None:
    case = calling("knowledge_search", {"query": constant("rain")}, {"text": "[1] It rains."},
                   settings={"dataset_ids": constant(["d1"])})  # fmt: skip
    bodies = await run_case(case, ports_of(knowledge=FakeKnowledge((passage("c1", "It rains."),))))
    assert [len(item.sources) for item in bodies if isinstance(item, Sources)] == [1]


def failing(**config: JsonValue) -> Case:
    return Case("bad", [start(), saved_node("call", "tool", config), end(text="call.text")], EDGES)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"tool_name": "nonsense"}, "there is no tool 'nonsense'"),
        ({"tool_name": "sql_query", "provider_id": "hexinfo"}, "there is no tool 'hexinfo/sql_query'"),
        ({"tool_name": "calculator", "provider_id": "stranger"}, "there is no tool 'stranger/calculator'"),
        ({"tool_name": "x", "provider_type": "api", "provider_id": "petstore"}, "cannot be called here yet"),
        ({"tool_name": "x", "provider_type": "mcp", "provider_id": "files"}, "cannot be called here yet"),
        ({"tool_name": "x", "provider_type": "workflow"}, "names the workflow"),
        ({"tool_name": ""}, "tool_name"),
        ({"tool_name": "calculator", "tool_parameters": {"x": {"type": "variable", "value": "x"}}}, "names no"),
        ({"tool_name": "calculator", "tool_parameters": {"expression": mixed("{{#gone.x#}}")}}, "no node 'gone'"),
    ],
)  # fmt: skip
async def test_a_tool_that_cannot_be_called_is_refused_when_the_graph_is_built(
    config: dict[str, JsonValue], says: str
) -> None:
    last = (await bodies_of(failing(**config)))[-1]
    assert isinstance(last, RunFailed) and last.code == "invalid_graph" and says in last.message


async def test_a_tool_may_be_another_workflow() -> None:
    echo = CalledWorkflow(
        "app-7", "Echo", 2,
        (
            NodeSpec("start", "start", config={"variables": [{"variable": "q", "type": "paragraph"}]}),
            NodeSpec("end", "end", config={"outputs": [{"variable": "said", "value_selector": ["start", "q"]}]}),
        ),
        edges_of("start > end"),
    )  # fmt: skip
    config: dict[str, JsonValue] = {
        "provider_type": "workflow", "provider_id": "app-7", "provider_name": "Echo", "tool_name": "echo",
        "tool_parameters": {"q": mixed("Hello {{#start.who#}}")},
    }  # fmt: skip
    ends = {"text": "call.text", "said": "call.said", "json": "call.json"}
    case = Case(
        "workflow", [start(who="paragraph"), saved_node("call", "tool", config), end(**ends)], EDGES, {"who": "Ann"},
        {"text": "Hello Ann", "said": "Hello Ann", "json": [{"said": "Hello Ann"}]},
    )  # fmt: skip
    await run_case(case, replace(ports_of(), workflows=FakeWorkflows(echo)))
    with pytest.raises(InvalidInput, match="no workflow 'app-7'"):
        await check_run(spec_of_case(case), replace(ports_of(), workflows=FakeWorkflows()), kinds=NODES)


async def test_what_another_node_may_read_of_a_tool_is_known() -> None:
    case = calling("web_reader", {"url": constant("http://x")}, None, ends={"nothing": "call.nothing"})
    last = (await bodies_of(case))[-1]
    assert isinstance(last, RunFailed) and "gives only content, files, json, text, title, url" in last.message


async def test_a_tool_whose_key_is_missing_is_refused_before_the_run() -> None:
    case = calling("tavily_search", QUERY, None, inputs=ASKED)
    with pytest.raises(Exception, match="an administrator enters Key under Tools"):
        await check_run(spec_of_case(case), ports_of(), kinds=NODES)


def test_a_call_is_made_again_only_where_that_is_harmless() -> None:
    def is_repeatable(tool: str, **settings: JsonValue) -> bool:
        given: JsonValue = {name: constant(value) for name, value in settings.items()}
        config = ToolNodeConfig.model_validate({"tool_name": tool, "tool_configurations": given})
        return ToolNode().is_repeatable(config)

    assert is_repeatable("calculator") and is_repeatable("web_reader") and is_repeatable("http_request")
    assert not is_repeatable("http_request", methods=["GET", "POST"])
    assert not is_repeatable("http_request", methods=["TRACE"]), "what is set wrongly is not trusted"


async def test_what_a_tool_is_given_is_in_the_trace() -> None:
    bodies = await run_case(CASES[0])
    [begun] = [item for item in bodies if isinstance(item, NodeStarted) and item.node_id == "call"]
    assert begun.inputs == {"expression": "23 * 19"}


def test_every_name_of_dify_leads_to_a_tool_that_takes_its_parameters() -> None:
    assert set(DIFY_NAMES.values()) <= set(TOOLS) | {"code_interpreter"}
    for tool in DIFY_TOOLS.values():
        if tool.name in TOOLS:
            properties = TOOLS[tool.name].parameters["properties"]
            assert isinstance(properties, dict)
            assert {*tool.renamed.values(), *tool.fixed} <= {*properties, *TOOLS[tool.name].config_type.model_fields}
    assert (
        dify_tool("langgenius/wikipedia/wikipedia", "wikipedia_search") is DIFY_TOOLS["wikipedia", "wikipedia_search"]
    )
    assert dify_tool("wikipedia", "other") is None
