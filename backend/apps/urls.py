"""The addresses of apps, under /api/v1/."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backend.apps.api import apps, conversations, keys, runs, versions

urlpatterns = [
    path("apps", apps.AppsView.as_view(), name="apps"),
    path("apps/<uuid:app_id>", apps.AppView.as_view(), name="app"),
    path("apps/<uuid:app_id>/draft", versions.DraftView.as_view(), name="app-draft"),
    path("apps/<uuid:app_id>/publish", versions.PublishView.as_view(), name="app-publish"),
    path("apps/<uuid:app_id>/versions", versions.VersionsView.as_view(), name="app-versions"),
    path("apps/<uuid:app_id>/versions/<int:number>", versions.VersionView.as_view(), name="app-version"),
    path("apps/<uuid:app_id>/versions/<int:number>/restore", versions.RestoreView.as_view(), name="app-restore"),
    path("apps/<uuid:app_id>/keys", keys.AppKeysView.as_view(), name="app-keys"),
    path("apps/<uuid:app_id>/keys/<uuid:key_id>", keys.AppKeyView.as_view(), name="app-key"),
    # `console_caller` checks the CSRF token of a cookie's request itself, as it does for every console view.
    path("apps/<uuid:app_id>/runs", csrf_exempt(require_POST(runs.app_run)), name="app-runs"),
    path("apps/<uuid:app_id>/statistics", apps.StatisticsView.as_view(), name="app-statistics"),
    path("apps/<uuid:app_id>/conversations", conversations.ConversationsView.as_view(), name="app-conversations"),
    path(
        "apps/<uuid:app_id>/conversations/<uuid:conversation_id>",
        conversations.ConversationView.as_view(),
        name="app-conversation",
    ),
    path(
        "apps/<uuid:app_id>/conversations/<uuid:conversation_id>/messages",
        conversations.MessagesView.as_view(),
        name="app-conversation-messages",
    ),
]
