"""Removes datasets and documents with all that was made of them, in few statements, children before parents.

Django's collector would fetch a hundred thousand chunks to delete them one list at a time.
"""

import uuid
from collections.abc import Sequence
from functools import partial

from django.db import connection, transaction

from backend.datasets.adapters import ann_send, chunk_store, document_ref
from backend.datasets.models import (
    Chunk,
    Dataset,
    Document,
    LexicalStatistics,
    MetadataField,
    Passage,
    PassageVector,
    Posting,
    RetrievalEvaluation,
    RetrievalTestCase,
    RetrievalTestSet,
    Term,
    VectorIndex,
)

TEST_SETS = f"SELECT id FROM {RetrievalTestSet._meta.db_table} WHERE dataset_id = %s"  # noqa: S608 - our own table
TERMS = f"SELECT id FROM {Term._meta.db_table} WHERE dataset_id = %s"  # noqa: S608 - our own table
INDEXES = f"SELECT id FROM {VectorIndex._meta.db_table} WHERE dataset_id = %s"  # noqa: S608 - our own table


def dataset_rows_delete(dataset_id: uuid.UUID) -> int:
    """Delete a dataset with every row that belongs to it, and return how many chunks it had.

    To be called in a transaction that holds the dataset and its documents. Files are the caller's.
    """
    tags = Dataset.tags.through._meta.db_table
    whole = "dataset_id = %s"
    with connection.cursor() as cursor:

        def delete(table: str, where: str) -> int:
            cursor.execute(f"DELETE FROM {table} WHERE {where}", [dataset_id])  # noqa: S608 - our own names
            return cursor.rowcount

        if VectorIndex.objects.filter(dataset_id=dataset_id).exclude(ann="").exists():
            # An index of nearest neighbours is dropped outside of transactions.
            transaction.on_commit(partial(ann_send, dataset_id), robust=True)
        delete(Posting._meta.db_table, f"term_id IN ({TERMS})")
        delete(PassageVector._meta.db_table, f"index_id IN ({INDEXES})")
        delete(Passage._meta.db_table, whole)
        chunks = delete(Chunk._meta.db_table, whole)
        delete(Term._meta.db_table, whole)
        delete(LexicalStatistics._meta.db_table, whole)
        delete(VectorIndex._meta.db_table, whole)
        delete(Document._meta.db_table, whole)
        delete(MetadataField._meta.db_table, whole)
        for table in (RetrievalTestCase._meta.db_table, RetrievalEvaluation._meta.db_table):
            delete(table, f"test_set_id IN ({TEST_SETS})")
        delete(RetrievalTestSet._meta.db_table, whole)
        delete(tags, whole)
        delete(Dataset._meta.db_table, "id = %s")
    return chunks


def documents_rows_delete(documents: Sequence[Document]) -> None:
    """Delete documents with all their chunks; their files are the caller's."""
    store = chunk_store()
    with transaction.atomic():
        for document in documents:
            store.delete(document_ref(document))
        with connection.cursor() as cursor:
            ids = [document.id for document in documents]
            cursor.execute(f"DELETE FROM {Document._meta.db_table} WHERE id = ANY(%s)", [ids])  # noqa: S608 - our own
