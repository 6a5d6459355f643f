"""Celery's shells around moving tables on."""

import uuid

from celery import shared_task

from backend.batches.advancing import ADVANCE, batch_advance
from backend.batches.selectors import batches_unfinished
from backend.batches.services import batches_forget


@shared_task(name=ADVANCE, ignore_result=True)
def advance(batch_id: str) -> None:
    """Move one table on."""
    batch_advance(uuid.UUID(batch_id))


@shared_task(name="batches.sweep", ignore_result=True)
def sweep() -> None:
    """Move every table on whose run ended unheard, or whose message was lost; forget those that nobody started."""
    for batch_id in batches_unfinished():
        batch_advance(batch_id)
    batches_forget()
