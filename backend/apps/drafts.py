"""The drafts of all modes behind one interface: of prompt apps (`draft`) and of graphs (`graph_draft`)."""

from collections.abc import Mapping

from pydantic import JsonValue, RootModel, ValidationError

from agents.errors import InvalidGraph
from backend.apps import draft as prompt_drafts
from backend.apps.draft import Draft, fields_of
from backend.apps.graph_draft import MAX_GRAPH_BYTES, GraphDraft, is_too_large, without_report
from backend.apps.graph_templates import chatflow_default, workflow_default
from backend.apps.models import AppMode
from backend.common.errors import ApiError, Invalid

GRAPH_MODES = frozenset({AppMode.CHATFLOW, AppMode.WORKFLOW})
CONVERSATION_MODES = frozenset({AppMode.CHAT, AppMode.AGENT, AppMode.CHATFLOW})
AppDraft = Draft | GraphDraft


class AnyDraft(RootModel[Draft | GraphDraft]):
    """What the API's description says of a draft: its shape depends on the app's mode."""


def draft_read(mode: str, stored: Mapping[str, JsonValue]) -> AppDraft:
    """Return a draft as it was saved; keys that came later have their defaults."""
    return (GraphDraft if mode in GRAPH_MODES else Draft).model_validate(stored)


def draft_parse(mode: str, data: Mapping[str, object]) -> AppDraft:
    """Return the draft in a request's body; raises `Invalid` with every wrong field."""
    if mode not in GRAPH_MODES:
        return prompt_drafts.draft_parse(data)
    data = without_report(data)
    if is_too_large(data):
        raise ApiError(f"the graph is larger than {MAX_GRAPH_BYTES >> 20} MB: split it in two", code="too_large")
    try:
        draft = GraphDraft.model_validate(data)
        draft.saved()
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error
    except InvalidGraph as error:
        raise graph_refused(error) from error
    return draft


def graph_refused(error: InvalidGraph) -> ApiError:
    """Return the answer for a graph that cannot run, with every error and its node."""
    found = [{"node_id": item.node_id, "message": item.message} for item in error.errors]
    return ApiError(str(error), code=error.code, extra={"errors": found})


def draft_default(mode: str) -> AppDraft:
    """Return the draft of a new application, which can be used at once."""
    match mode:
        case AppMode.WORKFLOW:
            return workflow_default()
        case AppMode.CHATFLOW:
            return chatflow_default()
        case _:
            return prompt_drafts.draft_default(mode)
