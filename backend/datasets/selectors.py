"""Reads of datasets, documents and chunks; each names its workspace, but for what system tasks ask."""

import uuid
from datetime import timedelta

from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from backend.common.errors import Invalid, NotFound
from backend.datasets.lease import DUE, LEASE_S
from backend.datasets.models import Chunk, Dataset, DatasetTag, Document, DocumentStatus, Passage

COUNT_PREFIX = "documents_"
STATES: dict[str, dict[str, bool]] = {
    "enabled": {"is_enabled": True, "is_archived": False},
    "disabled": {"is_enabled": False},
    "archived": {"is_archived": True},
    "paused": {"is_paused": True},
}


def dataset_list(workspace_id: uuid.UUID, *, search: str = "", tag: str = "") -> QuerySet[Dataset]:
    """Return the datasets with the number of documents per status (`documents_<status>`) and of chunks.

    Raises `Invalid` for a `tag` that is no id of a tag of this workspace.
    """
    counts = {
        f"{COUNT_PREFIX}{status.value}": Count("documents", filter=Q(documents__status=status.value))
        for status in DocumentStatus
    }
    datasets = Dataset.objects.within(workspace_id).prefetch_related("tags", "indexes")
    if tag:
        # In a subquery: a join with tags would count every document once per tag.
        tagged = Dataset.tags.through.objects.filter(datasettag__in=_tags_of(workspace_id, tag))
        datasets = datasets.filter(id__in=tagged.values("dataset_id"))
    if search:
        datasets = datasets.filter(name__icontains=_searchable(search))
    return datasets.annotate(
        **counts, documents_total=Count("documents"), chunk_count=Coalesce(Sum("documents__chunk_count"), 0)
    )


def _tags_of(workspace_id: uuid.UUID, tag: str) -> list[uuid.UUID]:
    tags = list(DatasetTag.objects.within(workspace_id).filter(id__in=ids_parse([tag])).values_list("id", flat=True))
    if not tags:
        raise Invalid(f"there is no tag {tag[:100]!r} in this workspace: choose one of /dataset-tags, by its id")
    return tags


def _searchable(text: str) -> str:
    """Return what may be compared with stored texts: PostgreSQL holds no NUL, so nothing is named so."""
    return text.replace("\0", "")


def dataset_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> Dataset:
    """Return the dataset with its counts; raises `NotFound`."""
    found = dataset_list(workspace_id).filter(id=dataset_id).first()
    if found is None:
        raise NotFound(f"there is no dataset {str(dataset_id)!r} in this workspace")
    return found


def dataset_require(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> None:
    """Raise `NotFound` unless the dataset is there; counts nothing."""
    if not Dataset.objects.within(workspace_id).filter(id=dataset_id).exists():
        raise NotFound(f"there is no dataset {str(dataset_id)!r} in this workspace")


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
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, *, search: str = "", status: str = "", state: str = ""
) -> QuerySet[Document]:
    """Return the documents of a dataset; raises `NotFound`, and `Invalid` for a status or state that does not exist."""
    dataset_require(workspace_id, dataset_id)
    documents = Document.objects.within(workspace_id).filter(dataset_id=dataset_id)
    if status and status not in DocumentStatus.values:
        raise Invalid(f"status {status[:50]!r} does not exist; choose from {', '.join(DocumentStatus.values)}")
    if state and state not in STATES:
        raise Invalid(f"state {state[:50]!r} does not exist; choose from {', '.join(STATES)}")
    if status:
        documents = documents.filter(status=status)
    if state:
        documents = documents.filter(**STATES[state])
    return documents.filter(name__icontains=_searchable(search)) if search else documents


def document_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Return the document with its file and its dataset; raises `NotFound`."""
    documents = Document.objects.within(workspace_id).select_related("file", "dataset")
    found = documents.filter(dataset_id=dataset_id, id=document_id).first()
    if found is None:
        raise NotFound(f"there is no document {str(document_id)!r} in this dataset")
    return found


def chunk_list(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, *, search: str = ""
) -> QuerySet[Chunk]:
    """Return the published chunks of a document in their order, each with its `children`; raises `NotFound`."""
    document = document_get(workspace_id, dataset_id, document_id)
    chunks = Chunk.objects.within(workspace_id).filter(document=document, revision=document.revision)
    if search:
        found = _searchable(search)
        chunks = chunks.filter(Q(text__icontains=found) | Q(answer__icontains=found))
    # A passage without a text of its own is the chunk itself.
    children = Passage.objects.exclude(text="").order_by("position")
    return chunks.prefetch_related(Prefetch("passages", children, to_attr="children")).order_by("position")


def chunk_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Chunk:
    """Return the published chunk with its `children`; raises `NotFound`."""
    found = chunk_list(workspace_id, dataset_id, document_id).filter(id=chunk_id).first()
    if found is None:
        raise NotFound(
            f"there is no chunk {str(chunk_id)!r} in this document: indexing a document again gives its chunks new ids"
        )
    return found


def child_get(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID, child_id: uuid.UUID
) -> Passage:
    """Return the child of a published chunk; raises `NotFound`."""
    for child in chunk_get(workspace_id, dataset_id, document_id, chunk_id).children:
        if child.public_id == child_id:
            return child
    raise NotFound(f"there is no child {str(child_id)!r} in this chunk")


def documents_stuck() -> QuerySet[Document]:
    """Return unfinished documents, of every workspace, that nobody has worked on or sent for two leases."""
    limit = Now() - timedelta(seconds=2 * LEASE_S)
    return Document.unscoped.filter(DUE).filter(Q(lease_expires_at=None) | Q(lease_expires_at__lt=limit))
