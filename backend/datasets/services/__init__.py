"""The writes of knowledge, as APIs and other Django apps call them."""

from backend.datasets.services.chunks import (
    child_add,
    child_delete,
    child_update,
    chunk_add,
    chunk_delete,
    chunk_update,
)
from backend.datasets.services.datasets import (
    Deleted,
    dataset_create,
    dataset_delete,
    dataset_reindex,
    dataset_update,
)
from backend.datasets.services.documents import (
    document_delete,
    document_replace,
    document_update,
    document_upload,
    documents_remove,
)
from backend.datasets.services.jobs import (
    Acted,
    Skipped,
    document_cancel,
    document_pause,
    document_reindex,
    document_resume,
    document_retry,
    documents_act,
)
from backend.datasets.services.preview import Preview, dataset_preview
from backend.datasets.services.reembedding import dataset_reembed, dataset_reembed_cancel
from backend.datasets.services.sources import FromUrl, Refused, documents_from_url

__all__ = [
    "Acted",
    "Deleted",
    "FromUrl",
    "Preview",
    "Refused",
    "Skipped",
    "child_add",
    "child_delete",
    "child_update",
    "chunk_add",
    "chunk_delete",
    "chunk_update",
    "dataset_create",
    "dataset_delete",
    "dataset_preview",
    "dataset_reembed",
    "dataset_reembed_cancel",
    "dataset_reindex",
    "dataset_update",
    "document_cancel",
    "document_delete",
    "document_pause",
    "document_reindex",
    "document_replace",
    "document_resume",
    "document_retry",
    "document_update",
    "document_upload",
    "documents_act",
    "documents_from_url",
    "documents_remove",
]
