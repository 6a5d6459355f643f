"""From a Dify file to an application of ours: its draft, a report on every part of it, and what has no home here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from agents.dsl.graphs import graph_draft
from agents.dsl.matching import Matching
from agents.dsl.prompts import prompt_draft
from agents.dsl.report import Findings, Report
from agents.dsl.surroundings import Choices, Workspace
from agents.dsl.values import Object, as_object, as_text
from agents.errors import InvalidDocument
from agents.tools.catalogue import TOOLS
from agents.types import JsonObject, JsonValue

Mode = Literal["workflow", "chatflow", "chat", "agent", "completion"]
MODES: Mapping[str, Mode] = {
    "workflow": "workflow",
    "advanced-chat": "chatflow",
    "chat": "chat",
    "agent-chat": "agent",
    "completion": "completion",
}
"""What Dify calls a mode, and what we do."""
FIRST_VERSION, NEWEST_VERSION = "0.1.0", "0.6.0"
MAX_NAME, MAX_ICON = 120, 40
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?$")
_HOMES = frozenset({"app", "kind", "version", "workflow", "model_config"})
_APP_HOMES = frozenset({"name", "mode", "description"})
NO_CHOICES = Choices()


@dataclass(frozen=True, slots=True)
class Imported:
    """An application as it was read. `draft` has the form that the console saves.

    `extras` is what the file has and a draft does not; an export puts it back where it stood.
    """

    name: str
    mode: Mode
    description: str
    icon: str
    draft: JsonObject
    report: Report
    extras: JsonObject


def import_app(document: JsonObject, workspace: Workspace, choices: Choices = NO_CHOICES) -> Imported:
    """Read the file's object; raises `InvalidDocument` for what is no app, `InvalidInput` for a choice not there."""
    choices.check(workspace, TOOLS)
    file = cast(Object, json.loads(json.dumps(document)))  # everything below works in place
    findings = Findings()
    _check_kind(file)
    _note_version(file, findings)
    app = file.get("app")
    if not isinstance(app, dict):
        raise InvalidDocument("the file has no object 'app': it is not an exported app")
    mode = _mode(app, as_object(file.get("model_config")))
    matching = Matching(workspace, choices, findings)
    extras: Object = {key: value for key, value in file.items() if key not in _HOMES}
    if mode == "workflow" or mode == "chatflow":  # noqa: PLR1714  # so that the type of the rest is known
        if not isinstance(file.get("workflow"), dict):
            raise InvalidDocument(f"the app of mode {as_text(app.get('mode'))!r} has no object 'workflow'")
        draft, rest = graph_draft(as_object(file["workflow"]), matching)
        extras["workflow"] = rest
        if "model_config" in file:
            extras["model_config"] = file["model_config"]
    else:
        if not isinstance(file.get("model_config"), dict):
            raise InvalidDocument(f"the app of mode {as_text(app.get('mode'))!r} has no object 'model_config'")
        draft, rest = prompt_draft(mode, as_object(file["model_config"]), matching)
        extras["model_config"] = rest
        if "workflow" in file:
            extras["workflow"] = file["workflow"]
    if not extras.get("dependencies"):
        extras.pop("dependencies", None)
    extras["app"] = {key: value for key, value in app.items() if key not in _APP_HOMES}
    for dependency in _dependencies(file):
        findings.remark("dependency", f"the plugin {dependency!r} is not installed: what it gave is in the lines above")
    return Imported(
        name=_name(app, findings),
        mode=mode,
        description=as_text(app.get("description")),
        icon=_icon(app),
        draft=draft,
        report=findings.report(),
        extras=extras,
    )


def _check_kind(file: Object) -> None:
    """Dify itself takes a missing or a wrong kind for an app; a knowledge pipeline says so in two ways."""
    if file.get("kind") == "rag_pipeline" or "rag_pipeline" in file:
        raise InvalidDocument("the file is a knowledge pipeline: only apps can be imported")


def _note_version(file: Object, findings: Findings) -> None:
    version = file.get("version")
    text = as_text(version)
    if version is None:
        findings.remark("version", f"the file names no version: it is read as {FIRST_VERSION}")
        return
    if not isinstance(version, str):
        findings.remark(
            "version", f"the version {text or version!r} is not a text, which Dify refuses: it is read as one"
        )
    found = _VERSION.match(text)
    if found is None:
        findings.remark("version", f"the version {text!r} is not like {NEWEST_VERSION}: it is read as {FIRST_VERSION}")
        return
    newest = _VERSION.match(NEWEST_VERSION)
    assert newest is not None, "our own version has the form"
    if tuple(int(part or 0) for part in found.groups()) > tuple(int(part or 0) for part in newest.groups()):
        text = f"the version {text} is newer than {NEWEST_VERSION}: what it has besides is kept, but not read"
        findings.remark("version", text, "degraded")


def _mode(app: Object, config: Object) -> Mode:
    name = as_text(app.get("mode"))
    if name not in MODES:
        raise InvalidDocument(f"apps of mode {name!r} cannot be imported: only {', '.join(MODES)}")
    agent = as_object(config.get("agent_mode"))
    if name == "chat" and agent.get("enabled") and agent.get("strategy") in ("function_call", "react"):
        return "agent"  # how older files write an agent
    return MODES[name]


def _name(app: Object, findings: Findings) -> str:
    name = as_text(app.get("name")).strip() or "Imported app"
    if len(name) > MAX_NAME:
        findings.remark("name", f"the name has {len(name)} characters: it was cut after {MAX_NAME}", "degraded")
    return name[:MAX_NAME].rstrip()


def _icon(app: Object) -> str:
    icon = as_text(app.get("icon"))
    return icon if app.get("icon_type") in (None, "emoji") and len(icon) <= MAX_ICON else ""


def _dependencies(file: Object) -> list[str]:
    found: list[str] = []
    listed = file.get("dependencies")
    for item in listed if isinstance(listed, list) else []:
        value = as_object(as_object(item).get("value"))
        names: list[JsonValue] = [
            value.get(key)
            for key in (
                "marketplace_plugin_unique_identifier",
                "plugin_unique_identifier",
                "github_plugin_unique_identifier",
            )
        ]
        found += [as_text(name).partition("@")[0] for name in names if as_text(name)]
    return found
