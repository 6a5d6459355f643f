"""Addresses of tools, node types and egress under `/api/v1/`."""

from django.urls import path

from backend.tools import api

urlpatterns = [
    path("tools", api.ToolList.as_view()),
    path("tools/<str:tool_name>/credentials", api.ToolCredentialsView.as_view()),
    path("tools/<str:tool_name>/try", api.ToolTryView.as_view()),
    path("egress", api.EgressView.as_view()),
    path("egress/check", api.EgressCheckView.as_view()),
    path("node-types", api.NodeTypeList.as_view()),
]
