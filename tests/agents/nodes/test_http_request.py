"""http-request: every method, body, key and answer, each in a graph and byte by byte; and what it must not do."""

import base64
from dataclasses import replace

import pytest

from agents.errors import InvalidInput
from agents.events import NodeFinished, NodeRetried, NodeStarted, RunFailed, RunFinished, encode
from agents.nodes.http_config import HttpRequestConfig
from agents.nodes.http_request import HttpRequestNode
from agents.nodes.json_template import render_json
from agents.types import JsonValue, VariableSpec
from agents.workflow.expressions import Scope
from tests.agents.nodes.cases import Case, bodies_of, end, saved_node, start
from tests.agents.nodes.http_graphs import EDGES, JSON_REPLY, KEY, body, key, wire
from tests.agents.nodes.wire import ORIGIN, WireCase, placed, request, run_wire, web_ports
from tests.agents.standin import FakeEnvironment, Reply, standing_in

HI = {"q": 'say "hi"\n& more=ß'}
WIRE_CASES = [
    wire("http get", {"method": "get"}, request("GET /x")),
    wire("http head", {"method": "HEAD"}, request("HEAD /x"), reply=Reply(), outputs={"status": 200, "body": ""}),
    wire("http options", {"method": "OPTIONS"}, request("OPTIONS /x")),
    wire("http delete", {"method": "delete"}, request("DELETE /x")),
    wire("http put without a body", {"method": "put"}, request("PUT /x")),
    wire("http post without a body", {"method": "post"}, request("POST /x", KEY)),
    wire(
        "http params and headers are templates",
        {
            "headers": "X-Who: {{#start.who#}}\n\nX-Empty\nX-Time:10:30",
            "params": "q:{{#start.q#}}\nq: two\n:none",
            "url": f"{ORIGIN}/a/{{{{#start.who#}}}}?x=1",
        },
        request(
            "GET /a/ann?x=1&q=say%20%22hi%22%0A%26%20more%3D%C3%9F&q=two",
            "X-Who: ann",
            "X-Empty: ",
            "X-Time: 10:30",
        ),
        inputs={**HI, "who": "ann"},
    ),
    wire(
        "http json with a variable inside a text",
        {"method": "post", "body": body("json", {"value": '{"say": "I {{#start.q#}}!", "n": 1}'})},
        request("POST /x", "Content-Type: application/json", KEY,
                body='{"say": "I say \\"hi\\"\\n& more=ß!", "n": 1}'),
        inputs=HI,
    ),
    wire(
        "http json with variables for values",
        {
            "method": "post",
            "body": body("json", {"value": '{"a": {{#start.q#}}, "b": {{#start.o#}}, "c": [{{#start.t#}}]}'}),
        },
        request("POST /x", "Content-Type: application/json", KEY,
                body='{"a": "say \\"hi\\"\\n& more=ß", "b": {"k": [1, null]}, "c": [{"raw": 1}]}'),
        inputs={**HI, "o": {"k": [1, None]}, "t": '{"raw": 1}'},
    ),
    wire(
        "http json that a node before wrote",
        {"method": "put", "body": {"type": "json", "data": "{{#start.t#}}"}},
        request("PUT /x", "Content-Type: application/json", body='{"raw": 1}'),
        inputs={"t": '{"raw": 1}'},
    ),
    wire(
        "http json that is none",
        {"method": "post", "body": body("json", {"value": '{"a": '})},
        "",
        error="invalid_input",
    ),
    wire(
        "http raw text",
        {"method": "patch", "body": body("raw-text", {"value": "Hello {{#start.q#}}"})},
        request("PATCH /x", "Content-Type: text/plain; charset=utf-8", KEY, body='Hello say "hi"\n& more=ß'),
        inputs=HI,
    ),
    wire(
        "http urlencoded form",
        {
            "method": "post",
            "body": body("x-www-form-urlencoded", {"key": "a b", "value": "{{#start.q#}}"}, {"key": "", "value": "x"}),
        },
        request("POST /x", "Content-Type: application/x-www-form-urlencoded", KEY,
                body="a+b=say+%22hi%22%0A%26+more%3D%C3%9F"),
        inputs=HI,
    ),
    wire(
        "http urlencoded form as one text",
        {"method": "post", "body": {"type": "x-www-form-urlencoded", "data": "a: 1\nb: x:y"}},
        request("POST /x", "Content-Type: application/x-www-form-urlencoded", KEY, body="a=1&b=x%3Ay"),
    ),
    wire(
        "http form data of texts",
        {"method": "post", "headers": "Content-Type: multipart/form-data",
         "body": body("form-data", {"key": 'na"me', "type": "text", "value": "{{#start.q#}}"})},
        request(
            "POST /x",
            "Content-Type: multipart/form-data; boundary=atelier-14f54c83d12fc26fecc6f08ed9aca8e151825e31", KEY,
            body='--atelier-14f54c83d12fc26fecc6f08ed9aca8e151825e31\r\nContent-Disposition: form-data; name="na%22me"'
            '\r\n\r\nsay "hi"\n& more=ß\r\n--atelier-14f54c83d12fc26fecc6f08ed9aca8e151825e31--\r\n',
        ),
        inputs=HI,
    ),
    wire(
        "http bearer key",
        {"authorization": key("bearer", "abc")},
        request("GET /x", "Authorization: Bearer abc"),
    ),
    wire(
        "http basic key of user and password",
        {"authorization": key("basic", "ann:pass")},
        request("GET /x", "Authorization: Basic YW5uOnBhc3M="),
    ),
    wire(
        "http basic key that is encoded already",
        {"authorization": key("basic", "YW5uOnBhc3M=")},
        request("GET /x", "Authorization: Basic YW5uOnBhc3M="),
    ),
    wire(
        "http key under a name of its own",
        {"authorization": key("custom", "{{#env.token#}}", "X-API-Key"), "headers": "x-api-key: other"},
        request("GET /x", "X-API-Key: from-the-environment"),
        environment=(VariableSpec("token", "string", "from-the-environment"),),
    ),
    wire(
        "http headers that are ours are not the author's",
        {"method": "post", "headers": "Host: e\nContent-Length: 5\nTransfer-Encoding: chunked\nidempotency-key: own"},
        request("POST /x", "idempotency-key: own"),
    ),
    wire(
        "http error status is an answer where nothing says otherwise",
        {},
        request("GET /x"),
        reply=Reply(b"gone", 410),
        outputs={"status": 410, "body": "gone"},
    ),
    wire(
        "http address of the metadata service",
        {"url": "http://169.254.169.254/latest/meta-data/"},
        "",
        error="http_refused",
    ),
    wire("http address in hexadecimal", {"url": "http://0x7f000001/"}, "", error="http_refused"),
    wire("http redirect inside", {}, request("GET /x"), error="http_refused",
         reply=Reply(status=302, headers={"Location": "http://[::ffff:169.254.169.254]/"})),
    wire("http other scheme", {"url": "file:///etc/passwd"}, "", error="invalid_input"),
    wire("http address from an input that is empty", {"url": "{{#start.t#}}"}, "", error="invalid_input",
         inputs={"t": ""}),
    wire("http server that is no server", {}, request("GET /x"), reply=Reply(raw=b"SSH-2.0\r\n"), error="http_failed"),
    wire("http server that does not answer", {"timeout": {"connect": 1, "read": 0.2, "write": 1}}, request("GET /x"),
         reply=Reply(pause_s=30), error="http_failed"),
]  # fmt: skip


@pytest.mark.parametrize("case", WIRE_CASES, ids=lambda case: case.name)
async def test_a_request_arrives_as_it_was_configured(case: WireCase) -> None:
    await run_wire(case)


async def test_a_secret_goes_out_and_is_shown_nowhere() -> None:
    secret = "CANARY-secret-value"
    echo = Reply(f"you sent {secret} and {base64.b64encode(f'ann:{secret}'.encode()).decode()}".encode())
    config: dict[str, JsonValue] = {
        "authorization": key("basic", "ann:{{#env.token#}}"),
        "headers": "X-Also: {{#env.token#}}",
        "params": "k:{{#env.token#}}",
    }
    made = wire("secret", config, "", reply=echo, environment=(VariableSpec("token", "secret", ""),))
    async with standing_in(echo) as server:
        ports = replace(web_ports(made, server), environment=FakeEnvironment({"token": secret}))
        bodies = await bodies_of(placed(made.case, server.origin), ports)
    assert isinstance(bodies[-1], RunFinished), bodies[-1]
    sent = server.seen[0].raw.decode()
    assert sent.count(secret) == 2 and base64.b64encode(f"ann:{secret}".encode()).decode() in sent
    shown = " ".join(str(encode(item)) for item in bodies)
    assert secret not in shown and base64.b64encode(f"ann:{secret}".encode()).decode() not in shown
    [begun] = [item for item in bodies if isinstance(item, NodeStarted) and item.node_id == "call"]
    assert begun.inputs["params"] == {"k": "••••••"} and "authorization" not in str(begun.inputs).lower()


async def test_a_key_that_was_typed_in_is_not_published_by_a_server_that_repeats_it() -> None:
    made = wire("echo", {"authorization": key("bearer", "typed-in-key")}, "", reply=Reply(b"Bearer typed-in-key"))
    async with standing_in(made.replies) as server:
        bodies = await bodies_of(placed(made.case, server.origin), web_ports(made, server))
    assert "typed-in-key" in server.seen[0].raw.decode()
    assert "typed-in-key" not in " ".join(str(encode(item)) for item in bodies)


async def test_an_error_status_fails_the_node_where_a_strategy_waits_for_it() -> None:
    nodes = [
        start(),
        saved_node("call", "http-request", {"url": f"{ORIGIN}/x", "error_strategy": "fail-branch"}),
        saved_node("bad", "end", {"outputs": [{"variable": "why", "value_selector": ["call", "error_type"]}]}),
    ]
    case = Case("branch", nodes, ("start > call", "call.fail-branch > bad"), outputs={"why": "http_status"})
    await run_wire(WireCase(case, Reply(b"no", 500), (request("GET /x"),)))


async def test_a_request_that_failed_is_sent_again_with_the_same_key() -> None:
    retry: JsonValue = {"retry_enabled": True, "max_retries": 2, "retry_interval": 1}
    made = wire("again", {"method": "post", "retry_config": retry}, "", reply=Reply(b"no", 503), error="http_status")
    async with standing_in(made.replies) as server:
        bodies = await bodies_of(placed(made.case, server.origin), web_ports(made, server))
    assert [seen.headers["idempotency-key"] for seen in server.seen] == [KEY.partition(": ")[2]] * 3
    assert sum(isinstance(item, NodeRetried) for item in bodies) == 2 and isinstance(bodies[-1], RunFailed)


def test_only_what_does_no_harm_twice_is_repeated_after_a_crash() -> None:
    def is_repeatable(method: str, **more: JsonValue) -> bool:
        config = HttpRequestConfig.model_validate({"url": "http://x", "method": method, **more})
        return HttpRequestNode().is_repeatable(config)

    assert [is_repeatable(name) for name in ("get", "HEAD", "put", "delete")] == [True] * 4
    assert [is_repeatable(name) for name in ("post", "patch")] == [False] * 2
    assert is_repeatable("post", retry_config={"retry_enabled": True, "max_retries": 1})


async def test_a_certificate_is_checked_unless_the_author_says_otherwise() -> None:
    async with standing_in(JSON_REPLY) as server:
        for config in ({}, {"ssl_verify": False}, {"ssl_verify": None}):
            made = wire("tls", config, "")
            ports = web_ports(made, server)
            await bodies_of(placed(made.case, server.origin), ports)
            assert ports.web.verified == [config.get("ssl_verify") is not False]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "config",
    [
        {"method": "TRACE"},
        {"url": ""},
        {"body": {"type": "xml"}},
        {"authorization": {"type": "oauth"}},
        {"timeout": {"connect": -1}},
        {"timeout": {"read": 100_000}},
        {"url": "http://x/{{#nowhere.text#}}"},
        {"body": {"type": "form-data", "data": [{"key": "f", "type": "file", "file": ["gone", "f"]}]}},
    ],
)
async def test_what_cannot_be_sent_is_refused_when_the_graph_is_built(config: dict[str, JsonValue]) -> None:
    call = saved_node("call", "http-request", {"url": "http://x", **config})
    last = (await bodies_of(Case("wrong", [start(q="paragraph"), call, end(b="call.body")], EDGES, {"q": "x"})))[-1]
    assert isinstance(last, RunFailed) and (last.code, "'call'" in last.message) == ("invalid_graph", True)


def test_old_timeouts_and_empty_parts_are_read() -> None:
    config = HttpRequestConfig.model_validate(
        {"method": "get", "url": "http://x", "authorization": {"type": "no-auth", "config": None}, "headers": None,
         "body": {"type": "none", "data": ""}, "variables": [],
         "timeout": {"max_connect_timeout": 0, "max_read_timeout": 0, "connect": 0}}
    )  # fmt: skip
    assert (config.timeout.connect, config.timeout.read, config.body.data, config.headers) == (10, 60, (), "")


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": "{{#n.t#}}"}', '{"a": "x\\"\\\\\\n"}'),
        ('{"a\\"": "{{#n.t#}}"}', '{"a\\"": "x\\"\\\\\\n"}'),
        ('{"a": {{#n.i#}}, "b": {{#n.none#}}}', '{"a": 3, "b": null}'),
        ('{"a": "{{#n.o#}}"}', '{"a": "{\\"k\\": \\"v\\"}"}'),
        ('{"{{#n.i#}}": {{#n.o#}}}', '{"3": {"k": "v"}}'),
        ("{{#n.o#}}", '{"k": "v"}'),
        ("  {{#n.j#}} ", "[1]"),
        ('"{{#n.t#}}"', '"x\\"\\\\\\n"'),
        ('{"a": "line\nbreak"}', '{"a": "line\\nbreak"}'),
        ('{"a": "{{q}}", "b": "{{unknown}}"}', '{"a": "in\\"put", "b": "{{unknown}}"}'),
    ],
)
def test_a_template_of_json_becomes_json(template: str, made: str) -> None:
    values: dict[str, JsonValue] = {"t": 'x"\\\n', "i": 3, "none": None, "o": {"k": "v"}, "j": "[1]"}
    scope = Scope(inputs={"q": 'in"put'}, nodes={"n": values}, is_lenient=True)
    assert render_json(template, scope) == made


@pytest.mark.parametrize("template", ["", "{", "{{#n.t#}}", '{"a": 1,}', "nope"])
def test_a_template_that_becomes_no_json_says_so(template: str) -> None:
    with pytest.raises(InvalidInput, match="not JSON"):
        render_json(template, Scope(nodes={"n": {"t": "plain text"}}))


async def test_a_large_answer_is_refused_and_the_run_says_so() -> None:
    reply = Reply(b"x" * (11 * 1024 * 1024))
    await run_wire(wire("large", {}, request("GET /x"), reply=reply, error="http_failed"))


async def test_the_answer_of_a_finished_request_is_in_its_event() -> None:
    reply = Reply(b"{}", headers={"Content-Type": "application/json", "X-A": "1", "Set-Cookie": "a=1"})
    bodies = await run_wire(wire("event", {}, request("GET /x"), reply=reply, outputs={"status": 200, "body": "{}"}))
    [done] = [item for item in bodies if isinstance(item, NodeFinished) and item.node_id == "call"]
    headers = done.outputs["headers"]
    assert isinstance(headers, dict) and headers["x-a"] == "1" and headers["content-type"] == "application/json"
