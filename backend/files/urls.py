"""The addresses of files, under /api/v1/."""

from django.urls import path

from backend.files import api

urlpatterns = [
    path("files", api.FilesView.as_view(), name="files"),
    path("files/<uuid:file_id>", api.FileView.as_view(), name="file"),
]
