"""Addresses of analytics in the console's API."""

from django.urls import path

from backend.analytics import api

urlpatterns = [
    path("analytics/totals", api.TotalsView.as_view(), name="analytics-totals"),
    path("analytics/series", api.SeriesView.as_view(), name="analytics-series"),
    path("analytics/breakdown", api.BreakdownView.as_view(), name="analytics-breakdown"),
    path("analytics/export", api.ExportView.as_view(), name="analytics-export"),
]
