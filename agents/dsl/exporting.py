"""From an application of ours to a file of Dify's form: what was imported goes back where it stood."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import yaml

from agents.dsl.agent_nodes import agent_write
from agents.dsl.importing import MODES, NEWEST_VERSION, Mode
from agents.dsl.models import model_write
from agents.dsl.normalise import edges_typed
from agents.dsl.prompt_export import prompt_config
from agents.dsl.saved import is_note
from agents.dsl.tool_nodes import call_write
from agents.dsl.values import Object, as_list, as_object, as_objects
from agents.types import JsonObject

THEIR_MODES: Mapping[str, str] = {ours: theirs for theirs, ours in MODES.items()}
BACKGROUND = "#FFEAD5"
ICON = "🤖"
PRIVATE_KEYS = frozenset({"credential_id", "webhook_url", "webhook_debug_url", "subscription_id"})
"""Keys of a node's data that name what belongs to the workspace, and are no use elsewhere."""
_MODEL_KEYS = ("model", "metadata_model_config")


@dataclass(frozen=True, slots=True)
class Exported:
    """What of an application goes into a file. `extras` is what its import left over."""

    name: str
    mode: Mode
    description: str
    icon: str
    draft: JsonObject
    extras: JsonObject


def export_app(app: Exported) -> Object:
    """Return the file's object, without secrets."""
    draft, extras = _copy(app.draft), _copy(app.extras)
    kept = as_object(extras.pop("app", None))
    head: Object = {
        "name": app.name,
        "mode": THEIR_MODES[app.mode],
        "description": app.description,
        "icon": app.icon or ICON,
        "icon_background": BACKGROUND,
    }
    if not app.icon and kept.get("icon"):
        head["icon"] = kept["icon"]  # one that is no text: a picture of another platform
    else:
        kept.pop("icon_type", None) if kept.get("icon_type") not in (None, "emoji") else None
    document: Object = {"version": NEWEST_VERSION, "kind": "app"}
    document["app"] = {**head, **{key: value for key, value in kept.items() if key != "icon"}}
    document["dependencies"] = extras.pop("dependencies", [])
    if app.mode in ("workflow", "chatflow"):
        document["workflow"] = _workflow(draft, as_object(extras.pop("workflow", None)))
    else:
        rest = as_object(extras.pop("model_config", None))
        document["model_config"] = prompt_config(app.mode, draft, rest)
    return {**document, **extras}


def _copy(value: JsonObject) -> Object:
    return cast(Object, json.loads(json.dumps(value)))


def _workflow(draft: Object, rest: Object) -> Object:
    graph = as_object(draft.get("graph"))
    for node in as_objects(graph.get("nodes")):
        if not is_note(node):
            node["data"] = _data(as_object(node.get("data")))
    edges_typed(graph)
    workflow: Object = {
        "graph": graph,
        "features": as_object(draft.get("features")),
        "environment_variables": [_without_secret(item) for item in as_objects(draft.get("environment_variables"))],
        "conversation_variables": as_list(draft.get("conversation_variables")),
    }
    return {**workflow, **rest}


def _data(data: Object) -> Object:
    written: Object = {key: value for key, value in data.items() if key not in PRIVATE_KEYS}
    match written.get("type"):
        case "agent":
            return agent_write(written)
        case "workflow":
            return call_write(written)
    for key in _MODEL_KEYS:
        if isinstance(written.get(key), dict) and written[key]:
            written[key] = model_write(as_object(written[key]))
    single = as_object(written.get("single_retrieval_config"))
    if isinstance(single.get("model"), dict):
        single["model"] = model_write(as_object(single["model"]))
    return written


def _without_secret(item: Object) -> Object:
    return {**item, "value": ""} if item.get("value_type") == "secret" else item


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # yaml comes without types
    """Writes every value out."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def to_yaml(document: JsonObject) -> str:
    """Return the file's text."""
    return str(yaml.dump(_copy(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000))
