"""What a job has made of a document so far, out of every search's sight: the revision after the published one."""

import uuid

from backend.common.errors import NotFound
from backend.datasets.adapters import chunk_store, document_ref
from backend.datasets.models import Chunk, Document, VectorIndex

STILL_SEARCHED = "what was indexed before stays searchable"


def staged_drop(document: Document) -> int:
    """Remove the chunks of revisions that are not searched, and return how many there were."""
    staged = Chunk.unscoped.filter(document_id=document.id).exclude(revision=document.revision)
    ids = [str(chunk_id) for chunk_id in staged.values_list("id", flat=True)]
    return chunk_store().drop(document_ref(document), chunk_ids=ids) if ids else 0


def active_index(dataset_id: uuid.UUID) -> VectorIndex:
    """Return the index that searches use; nobody puts another in its place until the transaction ends."""
    found = VectorIndex.objects.raw(
        f"SELECT * FROM {VectorIndex._meta.db_table} "  # noqa: S608 - our own table's name
        "WHERE dataset_id = %s AND state = 'active' FOR KEY SHARE",
        [dataset_id],
    )
    for index in found:
        return index
    raise NotFound(f"the dataset {str(dataset_id)!r} was deleted meanwhile")
