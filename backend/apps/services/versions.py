"""Saving drafts, publishing them, and going back to what was published."""

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from pydantic import ValidationError

from agents.errors import AgentsError
from agents.tools.catalogue import configured_tool
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.draft import Draft, fields_of
from backend.apps.drafts import AppDraft, draft_parse
from backend.apps.graph_check import graph_check
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import App, AppMode, AppVersion
from backend.apps.output_schema import schema_check
from backend.apps.ports import PUBLISH_GATE, GateVerdict
from backend.apps.selectors import app_draft, draft_etag, version_draft, version_get, versions_of
from backend.apps.text import storable
from backend.apps.variable_secrets import secrets_split
from backend.common.errors import Conflict, Invalid
from backend.datasets.models import Dataset
from backend.providers.selectors import ModelRecord, model_get


class DraftChanged(Conflict):
    """Somebody saved the draft after the caller had read it."""

    code = "draft_changed"


class GateClosed(Conflict):
    """The app demands more of its draft than it can show; an owner may publish it all the same, with a reason."""

    code = "gate_closed"

    def __init__(self, verdict: GateVerdict) -> None:
        extra = {"state": verdict.state, "experiment_id": verdict.experiment_id and str(verdict.experiment_id)}
        super().__init__(f"the gate of the app is closed: {verdict.reason}", extra=extra)


def draft_put(*, app: App, data: Mapping[str, object], check: bool = True, if_match: str = "") -> AppDraft:
    """Replace the app's draft; raises `ApiError` and changes nothing when it could not run.

    Without `check`, a graph that is not finished is kept; its shape is checked all the same. With `if_match`, the
    caller edited the draft of that ETag: `DraftChanged` is raised when it is another one by now.
    """
    draft = draft_parse(app.mode, storable(data))
    with transaction.atomic():
        app.refresh_from_db(from_queryset=App.objects.within(app.workspace_id).select_for_update(of=("self",)))
        if if_match not in ("", "*") and draft_etag(app) not in _etags(if_match):
            saved_at = (app.draft_updated_at or app.created_at).isoformat()
            message = "the draft was saved by somebody else since you read it: read it again, or save without If-Match"
            raise DraftChanged(message, extra={"saved_at": saved_at})
        secrets: dict[str, str] = {}
        if isinstance(draft, GraphDraft):
            before = app_draft(app)
            assert isinstance(before, GraphDraft), "the mode of an app never changes"
            draft, secrets = secrets_split(draft, before, app.draft_secrets)
        if check or not isinstance(draft, GraphDraft):
            draft_check(app.workspace_id, AppMode(app.mode), draft)
        _draft_save(app, draft, secrets)
    return draft


def _etags(header: str) -> set[str]:
    """A proxy that compresses answers marks their tags as weak; they name the same draft."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _draft_save(app: App, draft: AppDraft, secrets: Mapping[str, str]) -> None:
    app.draft, app.draft_secrets = draft.to_json(), dict(secrets)
    app.draft_updated_at = timezone.now()
    app.save(update_fields=["draft", "draft_secrets", "draft_updated_at", "updated_at"])


def draft_check(workspace_id: uuid.UUID, mode: AppMode, draft: AppDraft) -> None:
    """Raise unless the draft could run, and everything that it names exists in the workspace."""
    if isinstance(draft, GraphDraft):
        graph_check(workspace_id, draft)
        return
    model = _chat_model(workspace_id, draft.model.id, "model.id")
    if draft.model.fallback:
        _chat_model(workspace_id, draft.model.fallback, "model.fallback")
    _check_datasets(workspace_id, draft)
    if draft.output_schema is not None:
        if mode == AppMode.AGENT:
            message = "an agent answers in its own words: make a chat or completion app, or set output_schema to null"
            raise Invalid(f"output_schema: {message}", fields={"output_schema": [message]})
        schema_check(draft.output_schema, embedded=model.embedded, field="output_schema")
    for index, tool in enumerate(draft.tools):
        field = f"tools.{index}"
        if mode != AppMode.AGENT:
            message = f"an app of mode {mode.value!r} calls no tools: make an agent, or leave tools empty"
            raise Invalid(f"{field}: {message}", fields={field: [message]})
        try:
            configured_tool(tool.name, tool.config)
        except AgentsError as error:
            raise Invalid(f"{field}: {error}", code="tool_not_found", fields={f"{field}.name": [str(error)]}) from error
        except ValidationError as error:
            fields = {f"{field}.config.{path}": messages for path, messages in fields_of(error).items()}
            path, messages = next(iter(fields.items()))
            raise Invalid(f"{path}: {messages[0]}", fields=fields) from error


def _chat_model(workspace_id: uuid.UUID, model_id: str, field: str) -> ModelRecord:
    try:
        return model_get(workspace_id, model_id, kind="chat")
    except Invalid as error:
        raise Invalid(error.message, code=error.code, fields={field: [error.message]}) from error


def _check_datasets(workspace_id: uuid.UUID, draft: Draft) -> None:
    wanted: dict[str, uuid.UUID | None] = {}
    for text in draft.datasets:
        try:
            wanted[text] = uuid.UUID(text)
        except ValueError:
            wanted[text] = None
    ids = [value for value in wanted.values() if value]
    known = set(Dataset.objects.within(workspace_id).filter(id__in=ids).values_list("id", flat=True))
    for index, text in enumerate(draft.datasets):
        if wanted[text] not in known:
            message = f"there is no dataset {text[:100]!r} in this workspace: see GET /api/v1/datasets"
            raise Invalid(message, code="dataset_not_found", fields={f"datasets.{index}": [message]})


def app_publish(*, app: App, actor: User | None, note: str = "", override: str = "") -> tuple[AppVersion, bool]:
    """Publish the draft; returns the version and whether it is new. An unchanged draft is the version that is there.

    Raises `GateClosed` when the app's gate says no, unless `override` gives the reason of an owner, which is logged.
    """
    with transaction.atomic():
        app = App.objects.within(app.workspace_id).select_for_update(of=("self",)).get(id=app.id)
        draft = app_draft(app)
        draft_check(app.workspace_id, AppMode(app.mode), draft)
        current = versions_of(app).filter(id=app.published_version_id).first()
        if current is not None and (version_draft(current), current.secrets) == (draft, app.draft_secrets):
            return current, False
        verdict = PUBLISH_GATE.get()(app)
        if verdict and not override.strip():
            raise GateClosed(verdict)
        newest = versions_of(app).aggregate(number=Max("number"))["number"] or 0
        version = AppVersion.objects.create(
            workspace_id=app.workspace_id,
            app=app,
            number=newest + 1,
            config=draft.to_json(),
            secrets=app.draft_secrets,
            note=note,
            created_by=actor,
        )
        app.published_version = version
        app.save(update_fields=["published_version", "updated_at"])
        audit_record(
            workspace_id=app.workspace_id,
            actor=actor,
            action="app.published",
            target=str(app.id),
            detail={"version": version.number},
        )
        if verdict:
            _override_record(app, actor, version, verdict, override.strip())
    return version, True


def _override_record(app: App, actor: User | None, version: AppVersion, verdict: GateVerdict, reason: str) -> None:
    audit_record(
        workspace_id=app.workspace_id,
        actor=actor,
        action="app.gate_overridden",
        target=str(app.id),
        detail={
            "version": version.number,
            "reason": reason,
            "gate": verdict.reason,
            "experiment_id": verdict.experiment_id,
        },
    )


@transaction.atomic
def version_restore(*, app: App, number: int, actor: User | None) -> AppDraft:
    """Make a version's content the draft again; nothing is published by that."""
    version = version_get(app, number)
    draft = version_draft(version)
    _draft_save(app, draft, version.secrets)
    audit_record(
        workspace_id=app.workspace_id,
        actor=actor,
        action="app.version_restored",
        target=str(app.id),
        detail={"version": number},
    )
    return draft
