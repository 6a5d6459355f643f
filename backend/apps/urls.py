"""The addresses of apps, under /api/v1/."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backend.apps.api import apps, conversations, debugging, imports, keys, overview, runs, versions

urlpatterns = [
    path("overview", overview.OverviewView.as_view(), name="overview"),
    path("apps", apps.AppsView.as_view(), name="apps"),
    path("apps/import", imports.ImportView.as_view(), name="app-import"),
    path("apps/<uuid:app_id>/export", imports.ExportView.as_view(), name="app-export"),
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
    path(
        "apps/<uuid:app_id>/draft/nodes/<str:node_id>/run",
        csrf_exempt(require_POST(debugging.node_run)),
        name="app-node-run",
    ),
    path(
        "apps/<uuid:app_id>/draft/nodes/<str:node_id>/last-run",
        debugging.NodeLastRunView.as_view(),
        name="app-node-last-run",
    ),
    path("runs/<uuid:run_id>/replay", csrf_exempt(require_POST(debugging.run_replay)), name="run-replay"),
    path(
        "apps/<uuid:app_id>/example-suggestions",
        apps.ExampleSuggestionsView.as_view(),
        name="app-example-suggestions",
    ),
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
