"""Addresses of annotations in the console's API."""

from django.urls import path

from backend.annotations import api

ALL = "apps/<uuid:app_id>/annotations"
ONE = f"{ALL}/<uuid:annotation_id>"

urlpatterns = [
    path(ALL, api.AnnotationsView.as_view(), name="annotations"),
    path(f"{ALL}/settings", api.AnnotationSettingsView.as_view(), name="annotations-settings"),
    path(f"{ALL}/try", api.AnnotationTryView.as_view(), name="annotations-try"),
    path(f"{ALL}/delete", api.AnnotationsDeleteView.as_view(), name="annotations-delete"),
    path(f"{ALL}/restore", api.AnnotationsRestoreView.as_view(), name="annotations-restore"),
    path(f"{ALL}/import", api.AnnotationsImportView.as_view(), name="annotations-import"),
    path(f"{ALL}/export", api.AnnotationsExportView.as_view(), name="annotations-export"),
    path(ONE, api.AnnotationView.as_view(), name="annotation"),
    path(f"{ONE}/hits", api.AnnotationHitsView.as_view(), name="annotation-hits"),
]
