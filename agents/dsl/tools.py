"""Tools: which of ours does the work of one that a file names."""

from dataclasses import dataclass

from pydantic import ValidationError

from agents.dsl.models import OURS
from agents.dsl.report import Findings, Outcome
from agents.dsl.surroundings import Choices, Workspace
from agents.dsl.values import Object
from agents.tools.catalogue import TOOLS
from agents.tools.dify_names import DifyTool, dify_tool
from agents.tools.spec import credentials_of


@dataclass(frozen=True, slots=True)
class Match:
    """One of our tools that stands for another; `reason` says what is different where something is.

    `dify` translates the file's own words for its parameters.
    """

    name: str
    outcome: Outcome = "mapped"
    reason: str = ""
    dify: DifyTool | None = None

    def config(self, given: Object) -> Object:
        """Return the settings of ours among Dify's values; what our tool does not take is left out."""
        values = self.dify.arguments(given) if self.dify else dict(given)
        fields = TOOLS[self.name].config_type.model_fields
        found: Object = {}
        for name, value in values.items():
            if name in fields and value not in (None, "") and _is_taken(self.name, {name: value}):
                found[name] = value
        return found


def _is_taken(name: str, config: Object) -> bool:
    try:
        TOOLS[name].config_type.model_validate(config)
    except ValidationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class NamedTool:
    """A tool as a file names it."""

    provider: str
    name: str
    title: str = ""
    kind: str = "builtin"

    @property
    def id(self) -> str:
        """The id of its line in the report."""
        return f"{self.provider}/{self.name}" if self.provider else self.name


class ToolTable:
    """Finds one of our tools for each one that a file names, and keeps the report's lines on them."""

    def __init__(self, workspace: Workspace, choices: Choices, findings: Findings) -> None:
        self._workspace = workspace
        self._choices = choices
        self._findings = findings
        self._found: dict[str, Match | None] = {}

    def resolve(self, named: NamedTool) -> Match | None:
        """Return the tool that stands for the named one; None where there is none."""
        if named.id not in self._found:
            self._findings.add("tool", named.id, named.title or named.name)
            match, reason = self._match(named)
            outcome: Outcome = match.outcome if match else "unsupported"
            self._findings.note("tool", named.id, reason, outcome, match.name if match else "")
            self._found[named.id] = match
        return self._found[named.id]

    def app(self, named: NamedTool) -> str:
        """Return the app of the workspace that stands for a workflow used as a tool; empty where there is none."""
        target = self._choices.apps.get(named.provider) or self._choices.apps.get(named.id) or ""
        if not target and named.provider in self._workspace.apps:
            target = named.provider
        if not self._findings.has("tool", named.id):
            self._findings.add("tool", named.id, named.title or named.name)
            if target:
                reason = "" if target == named.provider else "as chosen"
                self._findings.note("tool", named.id, reason, "mapped", target)
            else:
                reason = "it is another app of the workspace it came from: import that one too and choose it under apps"
                self._findings.note("tool", named.id, reason, "unsupported", self._same_name(named))
        return target

    def _same_name(self, named: NamedTool) -> str:
        names = {named.name.lower(), named.title.lower()} - {""}
        return next((app_id for app_id, name in self._workspace.apps.items() if name.lower() in names), "")

    def _match(self, named: NamedTool) -> tuple[Match | None, str]:
        last = named.provider.rpartition("/")[2]
        for key in (named.id, f"{last}/{named.name}", named.name):
            if key in self._choices.tools:
                return Match(self._choices.tools[key]), "as chosen"
        if named.provider in ("", OURS, named.name) and named.name in TOOLS:
            return Match(named.name), _needs(named.name)
        known = dify_tool(named.provider, named.name)
        if known is not None and known.name in TOOLS:
            match = Match(known.name, "degraded" if known.note else "mapped", known.note, known)
            return match, "; ".join(part for part in (known.note, _needs(known.name)) if part)
        if named.kind == "mcp":
            return None, "tools of MCP servers are not imported"
        if named.kind == "api":
            return None, "tools made of an OpenAPI description are not imported: call it with an http-request node"
        return None, "there is no tool like it here: choose another one, or call its service with an http-request node"


def _needs(name: str) -> str:
    """Say what an administrator must enter before the tool works."""
    required = [item.title for item in credentials_of(TOOLS[name]) if item.is_required and not item.default]
    return f"an administrator enters {' and '.join(required)} under Tools" if required else ""
