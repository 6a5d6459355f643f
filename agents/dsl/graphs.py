"""Apps that are graphs: workflow and advanced-chat files become drafts in the same shape, with our ids added."""

from agents.dsl.checking import graph_errors
from agents.dsl.kinds import node_read
from agents.dsl.matching import Matching
from agents.dsl.normalise import edges_typed, graph_normalised, nodes_renamed
from agents.dsl.report import Findings, Outcome
from agents.dsl.saved import is_note
from agents.dsl.values import Object, as_object, as_objects, as_text
from agents.errors import GraphError, InvalidDocument
from agents.types import JsonValue, VariableSpec
from agents.workflow.graph import CONVERSATION, ENVIRONMENT, Declared
from agents.workflow.variables import ALIASES, VAR_TYPES, var_type

_HOMES = ("graph", "features", "environment_variables", "conversation_variables")
ENVIRONMENT_TYPES = frozenset({"string", "number", "secret"})
CONFIG_ERROR = "config: "
"""What stands before an error of a node's configuration as a whole."""
NOT_RUN = {
    "speech_to_text": "nothing turns speech into text here",
    "text_to_speech": "nothing reads answers aloud here",
    "sensitive_word_avoidance": "answers are not moderated here",
    "suggested_questions_after_answer": "no questions are suggested after an answer here",
    "annotation_reply": "annotations come with the import of neither their texts nor their index",
    "more_like_this": "a text is not varied on demand here",
}
"""Features that are kept for an export, and do nothing."""


def graph_draft(workflow: Object, matching: Matching) -> tuple[Object, Object]:
    """Return the draft of a graph app, and what of the file's workflow has no home in it."""
    findings = matching.findings
    graph = _checked(as_object(workflow.get("graph")))
    renamed = nodes_renamed(graph)
    nodes = as_objects(graph["nodes"])
    for node in nodes:
        data, node_id = as_object(node.get("data")), as_text(node.get("id"))
        findings.add("node", node_id, as_text(data.get("title")) or as_text(data.get("type")) or "note")
        if is_note(node):
            findings.note("node", node_id, "a note stays on the canvas")
        if node_id in renamed:
            reason = f"its id {renamed[node_id]!r} became {node_id!r}: . / and : mean something else in a run"
            findings.note("node", node_id, reason)
    graph_normalised(graph, findings)
    for node in nodes:
        if not is_note(node):
            node_read(node, matching)
    edges_typed(graph)
    draft: Object = {
        "graph": graph,
        "features": as_object(workflow.get("features")),
        "environment_variables": _environment(workflow, findings),
        "conversation_variables": _conversation(workflow, findings),
    }
    features_read(as_object(draft["features"]), matching)
    for error in _errors(draft):
        if not (error.node_id in matching.explained and error.message.startswith(CONFIG_ERROR)):
            _note_error(error, findings)
    return draft, {key: value for key, value in workflow.items() if key not in _HOMES}


def _checked(graph: Object) -> Object:
    """Return the graph with both its lists; raises `InvalidDocument` for what is no graph at all."""
    for name in ("nodes", "edges"):
        found = graph.setdefault(name, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise InvalidDocument(f"workflow.graph.{name} must be a list of objects")
    for index, node in enumerate(as_objects(graph["nodes"])):
        if not as_text(node.get("id")) or not isinstance(node.get("data"), dict):
            raise InvalidDocument(f"workflow.graph.nodes.{index} must have an id and an object 'data'")
    return graph


def _environment(workflow: Object, findings: Findings) -> list[JsonValue]:
    found: list[JsonValue] = []
    for item in as_objects(workflow.get("environment_variables")):
        name, kind = as_text(item.get("name")), as_text(item.get("value_type")) or "string"
        thing = f"{ENVIRONMENT}.{name}"
        findings.add("variable", thing, name)
        if kind == "secret" and not item.get("value"):
            findings.note("variable", thing, "files carry no secrets: enter its value", "degraded")
        if kind not in ENVIRONMENT_TYPES:
            findings.note("variable", thing, f"the environment has no type {kind!r}: it is a text here", "degraded")
            item["value_type"], item["value"] = "string", as_text(item.get("value"))
        found.append(item)
    return found


def _conversation(workflow: Object, findings: Findings) -> list[JsonValue]:
    found: list[JsonValue] = []
    for item in as_objects(workflow.get("conversation_variables")):
        name, kind = as_text(item.get("name")), as_text(item.get("value_type")) or "string"
        thing = f"{CONVERSATION}.{name}"
        findings.add("variable", thing, name)
        if kind not in VAR_TYPES and kind not in ALIASES:
            findings.note("variable", thing, f"there is no type {kind!r}: it takes any value here", "degraded")
            item["value_type"] = "any"
        found.append(item)
    return found


def features_read(features: Object, matching: Matching) -> None:
    """Say which features of a file stay without effect, and add the line of the model that one of them names."""
    for name, reason in NOT_RUN.items():
        feature = as_object(features.get(name))
        if feature.get("enabled"):
            matching.findings.remark(name, reason, "degraded")
        if "model" in feature:
            matching.name_model(as_object(feature["model"]))


def _errors(draft: Object) -> list[GraphError]:
    """Return what keeps the graph from running, as a publication would find it."""
    environment = [_spec(item) for item in as_objects(draft["environment_variables"])]
    conversation = [_spec(item) for item in as_objects(draft["conversation_variables"])]
    return graph_errors(as_object(draft["graph"]), Declared.of(environment, conversation))


def _spec(item: Object) -> VariableSpec:
    return VariableSpec(as_text(item.get("name")), var_type(as_text(item.get("value_type")) or "string"))


def _note_error(error: GraphError, findings: Findings) -> None:
    outcome: Outcome = "unsupported"
    if not findings.has("node", error.node_id):
        where = f"node {error.node_id!r}: " if error.node_id else ""
        findings.remark("graph", where + error.message, outcome)
    else:
        findings.note("node", error.node_id, error.message, outcome)
