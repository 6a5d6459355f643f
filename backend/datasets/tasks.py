"""Celery's shells around indexing, re-embedding, evaluations and their sweep."""

import uuid

from celery import shared_task

from backend.datasets.adapters import ann_send, index_send, job_send, reembed_send
from backend.datasets.ann import ann_settle, datasets_unsettled
from backend.datasets.case_writing import CASE_JOB, WRITE_CASES
from backend.datasets.draining import document_drain
from backend.datasets.evaluations import EVALUATE, evaluation_run, evaluations_reclaim
from backend.datasets.lease import documents_reclaim
from backend.datasets.reembedding import index_fill, indexes_reclaim


@shared_task(name="datasets.index")
def index(document_id: str) -> None:
    """Index one document, and small ones that wait beside it."""
    document_drain(uuid.UUID(document_id))


@shared_task(name="datasets.reembed")
def reembed(index_id: int) -> None:
    """Fill the index of a dataset that is embedded with another model."""
    index_fill(index_id)


@shared_task(name="datasets.ann")
def ann(dataset_id: str) -> None:
    """Build or drop the index for nearest neighbours of a dataset."""
    ann_settle(uuid.UUID(dataset_id))


@shared_task(name=EVALUATE)
def evaluate(evaluation_id: str) -> None:
    """Measure the settings of an evaluation."""
    evaluation_run(uuid.UUID(evaluation_id))


@shared_task(name=WRITE_CASES)
def write_cases(test_set_id: str) -> None:
    """Have a chat model write the cases that a test set waits for."""
    CASE_JOB.run(uuid.UUID(test_set_id))


@shared_task(name="datasets.sweep")
def sweep() -> None:
    """Bring documents, indexes and evaluations on their way again whose worker died or whose message was lost."""
    for document_id in documents_reclaim():
        index_send(document_id)
    for index_id in indexes_reclaim():
        reembed_send(index_id)
    for dataset_id in datasets_unsettled():
        ann_send(dataset_id)
    for evaluation_id in evaluations_reclaim():
        job_send(EVALUATE, evaluation_id)
    for test_set_id in CASE_JOB.reclaim():
        job_send(WRITE_CASES, test_set_id)
