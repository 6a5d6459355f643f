"""Addresses of alerts in the console's API."""

from django.urls import path

from backend.alerts import api

urlpatterns = [
    path("alerts", api.AlertsView.as_view(), name="alerts"),
    path("alerts/<uuid:alert_id>", api.AlertView.as_view(), name="alert"),
    path("alerts/<uuid:alert_id>/test", api.AlertTestView.as_view(), name="alert-test"),
    path("alerts/<uuid:alert_id>/events", api.AlertEventsView.as_view(), name="alert-events"),
    path("alert-metrics", api.AlertMetricsView.as_view(), name="alert-metrics"),
]
