"""Celery's shells around indexing and its sweep."""

import uuid

from celery import shared_task

from backend.datasets.adapters import index_send
from backend.datasets.indexing import document_index
from backend.datasets.lease import documents_reclaim


@shared_task(name="datasets.index")
def index(document_id: str) -> None:
    """Index one document."""
    document_index(uuid.UUID(document_id))


@shared_task(name="datasets.sweep")
def sweep() -> None:
    """Bring documents on their way again whose worker died or whose message was lost."""
    for document_id in documents_reclaim():
        index_send(document_id)
