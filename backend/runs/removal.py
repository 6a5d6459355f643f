"""Removes runs that have ended, with all that hangs on them: a batch at a time, each in a short transaction."""

import contextlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import Q
from redis.exceptions import RedisError

from backend.common.redis import redis_sync
from backend.files.models import StoredFile
from backend.files.services import file_delete
from backend.runs.live import stream_key
from backend.runs.models import END_STATUSES, Run, RunEvent, RunFile, RunValue

BATCH_RUNS = 200


@dataclass(frozen=True, slots=True)
class Removed:
    """How many runs and files are gone."""

    runs: int = 0
    files: int = 0


def runs_remove(
    workspace_id: uuid.UUID, which: Q, files_before: datetime | None = None, *, numbers_stay: bool = False
) -> Removed:
    """Remove the oldest `BATCH_RUNS` ended runs among `which`, and the files (up to a moment) that no other run needs.

    Runs that somebody holds at the moment are left to the next call. With `numbers_stay` what was counted of these runs
    stays in the analytics, and their hours are not counted again.
    """
    with transaction.atomic():
        if numbers_stay:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL atelier.numbers_stay = 'on'")
        found = Run.objects.within(workspace_id).filter(which, status__in=END_STATUSES).order_by("created_at", "id")
        locked = found.select_for_update(skip_locked=True).values_list("id", flat=True)
        run_ids = list(locked[:BATCH_RUNS])
        if not run_ids:
            return Removed()
        given = RunFile.objects.filter(run_id__in=run_ids)
        file_ids = set(given.values_list("file_id", flat=True))
        # What no other table refers to goes by one statement each; the rest as its models say.
        for rows in (given, RunEvent.objects.filter(run_id__in=run_ids), RunValue.objects.filter(run_id__in=run_ids)):
            rows._raw_delete(rows.db)
        Run.unscoped.filter(id__in=run_ids).only("id").delete()
        files = files_remove(workspace_id, file_ids, files_before)
        transaction.on_commit(partial(_streams_forget, run_ids), robust=True)
    return Removed(len(run_ids), files)


def files_remove(workspace_id: uuid.UUID, file_ids: Collection[uuid.UUID], before: datetime | None = None) -> int:
    """Remove those of the files that no run was given and nothing else uses; return how many."""
    used = set(RunFile.objects.filter(file_id__in=file_ids).values_list("file_id", flat=True))
    free = StoredFile.objects.within(workspace_id).filter(id__in=set(file_ids) - used)
    if before is not None:
        free = free.filter(created_at__lt=before)
    count = 0
    for stored in free:
        if not _is_used(stored):
            file_delete(stored=stored)
            count += 1
    return count


def _is_used(stored: StoredFile) -> bool:
    """Whether a document, a published page or anything else of the platform refers to the file."""
    # Relations without a name of their own are hidden, and ours are.
    relations = (item for item in StoredFile._meta.get_fields(include_hidden=True) if item.one_to_many)
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: stored.pk}).exists()
        for relation in relations
    )


def _streams_forget(run_ids: Sequence[uuid.UUID]) -> None:
    with contextlib.suppress(RedisError):  # they end by themselves within the hour
        redis_sync().delete(*(stream_key(run_id) for run_id in run_ids))
