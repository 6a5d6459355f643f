"""The addresses of published pages, under /api/v1/: for the console at their app, for visitors at their code."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from backend.published.api import conversations, entrance, files, passages, runs, site

HERE = "published/<str:code>"
SOURCE = f"{HERE}/runs/<uuid:run_id>/sources/<int:position>"

urlpatterns = [
    path("apps/<uuid:app_id>/site", site.SiteView.as_view(), name="app-site"),
    path("apps/<uuid:app_id>/site/code", site.SiteCodeView.as_view(), name="app-site-code"),
    path("apps/<uuid:app_id>/site/picture", site.SitePictureView.as_view(), name="app-site-picture"),
    path(HERE, entrance.EntranceView.as_view(), name="published"),
    path(f"{HERE}/picture", entrance.PictureView.as_view(), name="published-picture"),
    path(f"{HERE}/visitor", entrance.VisitView.as_view(), name="published-visitor"),
    path(f"{HERE}/runs", runs.RunsView.as_view(), name="published-runs"),
    # `visitor_of` refuses writes of foreign pages itself; a visitor has no session whose CSRF token could be asked for.
    path(f"{HERE}/ask", csrf_exempt(require_POST(runs.run_start)), name="published-ask"),
    path(f"{HERE}/runs/<uuid:run_id>", runs.RunView.as_view(), name="published-run"),
    path(f"{HERE}/runs/<uuid:run_id>/events", require_safe(runs.run_events), name="published-run-events"),
    path(f"{HERE}/runs/<uuid:run_id>/stop", runs.RunStopView.as_view(), name="published-run-stop"),
    path(f"{HERE}/runs/<uuid:run_id>/answer", runs.RunAnswerView.as_view(), name="published-run-answer"),
    path(f"{HERE}/runs/<uuid:run_id>/feedback", runs.RunFeedbackView.as_view(), name="published-run-feedback"),
    path(SOURCE, passages.CitedPlace.as_view(), name="published-run-source"),
    path(f"{SOURCE}/page", passages.CitedPage.as_view(), name="published-run-source-page"),
    path(f"{HERE}/conversations", conversations.ConversationsView.as_view(), name="published-conversations"),
    path(
        f"{HERE}/conversations/<uuid:conversation_id>",
        conversations.ConversationView.as_view(),
        name="published-conversation",
    ),
    path(
        f"{HERE}/conversations/<uuid:conversation_id>/messages",
        conversations.MessagesView.as_view(),
        name="published-messages",
    ),
    path(f"{HERE}/files", files.FilesView.as_view(), name="published-files"),
    path(f"{HERE}/files/<uuid:file_id>", files.FileView.as_view(), name="published-file"),
]
