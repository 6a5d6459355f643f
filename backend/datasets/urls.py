"""Addresses of knowledge under `/api/v1/`."""

from django.urls import path

from backend.datasets.api import (
    chunks,
    datasets,
    documents,
    evaluations,
    jobs,
    metadata,
    pages,
    previews,
    searches,
    tags,
    test_sets,
)

DATASET = "datasets/<uuid:dataset_id>"
DOCUMENT = f"{DATASET}/documents/<uuid:document_id>"
CHUNK = f"{DOCUMENT}/chunks/<uuid:chunk_id>"
TEST_SET = f"{DATASET}/test-sets/<uuid:test_set_id>"

urlpatterns = [
    path("dataset-tags", tags.TagList.as_view()),
    path("dataset-tags/<uuid:tag_id>", tags.TagDetail.as_view()),
    path("datasets", datasets.DatasetList.as_view()),
    path(DATASET, datasets.DatasetDetail.as_view()),
    path(f"{DATASET}/reindex", datasets.DatasetReindex.as_view()),
    path(f"{DATASET}/reembed", datasets.DatasetReembed.as_view()),
    path(f"{DATASET}/preview", previews.DatasetPreview.as_view()),
    path(f"{DATASET}/retrieve", searches.Retrieve.as_view()),
    path(f"{DATASET}/metadata-fields", metadata.MetadataFieldList.as_view()),
    path(f"{DATASET}/metadata-fields/<uuid:field_id>", metadata.MetadataFieldDetail.as_view()),
    path(f"{DATASET}/documents", documents.DocumentList.as_view()),
    path(f"{DATASET}/documents/actions", jobs.DocumentActions.as_view()),
    path(f"{DATASET}/documents/from-url", documents.DocumentsFromUrl.as_view()),
    path(DOCUMENT, documents.DocumentDetail.as_view()),
    path(f"{DOCUMENT}/pause", jobs.DocumentPause.as_view()),
    path(f"{DOCUMENT}/resume", jobs.DocumentResume.as_view()),
    path(f"{DOCUMENT}/cancel", jobs.DocumentCancel.as_view()),
    path(f"{DOCUMENT}/retry", jobs.DocumentRetry.as_view()),
    path(f"{DOCUMENT}/reindex", jobs.DocumentReindex.as_view()),
    path(f"{DOCUMENT}/file", documents.DocumentFile.as_view()),
    path(f"{DOCUMENT}/pages/<int:number>", pages.DocumentPage.as_view()),
    path(f"{DOCUMENT}/chunks", chunks.ChunkList.as_view()),
    path(CHUNK, chunks.ChunkDetail.as_view()),
    path(f"{CHUNK}/place", pages.ChunkPlace.as_view()),
    path(f"{CHUNK}/children", chunks.ChildList.as_view()),
    path(f"{CHUNK}/children/<uuid:child_id>", chunks.ChildDetail.as_view()),
    path(f"{DATASET}/test-sets", test_sets.TestSetList.as_view()),
    path(TEST_SET, test_sets.TestSetDetail.as_view()),
    path(f"{TEST_SET}/cases", test_sets.TestCaseList.as_view()),
    path(f"{TEST_SET}/cases/<uuid:case_id>", test_sets.TestCaseDetail.as_view()),
    path(f"{TEST_SET}/generate", test_sets.TestSetGenerate.as_view()),
    path(f"{TEST_SET}/evaluations", evaluations.EvaluationList.as_view()),
    path(f"{TEST_SET}/evaluations/<uuid:evaluation_id>", evaluations.EvaluationDetail.as_view()),
]
