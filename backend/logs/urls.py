"""The addresses of logs, under /api/v1/."""

from django.urls import path

from backend.logs.api import RunFeedbackView

urlpatterns = [path("runs/<uuid:run_id>/feedback", RunFeedbackView.as_view(), name="run-feedback")]
