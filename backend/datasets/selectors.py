"""Reads of datasets, documents and chunks; each names its workspace, but for what system tasks ask."""

import uuid
from datetime import timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from backend.common.errors import Invalid, NotFound
from backend.datasets.lease import LEASE_S, UNFINISHED
from backend.datasets.models import Chunk, Dataset, Document, DocumentStatus

COUNT_PREFIX = "documents_"


def dataset_list(workspace_id: uuid.UUID) -> QuerySet[Dataset]:
    """Return the datasets with the number of documents per status (`documents_<status>`) and of chunks."""
    counts = {
        f"{COUNT_PREFIX}{status.value}": Count("documents", filter=Q(documents__status=status.value))
        for status in DocumentStatus
    }
    return Dataset.objects.within(workspace_id).annotate(
        **counts, documents_total=Count("documents"), chunk_count=Coalesce(Sum("documents__chunk_count"), 0)
    )


def dataset_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> Dataset:
    """Return the dataset with its counts; raises `NotFound`."""
    found = dataset_list(workspace_id).filter(id=dataset_id).first()
    if found is None:
        raise NotFound(f"there is no dataset {str(dataset_id)!r} in this workspace")
    return found


def ids_parse(texts: list[str]) -> list[uuid.UUID]:
    """Return those of the texts that are UUIDs."""
    ids = []
    for text in texts:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    return ids


def document_list(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, *, search: str = "", status: str = ""
) -> QuerySet[Document]:
    """Return the documents of a dataset; raises `NotFound`, and `Invalid` for a status that does not exist."""
    dataset_get(workspace_id, dataset_id)
    documents = Document.objects.within(workspace_id).filter(dataset_id=dataset_id)
    if status and status not in DocumentStatus.values:
        raise Invalid(f"status {status!r} does not exist; choose from {', '.join(DocumentStatus.values)}")
    if status:
        documents = documents.filter(status=status)
    # PostgreSQL's text holds no NUL, so nothing is named so.
    return documents.filter(name__icontains=search.replace("\0", "")) if search else documents


def document_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Return the document with its file; raises `NotFound`."""
    documents = Document.objects.within(workspace_id).select_related("file")
    found = documents.filter(dataset_id=dataset_id, id=document_id).first()
    if found is None:
        raise NotFound(f"there is no document {str(document_id)!r} in this dataset")
    return found


def chunk_list(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID) -> QuerySet[Chunk]:
    """Return the chunks of a document in their order, without vectors; raises `NotFound`."""
    document = document_get(workspace_id, dataset_id, document_id)
    return Chunk.objects.within(workspace_id).filter(document=document).defer("embedding").order_by("position")


def documents_stuck() -> QuerySet[Document]:
    """Return unfinished documents, of every workspace, that nobody has worked on or sent for two leases."""
    limit = Now() - timedelta(seconds=2 * LEASE_S)
    return Document.unscoped.filter(UNFINISHED).filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=limit))
