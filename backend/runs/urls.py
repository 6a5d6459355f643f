"""The console's addresses of runs."""

from django.urls import path
from django.views.decorators.http import require_safe

from backend.runs import api

urlpatterns = [
    path("runs", api.RunListView.as_view(), name="runs"),
    path("runs/count", api.RunCountView.as_view(), name="run-count"),
    path("runs/<uuid:run_id>", api.RunView.as_view(), name="run"),
    path("runs/<uuid:run_id>/events", require_safe(api.run_events), name="run-events"),
    path("runs/<uuid:run_id>/cancel", api.RunCancelView.as_view(), name="run-cancel"),
    path("runs/<uuid:run_id>/answer", api.RunAnswerView.as_view(), name="run-answer"),
    path("runs/<uuid:run_id>/values/<uuid:value_id>", api.RunValueView.as_view(), name="run-value"),
]
