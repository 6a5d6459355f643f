"""What is wrong with the graph of an application: as a graph, and in what it names of its workspace."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue, ValidationError

from agents.errors import AgentsError, GraphError, InvalidGraph
from agents.nodes.config import ModelChoice
from agents.nodes.registry import NODES
from agents.nodes.tool import ToolNodeConfig
from agents.nodes.workflow import WorkflowConfig
from agents.tools.catalogue import configured_tool
from agents.types import JsonObject, NodeSpec
from agents.workflow.build import build_graph
from agents.workflow.graph import Declared, Graph
from backend.apps.draft import fields_of
from backend.apps.drafts import graph_refused
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import App, AppMode
from backend.common.errors import Invalid
from backend.datasets.models import Dataset
from backend.providers.selectors import model_get


@dataclass(frozen=True, slots=True)
class GraphReport:
    """Errors, each with its node ("" for the graph as a whole), keep a graph from running; warnings do not."""

    errors: tuple[GraphError, ...] = ()
    warnings: tuple[GraphError, ...] = ()

    def to_json(self) -> dict[str, list[dict[str, str]]]:
        """Return what an answer says beside the draft."""
        return {"errors": _listed(self.errors), "warnings": _listed(self.warnings)}


def _listed(items: tuple[GraphError, ...]) -> list[dict[str, str]]:
    return [{"node_id": item.node_id, "message": item.message} for item in items]


def graph_check(workspace_id: uuid.UUID, draft: GraphDraft) -> GraphReport:
    """Return the report of a graph without errors; raises `ApiError` (code invalid_graph) with all of them."""
    report = graph_report(workspace_id, draft)
    if report.errors:
        raise graph_refused(InvalidGraph(report.errors))
    return report


def graph_report(workspace_id: uuid.UUID, draft: GraphDraft) -> GraphReport:
    """Return everything that is wrong with the graph, all at once."""
    unreached: tuple[str, ...] = ()
    try:
        saved = draft.saved()
    except InvalidGraph as error:
        return GraphReport(error.errors)
    errors: list[GraphError] = []
    if saved.nodes and not any(node.kind in NODES and NODES[node.kind].is_entry for node in saved.nodes):
        errors.append(GraphError("", "it has no start: add one and draw an edge from it"))
    try:
        declared = Declared.of(draft.environment(), draft.conversation({}))
        unreached = tuple(_unreached(build_graph(saved.nodes, saved.edges, NODES, declared=declared)))
    except InvalidGraph as error:
        errors += error.errors
    names = _Names(workspace_id)
    for node in saved.nodes:
        if node.id not in unreached:
            errors += [GraphError(node.id, message) for message in names.missing(node)]
    warnings = tuple(GraphError(node_id, "no path from the start leads here: it never runs") for node_id in unreached)
    return GraphReport(tuple(errors), warnings)


def _unreached(graph: Graph) -> Iterator[str]:
    yield from graph.unreached
    for node in graph.nodes.values():
        if node.inner is not None:
            yield from _unreached(node.inner)


class _Names:
    """Looks up what nodes name, each thing once."""

    def __init__(self, workspace_id: uuid.UUID) -> None:
        self._workspace_id = workspace_id
        self._seen: dict[tuple[str, str], str] = {}

    def missing(self, node: NodeSpec) -> Iterator[str]:
        """Yield what the node names and the workspace does not have."""
        for part in _parts(node):
            match part:
                case ModelChoice():
                    yield from self._told("model", part.id, self._model)
                    if part.fallback:
                        yield from self._told("model", part.fallback, self._model)
                case WorkflowConfig():
                    yield from self._told("app", f"{part.app_id} {part.version or ''}", self._workflow)
                case ToolNodeConfig(provider_type="workflow"):
                    yield from self._told("app", part.provider_id, self._workflow)
        for dataset_id in _texts(node.config.get("dataset_ids")):
            yield from self._told("dataset", dataset_id, self._dataset)
        yield from _tools(node.config)

    def _told(self, what: str, name: str, look: Callable[[str], str]) -> Iterator[str]:
        if (what, name) not in self._seen:
            self._seen[what, name] = look(name)
        if self._seen[what, name]:
            yield self._seen[what, name]

    def _model(self, model_id: str) -> str:
        try:
            model_get(self._workspace_id, model_id, kind="chat")
        except Invalid as error:
            return error.message
        return ""

    def _dataset(self, dataset_id: str) -> str:
        wanted = id_or_none(dataset_id)
        if wanted and Dataset.objects.within(self._workspace_id).filter(id=wanted).exists():
            return ""
        return f"there is no dataset {dataset_id[:100]!r} in this workspace: see GET /api/v1/datasets"

    def _workflow(self, named: str) -> str:
        app_id, _, version = named.partition(" ")
        wanted = id_or_none(app_id)
        found = App.objects.within(self._workspace_id).filter(id=wanted).first() if wanted else None
        if found is None or found.mode != AppMode.WORKFLOW:
            return f"there is no workflow {app_id[:100]!r} in this workspace: see GET /api/v1/apps?mode=workflow"
        if version and not found.versions.filter(number=int(version)).exists():
            return f"the workflow {found.name!r} has no version {version}: see its versions"
        return "" if found.published_version_id else f"the workflow {found.name!r} was never published: publish it"


def id_or_none(text: str) -> uuid.UUID | None:
    """Return the id in a text; None for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _parts(node: NodeSpec) -> Iterator[BaseModel]:
    """Yield the node's configuration and the objects in it; none where it is not right, which the graph says."""
    if node.kind not in NODES:
        return
    try:
        pending: list[object] = [NODES[node.kind].config_type.model_validate(dict(node.config))]
    except ValidationError:
        return
    while pending:
        match pending.pop():
            case BaseModel() as part:
                yield part
                pending += [getattr(part, name) for name in type(part).model_fields]
            case list() | tuple() as items:
                pending += items
            case dict() as items:
                pending += items.values()


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _tools(config: JsonObject) -> Iterator[str]:
    """Yield what is wrong with the tools of an agent."""
    chosen = config.get("tools")
    for tool in chosen if isinstance(chosen, list) else []:
        if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
            continue  # the node's own configuration says so
        settings = tool.get("config")
        try:
            configured_tool(str(tool["name"]), settings if isinstance(settings, dict) else {})
        except AgentsError as error:
            yield str(error)
        except ValidationError as error:
            for path, messages in fields_of(error).items():
                yield f"tools: {tool['name']!r}: {path}: {messages[0]}"
