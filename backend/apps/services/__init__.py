"""The writes of apps, as other Django apps call them."""

from backend.apps.services.apps import app_create, app_delete, app_key_create, app_key_revoke, app_update
from backend.apps.services.runs import RunAsk, app_run_start
from backend.apps.services.versions import app_publish, draft_put, version_restore

__all__ = [
    "RunAsk",
    "app_create",
    "app_delete",
    "app_key_create",
    "app_key_revoke",
    "app_publish",
    "app_run_start",
    "app_update",
    "draft_put",
    "version_restore",
]
