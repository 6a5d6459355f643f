"""Secret environment variables: taken out of a draft before it is stored, shown as a mask, in clear only to a run."""

from collections.abc import Mapping

from agents.types import JsonValue
from agents.workflow.secrets import MASK
from backend.apps.graph_draft import HIDDEN_TYPE, EnvironmentVariable, GraphDraft
from backend.common.secrets import decrypt, encrypt

Stored = Mapping[str, str]
"""Encrypted values by the names of their variables."""


def secrets_split(draft: GraphDraft, before: GraphDraft, stored: Stored) -> tuple[GraphDraft, dict[str, str]]:
    """Return the draft without secrets, and what is to be stored of them.

    A client that sends the mask or null keeps what `before` had under the variable's id or name.
    """
    kept: dict[str, str] = {}
    for item in draft.environment_variables:
        if item.value_type != HIDDEN_TYPE:
            continue
        if item.value not in (None, MASK):
            found = encrypt(str(item.value))
        else:
            found = stored.get(_name_before(item, before), "")
        if found:
            kept[item.name] = found
    return _with_values(draft, {}), kept


def secrets_shown(draft: GraphDraft, stored: Stored) -> GraphDraft:
    """Return the draft as people see it: a mask stands for each secret that is stored."""
    return _with_values(draft, dict.fromkeys(stored, MASK))


def environment_values(draft: GraphDraft, stored: Stored) -> dict[str, JsonValue]:
    """Return the environment of a run, by name, secrets in clear; raises `UndecryptableSecret`."""
    return {
        item.name: decrypt(stored.get(item.name, "")) if item.value_type == HIDDEN_TYPE else item.value
        for item in draft.environment_variables
    }


def _name_before(item: EnvironmentVariable, before: GraphDraft) -> str:
    """Return the name under which the variable's secret was stored: it may have been renamed."""
    for other in before.environment_variables:
        if item.id and other.id == item.id:
            return other.name
    return item.name


def _with_values(draft: GraphDraft, secrets: Mapping[str, str]) -> GraphDraft:
    variables = [
        item.model_copy(update={"value": secrets.get(item.name, "")}) if item.value_type == HIDDEN_TYPE else item
        for item in draft.environment_variables
    ]
    return draft.model_copy(update={"environment_variables": variables})
