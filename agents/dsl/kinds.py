"""What each kind of node in a file names, and where it works otherwise here than it did."""

import sys
from collections.abc import Callable, Mapping

from agents.dsl.agent_nodes import agent_read
from agents.dsl.code_imports import packages_of
from agents.dsl.matching import Matching
from agents.dsl.models import model_read
from agents.dsl.tool_nodes import tool_read
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.nodes.registry import NODES

PROPOSALS: Mapping[str, str] = {
    "trigger-webhook": "start",
    "trigger-schedule": "start",
    "trigger-plugin": "start",
    "datasource": "knowledge-retrieval",
    "knowledge-index": "",
}
"""What could stand for kinds that are not here."""
START_TYPES = frozenset({"text-input", "paragraph", "select", "number", "checkbox", "file", "file-list", "json_object"})


def node_read(node: Object, matching: Matching) -> None:
    """Add our ids to what a node names, in place, and say on its line what is different."""
    node_id, data = as_text(node.get("id")), as_object(node.get("data"))
    kind = as_text(data.get("type"))
    _READERS.get(kind, _any)(node_id, data, matching)
    if as_text(data.get("type")) not in NODES:
        reason = f"there is no node of the kind {kind!r} here: replace it before you publish"
        matching.findings.note("node", node_id, reason, "unsupported", PROPOSALS.get(kind, ""))


def _any(node_id: str, data: Object, matching: Matching) -> None:
    if isinstance(data.get("model"), dict):
        model_read(as_object(data["model"]), matching.models)


def _asking(node_id: str, data: Object, matching: Matching) -> None:
    model = as_object(data.get("model"))
    model_read(model, matching.models)
    offer = matching.workspace.model(as_text(model.get("id")))
    if as_object(data.get("vision")).get("enabled") and offer is not None and not offer.supports_images:
        matching.findings.note(
            "node", node_id, f"the model {offer.id!r} sees no images: choose one that does", "degraded"
        )


def _knowledge(node_id: str, data: Object, matching: Matching) -> None:
    data["dataset_ids"] = [matching.dataset(as_text(item)) for item in as_list(data.get("dataset_ids"))]
    if any(not matching.has_dataset(as_text(item)) for item in as_list(data["dataset_ids"])):
        reason = "its datasets are not here: choose others before you publish"
        matching.findings.note("node", node_id, reason, "unsupported")
    for config in (as_object(data.get("single_retrieval_config")).get("model"), data.get("metadata_model_config")):
        if isinstance(config, dict):
            model_read(config, matching.models)
    matching.retrieval_models(as_object(data.get("multiple_retrieval_config")))


def _start(node_id: str, data: Object, matching: Matching) -> None:
    for item in as_objects(data.get("variables")):
        name, kind = as_text(item.get("variable")), as_text(item.get("type")) or "text-input"
        thing = f"{node_id}.{name}"
        matching.findings.add("variable", thing, as_text(item.get("label")) or name)
        if kind not in START_TYPES:
            matching.findings.note(
                "variable", thing, f"an input of the type {kind!r} is not asked for here", "unsupported"
            )


def _code(node_id: str, data: Object, matching: Matching) -> None:
    if data.get("code_language") != "python3":
        return
    named = packages_of(as_text(data.get("code")))
    foreign = sorted(named - sys.stdlib_module_names - matching.workspace.packages)
    if foreign:
        reason = f"it imports {', '.join(foreign)}, which the sandbox does not have: ask the administrator to add it"
        matching.findings.note("node", node_id, reason, "unsupported")


def _http(node_id: str, data: Object, matching: Matching) -> None:
    config = as_object(as_object(data.get("authorization")).get("config"))
    key = as_text(config.get("api_key"))
    if key and "{{#" not in key:
        reason = "its key stands in the graph for everybody to read: put it into a secret environment variable"
        matching.findings.note("node", node_id, reason)


_READERS: Mapping[str, Callable[[str, Object, Matching], None]] = {
    "llm": _asking,
    "question-classifier": _asking,
    "parameter-extractor": _asking,
    "knowledge-retrieval": _knowledge,
    "agent": agent_read,
    "tool": tool_read,
    "start": _start,
    "code": _code,
    "http-request": _http,
}
