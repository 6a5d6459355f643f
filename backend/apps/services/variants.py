"""A run of something else than the draft as it stands: of a published version, or with parts of either replaced."""

from collections.abc import Mapping
from dataclasses import replace

from agents.types import JsonValue
from backend.apps.draft import draft_parse
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import AppMode
from backend.apps.selectors import version_draft, version_get
from backend.apps.services.plans import RunAsk
from backend.apps.services.versions import draft_check
from backend.common.errors import Invalid


def ask_varied(ask: RunAsk, version: int | None, overrides: Mapping[str, JsonValue]) -> RunAsk:
    """Return the ask to run `version`, with each key of `overrides` in place of the draft's; nothing is stored.

    Raises `NotFound` for a version that is not there, and `ApiError` as for saving a draft, fields below `overrides`.
    A version that is changed is no version any more: its run is listed as one of the draft. Whoever changes one wants
    to see what the model makes of it: annotations do not answer.
    """
    if version is not None:
        ask = replace(ask, draft=version_draft(version_get(ask.app, version)), version=version)
    if not overrides:
        return ask
    if isinstance(ask.draft, GraphDraft):
        message = "a graph is changed in its draft: save it there and leave overrides out"
        raise Invalid(f"overrides: {message}", fields={"overrides": [message]})
    try:
        draft = draft_parse({**ask.draft.to_json(), **overrides})
        draft_check(ask.app.workspace_id, AppMode(ask.app.mode), draft)
    except Invalid as error:
        fields: object = error.extra.get("fields")
        if isinstance(fields, dict):
            error.extra["fields"] = {f"overrides.{path}": messages for path, messages in fields.items()}
        raise
    return replace(ask, draft=draft, version=None, asks_model=True)
