"""Tool nodes, which run in Dify's words, and calls of workflows, which are tools in Dify."""

from agents.dsl.matching import Matching
from agents.dsl.models import OURS
from agents.dsl.tools import NamedTool
from agents.dsl.values import Object, as_text

CALL_KEYS = ("app_id", "inputs")
"""What a node that calls a workflow has, and a tool has not: by these it is known again in a file."""


def tool_read(node_id: str, data: Object, matching: Matching) -> None:
    """Say which tool of ours stands for the node's, and name one that was chosen, in place."""
    provider = as_text(data.get("provider_id")) or as_text(data.get("provider_name"))
    kind = as_text(data.get("provider_type")) or "builtin"
    named = NamedTool(provider, as_text(data.get("tool_name")), as_text(data.get("tool_label")), kind)
    if kind == "workflow":
        _workflow(node_id, data, named, matching)
        return
    match = matching.tools.resolve(named)
    if match is None:
        matching.explained.add(node_id)
        reason = f"the tool {named.id!r} is not here: choose another one before you publish"
        matching.findings.note("node", node_id, reason, "unsupported")
        return
    matching.findings.note("node", node_id, match.reason, match.outcome)
    if match.dify is None and match.name != named.name:
        data["provider_type"], data["provider_id"], data["provider_name"] = "builtin", OURS, OURS
        data["tool_name"] = match.name
        matching.findings.note("node", node_id, "look through its parameters: they keep their names", "degraded")


def _workflow(node_id: str, data: Object, named: NamedTool, matching: Matching) -> None:
    app_id = matching.tools.app(named)
    if not app_id:
        reason = f"it calls the app {named.title or named.name!r}, which is not here: import that one too"
        matching.findings.note("node", node_id, reason, "unsupported", "workflow")
        return
    if all(key in data for key in CALL_KEYS):
        _call_read(data)
        data["app_id"] = app_id
    else:
        data["provider_id"] = app_id


def _call_read(data: Object) -> None:
    """Undo `call_write`."""
    for key in _call_words(data):
        data.pop(key, None)
    data["type"] = "workflow"


def call_write(data: Object) -> Object:
    """Return the data of a node that calls a workflow as the file has it: a tool with the app's id."""
    return {"inputs": {}, **data, **_call_words(data)}


def _call_words(data: Object) -> Object:
    app_id = as_text(data.get("app_id"))
    return {
        "type": "tool",
        "provider_type": "workflow",
        "provider_id": app_id,
        "provider_name": app_id,
        "tool_name": app_id,
        "tool_label": as_text(data.get("title")) or app_id,
        "tool_configurations": {},
        "tool_parameters": data.get("inputs", {}),
    }
