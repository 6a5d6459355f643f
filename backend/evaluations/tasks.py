"""Celery's shells around experiments and their sweep."""

import uuid

from celery import shared_task

from backend.datasets.adapters import job_send
from backend.evaluations.advancing import ADVANCE, experiment_advance
from backend.evaluations.scoring import SCORE, row_score, row_send, scorings_reclaim
from backend.evaluations.selectors import experiments_unfinished
from backend.evaluations.writing import CASE_JOB, WRITE_CASES


@shared_task(name=ADVANCE, ignore_result=True)
def advance(experiment_id: str) -> None:
    """Move one experiment on."""
    experiment_advance(uuid.UUID(experiment_id))


@shared_task(name=SCORE, ignore_result=True)
def score(row_id: str) -> None:
    """Judge what a run gave, and move its experiment on."""
    experiment_id = row_score(uuid.UUID(row_id))
    if experiment_id is not None:
        experiment_advance(experiment_id)


@shared_task(name=WRITE_CASES, ignore_result=True)
def write_cases(set_id: str) -> None:
    """Have a chat model write the cases that a test set waits for."""
    CASE_JOB.run(uuid.UUID(set_id))


@shared_task(name="evaluations.sweep", ignore_result=True)
def sweep() -> None:
    """Bring rows on their way again whose worker died or whose message was lost, and every experiment on."""
    due, touched = scorings_reclaim()
    for row_id in due:
        row_send(row_id)
    for set_id in CASE_JOB.reclaim():
        job_send(WRITE_CASES, set_id)
    for experiment_id in {*touched, *experiments_unfinished()}:
        experiment_advance(experiment_id)
