"""Addresses of knowledge under `/api/v1/`."""

from django.urls import path

from backend.datasets.api import datasets, documents

DATASET = "datasets/<uuid:dataset_id>"
DOCUMENT = f"{DATASET}/documents/<uuid:document_id>"

urlpatterns = [
    path("datasets", datasets.DatasetList.as_view()),
    path(DATASET, datasets.DatasetDetail.as_view()),
    path(f"{DATASET}/retrieve", datasets.Retrieve.as_view()),
    path(f"{DATASET}/documents", documents.DocumentList.as_view()),
    path(DOCUMENT, documents.DocumentDetail.as_view()),
    path(f"{DOCUMENT}/retry", documents.DocumentRetry.as_view()),
    path(f"{DOCUMENT}/file", documents.DocumentFile.as_view()),
    path(f"{DOCUMENT}/chunks", documents.ChunkList.as_view()),
]
