"""Addresses of limits and use in the console's API."""

from django.urls import path

from backend.limits import api

urlpatterns = [
    path("limits", api.LimitsView.as_view(), name="limits"),
    path("limits/<uuid:limit_id>", api.LimitView.as_view(), name="limit"),
    path("usage", api.UsageView.as_view(), name="usage"),
]
