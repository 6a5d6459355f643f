"""The addresses of templates, under /api/v1/."""

from django.urls import path

from backend.templates import api

urlpatterns = [
    path("templates", api.TemplatesView.as_view(), name="templates"),
    path("templates/<str:template_id>/apps", api.TemplateAppsView.as_view(), name="template-apps"),
]
