"""The writes of apps, as other Django apps call them."""

from backend.apps.services.apps import app_create, app_delete, app_key_create, app_key_revoke, app_update
from backend.apps.services.debug_asks import Shortcut, ask_alone, ask_replay, ask_shortened
from backend.apps.services.exports import app_export
from backend.apps.services.imports import Import, app_import
from backend.apps.services.plans import RunAsk, run_plan
from backend.apps.services.runs import app_run_start, run_begin
from backend.apps.services.variants import ask_varied
from backend.apps.services.versions import app_publish, draft_put, version_restore

__all__ = [
    "Import",
    "RunAsk",
    "Shortcut",
    "app_create",
    "app_delete",
    "app_export",
    "app_import",
    "app_key_create",
    "app_key_revoke",
    "app_publish",
    "app_run_start",
    "app_update",
    "ask_alone",
    "ask_replay",
    "ask_shortened",
    "ask_varied",
    "draft_put",
    "run_begin",
    "run_plan",
    "version_restore",
]
