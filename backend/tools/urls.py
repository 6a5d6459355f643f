"""Addresses of tools and node types under `/api/v1/`."""

from django.urls import path

from backend.tools import api

urlpatterns = [
    path("tools", api.ToolList.as_view()),
    path("node-types", api.NodeTypeList.as_view()),
]
