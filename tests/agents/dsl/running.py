"""Runs an imported app on the engine: a willing model, the real sandbox, and an internet of one page."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

import httpx

from agents.dsl.importing import Imported
from agents.dsl.saved import graph_read
from agents.events import Body, NodeFailed, RunFailed, RunFinished
from agents.ports import CodeRunner, Ports
from agents.types import FileRef, JsonObject, JsonValue, RunSpec, VariableSpec
from agents.workflow.execute import run_graph
from agents.workflow.scope import file_value
from agents.workflow.variables import empty_of, var_type
from inference.types import GenerateRequest, ToolCall
from tests.agents.dsl.files import Object
from tests.agents.fakes import Reply, ScriptedModel, ports_of
from tests.agents.standin import Entered, FakeEnvironment, KeptFiles, ReadDocuments

ADDRESS = "https://example.org/page"
PLAIN: Object = {"number": 1, "integer": 1, "boolean": True, "object": {"name": "First", "content": "Begin."}}
FILE = FileRef("file-1", "note.txt", "text/plain", 12)
CONTENT = b"A short note"
ARTICLE: JsonValue = {"title": "Page", "url": "https://example.org/page", "content": "A page.", "extract": "A page."}
MONTHS: Object = {"beginYear": 1, "endYear": 2, "data": [{"month": 1, "maxTemp": 2, "minTemp": 1, "rainfall": 3}]}
MONTHS_AND_PICTURE: JsonValue = {**MONTHS, "url": "https://example.org/picture.png"}
FOUND: Object = {"results": [ARTICLE], "query": {"pages": [ARTICLE]}, "data": MONTHS_AND_PICTURE}
"""What services answer: a search, an encyclopaedia, the weather of a year."""
PAGE = b"<html><head><title>Page</title></head><body><h1>Page</h1><p>A page about something.</p></body></html>"


def filled(schema: object) -> JsonValue:
    """Return a small value that obeys a JSON schema."""
    match schema:
        case {"anyOf": [first, *_]}:
            value = filled(first)
        case {"enum": [first, *_]}:
            value = first
        case {"type": "object", "properties": dict(properties)}:
            value = {name: filled(inner) for name, inner in properties.items()}
        case {"type": "array", **rest}:
            value = [filled(rest.get("items", {"type": "string"}))]
        case {"type": str(kind)}:
            value = PLAIN.get(kind, ADDRESS)
        case _:
            value = ADDRESS
    return value


def willing(says: str = "An answer.") -> ScriptedModel:
    """Return a model that gives whatever is asked for: an object of the schema, one call of a tool, else `says`."""

    def script(request: GenerateRequest) -> Reply:
        if request.response_schema is not None:
            return Reply(json.dumps(filled(dict(request.response_schema))))
        answered = any(message.role == "tool" for message in request.messages)
        if request.tools and not answered:
            tool = request.tools[0]
            call = ToolCall("call-1", tool.name, json.dumps(filled(dict(tool.parameters))))
            return Reply(calls=(call,), finish_reason="tool_calls")
        return Reply(says)

    return ScriptedModel(script, id="tiny-chat", supports_schema=True)


class _Once(httpx.AsyncByteStream):
    """A body that is read as it comes, like one from the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class OnePage:
    """The `Web` port: every address of the internet has the same page, and every service the same answer."""

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        def answer(request: httpx.Request) -> httpx.Response:
            asks_page = "html" in request.headers.get("accept", "")
            body = PAGE if asks_page else json.dumps(FOUND).encode()
            kind = "text/html" if asks_page else "application/json"
            return httpx.Response(200, stream=_Once(body), headers={"Content-Type": kind})

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))


@dataclass(frozen=True)
class Ended:
    """How a run ended; `problem` is empty when it came to its end."""

    bodies: tuple[Body, ...]
    problem: str = ""
    node_id: str = ""
    outputs: JsonObject | None = None


def inputs_of(found: Imported) -> dict[str, JsonValue]:
    """Return something for every input that the app asks for."""
    graph = found.draft["graph"]
    assert isinstance(graph, dict) and isinstance(graph["nodes"], list)
    asked: dict[str, JsonValue] = {}
    for item in graph["nodes"]:
        data = item.get("data") if isinstance(item, dict) else None
        variables = data.get("variables") if isinstance(data, dict) and data.get("type") == "start" else None
        for variable in variables if isinstance(variables, list) else []:
            if isinstance(variable, dict):
                asked[str(variable["variable"])] = _input(variable)
    return asked


def _input(variable: Mapping[str, JsonValue]) -> JsonValue:
    value = file_value(FILE.id, FILE.name, FILE.mime_type, FILE.size_bytes)
    match variable.get("type"):
        case "number":
            return 1
        case "checkbox":
            return True
        case "file":
            return value
        case "file-list":
            return [value]
        case "select":
            options = variable.get("options")
            return options[0] if isinstance(options, list) and options else ""
        case _:
            return ADDRESS


def _variables(found: Imported, name: str) -> tuple[VariableSpec, ...]:
    listed = found.draft[name]
    assert isinstance(listed, list)
    made = []
    for item in listed:
        assert isinstance(item, dict)
        kind = str(item.get("value_type") or "string")
        value = item.get("value")
        if name == "conversation_variables" and value in (None, ""):
            value = empty_of(var_type(kind))
        made.append(VariableSpec(str(item["name"]), kind, value))
    return tuple(made)


def ports_for(found: Imported, code: CodeRunner, says: str) -> Ports:
    """Return the outside world of the app."""
    environment = {item.name: item.value for item in _variables(found, "environment_variables")}
    return replace(
        ports_of(willing(says)),
        files=KeptFiles({FILE.id: (FILE, CONTENT)}),
        documents=ReadDocuments(),
        environment=FakeEnvironment(environment),
        code=code,
        web=OnePage(),
        credentials=Entered({name: {"base_url": "https://example.org", "api_key": "k"} for name in SERVICES}),
    )


SERVICES = ("searxng_search", "tavily_search", "brave_search", "wikipedia_search", "google_search")


async def ended(found: Imported, code: CodeRunner, says: str = "An answer.") -> Ended:
    """Run the app once and say how it ended."""
    graph = found.draft["graph"]
    assert isinstance(graph, dict)
    saved = graph_read(graph)
    spec = RunSpec(
        run_id="11111111-1111-4111-8111-111111111111",
        scope="workspace",
        nodes=saved.nodes,
        edges=saved.edges,
        inputs=inputs_of(found),
        query="What is it?" if found.mode == "chatflow" else "",
        mode=found.mode,
        conversation_id="22222222-2222-4222-8222-222222222222" if found.mode == "chatflow" else "",
        app_id="33333333-3333-4333-8333-333333333333",
        user="ann",
        environment=_variables(found, "environment_variables"),
        conversation=_variables(found, "conversation_variables"),
    )
    bodies = tuple([body async for body in run_graph(spec, ports_for(found, code, says))])
    match bodies[-1]:
        case RunFinished() as last:
            return Ended(bodies, outputs=last.outputs)
        case RunFailed() as last:
            failed = [body for body in bodies if isinstance(body, NodeFailed)]
            return Ended(bodies, f"{last.code}: {last.message}", failed[-1].node_id if failed else "")
        case last:
            return Ended(bodies, type(last).__name__)
