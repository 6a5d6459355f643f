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
from backend.apps.draft import Draft, draft_parse, fields_of
from backend.apps.models import App, AppMode, AppVersion
from backend.apps.output_schema import schema_check
from backend.apps.selectors import app_draft, version_draft, version_get, versions_of
from backend.apps.text import storable
from backend.common.errors import Invalid
from backend.datasets.models import Dataset
from backend.providers.selectors import model_get


def draft_put(*, app: App, data: Mapping[str, object]) -> Draft:
    """Replace the app's draft; raises `Invalid` and changes nothing when it could not run."""
    draft = draft_parse(storable(data))
    draft_check(app.workspace_id, AppMode(app.mode), draft)
    _draft_save(app, draft)
    return draft


def _draft_save(app: App, draft: Draft) -> None:
    app.draft = draft.to_json()
    app.draft_updated_at = timezone.now()
    app.save(update_fields=["draft", "draft_updated_at", "updated_at"])


def draft_check(workspace_id: uuid.UUID, mode: AppMode, draft: Draft) -> None:
    """Raise unless everything that the draft names exists in the workspace."""
    try:
        model = model_get(workspace_id, draft.model.id, kind="chat")
    except Invalid as error:
        raise Invalid(error.message, code=error.code, fields={"model.id": [error.message]}) from error
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
            raise Invalid(f"{field}: its config is not right", fields=fields) from error


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


def app_publish(*, app: App, actor: User | None, note: str = "") -> tuple[AppVersion, bool]:
    """Publish the draft; returns the version and whether it is new. An unchanged draft is the version that is there."""
    with transaction.atomic():
        app = App.objects.within(app.workspace_id).select_for_update(of=("self",)).get(id=app.id)
        draft = app_draft(app)
        draft_check(app.workspace_id, AppMode(app.mode), draft)
        current = versions_of(app).filter(id=app.published_version_id).first()
        if current is not None and version_draft(current) == draft:
            return current, False
        newest = versions_of(app).aggregate(number=Max("number"))["number"] or 0
        version = AppVersion.objects.create(
            workspace_id=app.workspace_id,
            app=app,
            number=newest + 1,
            config=draft.to_json(),
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
    return version, True


@transaction.atomic
def version_restore(*, app: App, number: int, actor: User | None) -> Draft:
    """Make a version's content the draft again; nothing is published by that."""
    draft = version_draft(version_get(app, number))
    _draft_save(app, draft)
    audit_record(
        workspace_id=app.workspace_id,
        actor=actor,
        action="app.version_restored",
        target=str(app.id),
        detail={"version": number},
    )
    return draft
