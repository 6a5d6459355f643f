"""The file of an app, in Dify's form and without secrets."""

from typing import cast

from agents.dsl.exporting import Exported, export_app, to_yaml
from agents.dsl.importing import Mode
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.models import App
from backend.apps.selectors import app_draft


def app_export(*, app: App, actor: User | None) -> str:
    """Return the app's draft as YAML that Dify and we import."""
    exported = Exported(
        name=app.name,
        mode=cast(Mode, app.mode),
        description=app.description,
        icon=app.icon,
        draft=app_draft(app).to_json(),
        extras=app.import_extras,
    )
    text = to_yaml(export_app(exported))
    audit_record(
        workspace_id=app.workspace_id,
        actor=actor,
        action="app.exported",
        target=str(app.id),
        detail={"name": app.name},
    )
    return text
