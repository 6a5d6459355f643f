"""Making an app of a Dify file: what could not be matched is in the report, and the app can be opened all the same."""

import uuid
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.db import transaction
from pydantic import ValidationError

from agents.dsl.document import document_read
from agents.dsl.importing import NO_CHOICES, Imported, import_app
from agents.dsl.surroundings import Choices
from agents.errors import AgentsError, InvalidDocument
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.draft import fields_of
from backend.apps.drafts import AppDraft, draft_read
from backend.apps.graph_draft import MAX_GRAPH_BYTES, GraphDraft, is_too_large
from backend.apps.importing import file_fetch, workspace_of
from backend.apps.models import App
from backend.apps.services.apps import app_create
from backend.apps.text import storable
from backend.apps.variable_secrets import secrets_split
from backend.common.errors import ApiError, Invalid

MAX_DESCRIPTION = 2000


@dataclass(frozen=True, slots=True)
class Import:
    """What a person asks for: a file, or the address of one, and what stands for the things that it names."""

    content: str = ""
    url: str = ""
    choices: Choices = NO_CHOICES
    dry_run: bool = False


def app_import(*, workspace_id: uuid.UUID, user: User | None, ask: Import) -> tuple[App | None, Imported]:
    """Make the file's app, or only its report on a dry run; raises `ApiError` for what is no app."""
    content = async_to_sync(file_fetch)(ask.url, workspace_id=workspace_id) if ask.url else ask.content
    try:
        imported = import_app(document_read(content), workspace_of(workspace_id), ask.choices)
    except InvalidDocument as error:
        place = {"line": error.line, "column": error.column} if error.line else {}
        field = "url" if ask.url else "content"
        raise ApiError(
            f"{field}: {error}", code=error.code, extra={"fields": {field: [str(error)]}, **place}
        ) from error
    except AgentsError as error:
        raise Invalid(str(error), code=error.code, fields={"mapping": [str(error)]}) from error
    draft, secrets = _draft(imported)
    if ask.dry_run:
        return None, imported
    with transaction.atomic():
        app = app_create(
            workspace_id=workspace_id,
            user=user,
            name=imported.name,
            mode=imported.mode,
            description=imported.description[:MAX_DESCRIPTION],
            icon=imported.icon,
        )
        app.draft, app.draft_secrets, app.import_extras = draft.to_json(), secrets, dict(imported.extras)
        app.save(update_fields=["draft", "draft_secrets", "import_extras", "updated_at"])
        outcomes = [line.outcome for line in imported.report.lines]
        audit_record(
            workspace_id=workspace_id,
            actor=user,
            action="app.imported",
            target=str(app.id),
            detail={outcome: outcomes.count(outcome) for outcome in ("mapped", "degraded", "unsupported")},
        )
    return app, imported


def _draft(imported: Imported) -> tuple[AppDraft, dict[str, str]]:
    """Return the draft in the form that is stored, secrets apart; its shape must be right, it need not run yet."""
    storable(imported.draft)
    storable(imported.extras)
    if is_too_large(imported.draft) or is_too_large(imported.extras):
        raise ApiError(f"the app is larger than {MAX_GRAPH_BYTES >> 20} MB: split it in two", code="too_large")
    try:
        draft = draft_read(imported.mode, imported.draft)
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"the file's app has a wrong value: {path}: {messages[0]}", fields=fields) from error
    if isinstance(draft, GraphDraft):
        return secrets_split(draft, GraphDraft(), {})
    return draft, {}
