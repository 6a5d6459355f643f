"""The addresses of the service API that a dataset key opens, under /v1/."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from backend.common.errors import NotFound
from backend.service_api.answers import Handler, dataset_route, signed_route
from backend.service_api.api.knowledge import (
    children,
    datasets,
    documents,
    downloads,
    metadata,
    pipelines,
    retrieval,
    segments,
    tags,
    uploads,
    workspace,
)
from backend.service_api.callers import Caller

DATASET = "datasets/<str:dataset_id>"
DOCUMENT = f"{DATASET}/documents/<str:document_id>"
SEGMENT = f"{DOCUMENT}/segments/<str:segment_id>"
CHILDREN = f"{SEGMENT}/child_chunks"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def unknown(request: HttpRequest, caller: Caller, rest: str) -> HttpResponse:
    """Answer a path that is not of the contract."""
    raise NotFound(f"there is no {request.method} {request.path}")


def each(methods: tuple[str, ...], handler: Handler) -> dict[str, Handler]:
    """Return the same handler for several methods."""
    return dict.fromkeys(methods, handler)


# Addresses with a fixed word come before those with an id in its place.
urlpatterns: list[URLPattern] = [
    path("datasets", dataset_route(GET=datasets.datasets_list, POST=datasets.dataset_make)),
    path("datasets/download", signed_route(downloads.ticket_holder, GET=downloads.download)),
    path(
        "datasets/tags",
        dataset_route(GET=tags.tags_list, POST=tags.tag_make, PATCH=tags.tag_rename, DELETE=tags.tag_remove),
    ),
    path("datasets/tags/binding", dataset_route(POST=tags.tags_bind)),
    path("datasets/tags/unbinding", dataset_route(POST=tags.tags_unbind)),
    path("datasets/pipeline/file-upload", dataset_route(POST=pipelines.pipeline_file)),
    path(
        DATASET,
        dataset_route(GET=datasets.dataset_read, PATCH=datasets.dataset_change, DELETE=datasets.dataset_remove),
    ),
    path(f"{DATASET}/tags", dataset_route(GET=tags.dataset_tags)),
    *(path(f"{DATASET}/{word}", dataset_route(POST=retrieval.retrieve)) for word in ("retrieve", "hit-testing")),
    path(f"{DATASET}/metadata", dataset_route(GET=metadata.fields_list, POST=metadata.field_make)),
    path(f"{DATASET}/metadata/built-in", dataset_route(GET=metadata.built_in_list)),
    path(f"{DATASET}/metadata/built-in/<str:action>", dataset_route(POST=metadata.built_in_switch)),
    path(
        f"{DATASET}/metadata/<str:metadata_id>",
        dataset_route(PATCH=metadata.field_rename, DELETE=metadata.field_remove),
    ),
    # Older clients write underscores.
    *(
        path(f"{DATASET}/document/{word}", dataset_route(POST=handler))
        for words, handler in (
            (("create-by-text", "create_by_text"), uploads.create_by_text),
            (("create-by-file", "create_by_file"), uploads.create_by_file),
        )
        for word in words
    ),
    path(f"{DATASET}/documents", dataset_route(GET=documents.documents_page)),
    path(f"{DATASET}/documents/metadata", dataset_route(POST=documents.documents_describe)),
    path(f"{DATASET}/documents/download-zip", dataset_route(POST=downloads.download_zip)),
    path(f"{DATASET}/documents/status/<str:action>", dataset_route(PATCH=documents.documents_switch)),
    path(f"{DATASET}/documents/<str:batch>/indexing-status", dataset_route(GET=documents.indexing_status)),
    path(
        DOCUMENT,
        dataset_route(GET=documents.document_read, PATCH=uploads.update_by_file, DELETE=documents.document_remove),
    ),
    *(
        path(f"{DOCUMENT}/{word}", dataset_route(POST=handler))
        for words, handler in (
            (("update-by-text", "update_by_text"), uploads.update_by_text),
            (("update-by-file", "update_by_file"), uploads.update_by_file),
        )
        for word in words
    ),
    path(f"{DOCUMENT}/download", dataset_route(GET=downloads.download_address)),
    path(f"{DOCUMENT}/segments", dataset_route(GET=segments.segments_list, POST=segments.segments_add)),
    path(
        SEGMENT,
        dataset_route(GET=segments.segment_read, POST=segments.segment_change, DELETE=segments.segment_remove),
    ),
    path(CHILDREN, dataset_route(GET=children.children_list, POST=children.child_make)),
    path(
        f"{CHILDREN}/<str:child_chunk_id>",
        dataset_route(PATCH=children.child_change, DELETE=children.child_remove),
    ),
    path(f"{DATASET}/pipeline/datasource-plugins", dataset_route(GET=pipelines.no_pipeline)),
    path(f"{DATASET}/pipeline/datasource/nodes/<str:node_id>/run", dataset_route(POST=pipelines.no_pipeline)),
    path(f"{DATASET}/pipeline/run", dataset_route(POST=pipelines.no_pipeline)),
    path("datasets/<path:rest>", dataset_route(**each(METHODS, unknown))),
    path("workspaces/current/models/model-types/<str:model_type>", dataset_route(GET=workspace.models_of_type)),
]
