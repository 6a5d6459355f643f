"""The reads of tools: the rules of egress, and the credentials of services."""

import json
import uuid

from agents.egress import EgressRules
from agents.tools.catalogue import TOOLS
from agents.tools.spec import ToolType, runs_code
from backend.common.errors import NotFound
from backend.common.sandbox import code_runner
from backend.common.secrets import decrypt
from backend.tools.models import EgressPolicy, ToolCredential


def egress_policy(workspace_id: uuid.UUID | str) -> EgressPolicy:
    """Return what was set for the workspace; an unsaved policy that lists nothing when nothing was."""
    found = EgressPolicy.objects.within(workspace_id).first()
    return found or EgressPolicy(workspace_id=workspace_id)


def egress_rules(workspace_id: uuid.UUID | str) -> EgressRules:
    """Return the rules of the workspace."""
    policy = egress_policy(workspace_id)
    return EgressRules.read(policy.allow, policy.deny, only_listed=policy.only_listed)


def tool_type(name: str) -> type[ToolType]:
    """Return the tool of this name; raises `NotFound`."""
    if name not in TOOLS:
        raise NotFound(f"there is no tool {name[:100]!r}; there are {', '.join(TOOLS)}")
    return TOOLS[name]


def reason_off(tool: str) -> str:
    """Return why this machine cannot run the tool; empty when it can. The first question tests the sandbox."""
    return code_runner().reason_off if runs_code(TOOLS[tool]) else ""


def stored_names(workspace_id: uuid.UUID | str) -> dict[str, list[str]]:
    """Return by tool the names of what was entered for it."""
    return dict(ToolCredential.objects.within(workspace_id).values_list("tool", "names"))


def credential_values(workspace_id: uuid.UUID | str, tool: str) -> dict[str, str]:
    """Return what was entered for a tool, in clear; raises `UndecryptableSecret`. For the tool itself alone."""
    row = ToolCredential.objects.within(workspace_id).filter(tool=tool).first()
    return json.loads(decrypt(row.values_cipher)) if row else {}
