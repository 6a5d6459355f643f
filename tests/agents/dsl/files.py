"""Files written by hand for these tests, in Dify's form, and a workspace to import them into."""

from collections.abc import Mapping, Sequence

from agents.dsl.importing import NO_CHOICES, Imported, import_app
from agents.dsl.report import Line
from agents.dsl.surroundings import Choices, ModelOffer, Workspace
from agents.types import JsonObject, JsonValue

Object = dict[str, JsonValue]
EMBEDDED = ModelOffer("tiny-chat", "tiny-chat", is_embedded=True)
BOUGHT = ModelOffer("lab/gpt-4o", "gpt-4o", provider="lab", supports_images=True)
RERANKER = ModelOffer("lab/rank", "rank", "rerank", provider="lab")
ALONE = Workspace((EMBEDDED,), EMBEDDED.id)
"""Nothing but what comes with the platform."""
EQUIPPED = Workspace((EMBEDDED, BOUGHT, RERANKER), BOUGHT.id, datasets={"d-1": "Handbook"}, apps={"a-1": "Summarize"})


def graph_file(
    nodes: Sequence[Object], edges: Sequence[str] = (), *, mode: str = "workflow", **workflow: JsonValue
) -> Object:
    """Return a file with this graph; edges are "a > b" or "a.handle > b"."""
    written: list[JsonValue] = []
    for text in edges:
        left, _, target = text.partition(" > ")
        source, _, handle = left.partition("@")
        written.append({"source": source, "sourceHandle": handle or "source", "target": target})
    graph: Object = {"nodes": list(nodes), "edges": written}
    app: Object = {"name": "Tried", "mode": mode, "icon": "🤖", "description": "", "icon_background": "#FFF"}
    return {"version": "0.3.0", "kind": "app", "app": app, "workflow": {"graph": graph, "features": {}, **workflow}}


def node(node_id: str, kind: str, parent: str = "", **data: JsonValue) -> Object:
    """Return a node as Dify saves it."""
    found: Object = {"id": node_id, "type": "custom", "data": {"type": kind, "title": node_id, **data}}
    return {**found, "parentId": parent} if parent else found


def start(*variables: str) -> Object:
    """Return the node `start` that asks for these texts."""
    asked: list[JsonValue] = [{"variable": name, "label": name, "type": "text-input"} for name in variables]
    return node("start", "start", variables=asked)


def end(**outputs: list[JsonValue]) -> Object:
    """Return the node `end`."""
    return node("end", "end", outputs=[{"variable": name, "value_selector": item} for name, item in outputs.items()])


def llm(node_id: str = "llm", name: str = "gpt-4o", provider: str = "openai", **data: JsonValue) -> Object:
    """Return an llm node that asks this model."""
    model: Object = {"provider": provider, "name": name, "mode": "chat", "completion_params": {"temperature": 0.7}}
    prompt: list[JsonValue] = [{"role": "user", "text": "Say hello."}]
    asked: Object = {"model": model, "prompt_template": prompt, **data}
    return node(node_id, "llm", "", **asked)


def prompt_file(mode: str = "chat", **config: JsonValue) -> Object:
    """Return a file of an app without a graph."""
    model: Object = {"provider": "openai", "name": "gpt-4o", "mode": "chat", "completion_params": {"temperature": 1}}
    app: Object = {"name": "Asked", "mode": mode, "icon": "🤖", "description": "Answers"}
    return {"version": "0.1.5", "kind": "app", "app": app, "model_config": {"model": model, **config}}


def imported(file: Object, workspace: Workspace = ALONE, choices: Choices = NO_CHOICES) -> Imported:
    """Import the file."""
    return import_app(file, workspace, choices)


def line(found: Imported, kind: str, thing_id: str) -> Line:
    """Return the one line on a thing."""
    [one] = [item for item in found.report.lines if (item.kind, item.id) == (kind, thing_id)]
    return one


def node_of(found: Imported, node_id: str) -> Object:
    """Return a node of the imported graph."""
    [one] = [item for item in nodes_of(found) if item["id"] == node_id]
    return one


def data_of(found: Imported, node_id: str) -> Object:
    """Return the data of a node of the imported graph."""
    data = node_of(found, node_id)["data"]
    assert isinstance(data, dict)
    return data


def graph_of(found: Imported) -> Object:
    """Return the imported graph."""
    graph = found.draft["graph"]
    assert isinstance(graph, dict)
    return graph


def nodes_of(found: Imported) -> list[Object]:
    """Return the nodes of the imported graph."""
    nodes = graph_of(found)["nodes"]
    assert isinstance(nodes, list)
    return [item for item in nodes if isinstance(item, dict)]


def edges_of(found: Imported) -> list[tuple[str, str]]:
    """Return the edges of the imported graph as pairs."""
    edges = graph_of(found)["edges"]
    assert isinstance(edges, list)
    return [(str(item["source"]), str(item["target"])) for item in edges if isinstance(item, dict)]


def at(value: JsonValue | JsonObject, *path: str | int) -> JsonValue:
    """Return what lies at the path."""
    for part in path:
        if isinstance(value, list):
            assert isinstance(part, int)
            value = value[part]
        else:
            assert isinstance(value, Mapping)
            value = value[str(part)]
    assert not isinstance(value, Mapping) or isinstance(value, dict)
    return value


def object_at(value: JsonValue | JsonObject, *path: str | int) -> Object:
    """Return the object at the path, to be changed in place."""
    found = at(value, *path)
    assert isinstance(found, dict)
    return found


def list_at(value: JsonValue | JsonObject, *path: str | int) -> list[JsonValue]:
    """Return the list at the path."""
    found = at(value, *path)
    assert isinstance(found, list)
    return found
