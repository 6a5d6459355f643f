"""Celery's shells around jobs over the logs, and the sweep that keeps what is promised of retention."""

import uuid

from celery import shared_task

from backend.datasets.adapters import job_send
from backend.logs.jobs import WORK, jobs_forget
from backend.logs.retention import policies_due, policy_apply
from backend.logs.working import job_run, jobs_reclaim

APPLY = "logs.apply"


@shared_task(name=WORK, ignore_result=True)
def work(job_id: str) -> None:
    """Do one job."""
    job_run(uuid.UUID(job_id))


@shared_task(name=APPLY, ignore_result=True)
def apply(policy_id: str) -> None:
    """Remove what one workspace no longer keeps."""
    policy_apply(uuid.UUID(policy_id))


@shared_task(name="logs.sweep", ignore_result=True)
def sweep() -> None:
    """Send jobs again whose worker died or whose message was lost; forget old files."""
    for job_id in jobs_reclaim():
        job_send(WORK, job_id)
    jobs_forget()


@shared_task(name="logs.retain", ignore_result=True)
def retain() -> None:
    """Send the policies that are due."""
    for policy_id in policies_due():
        job_send(APPLY, policy_id)
