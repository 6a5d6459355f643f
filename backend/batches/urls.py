"""The addresses of tables of inputs, under /api/v1/."""

from django.urls import path

from backend.batches import api

ONE = "apps/<uuid:app_id>/batches/<uuid:batch_id>"

urlpatterns = [
    path("batches", api.WorkspaceBatchesView.as_view(), name="workspace-batches"),
    path("apps/<uuid:app_id>/batches", api.BatchesView.as_view(), name="batches"),
    path("apps/<uuid:app_id>/batches/template", api.BatchTemplateView.as_view(), name="batch-template"),
    path(ONE, api.BatchView.as_view(), name="batch"),
    path(f"{ONE}/start", api.BatchStartView.as_view(), name="batch-start"),
    path(f"{ONE}/pause", api.BatchPauseView.as_view(), name="batch-pause"),
    path(f"{ONE}/resume", api.BatchResumeView.as_view(), name="batch-resume"),
    path(f"{ONE}/cancel", api.BatchCancelView.as_view(), name="batch-cancel"),
    path(f"{ONE}/retry", api.BatchRetryView.as_view(), name="batch-retry"),
    path(f"{ONE}/rows", api.BatchRowsView.as_view(), name="batch-rows"),
    path(f"{ONE}/results", api.BatchResultsView.as_view(), name="batch-results"),
]
