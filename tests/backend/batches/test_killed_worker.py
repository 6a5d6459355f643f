"""A real runs worker, killed again and again in the middle of a table: every row ends, and none runs twice."""

import time
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.batches import tasks
from backend.batches.models import Batch, BatchRow
from backend.common.database import in_database
from backend.runs.models import Run
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.workflows.test_killed_worker import (
    MAY_REPEAT,
    PATIENCE_S,
    Effects,
    RunsWorker,
    effects,
    nursery,
    worker,
    workflow,
)

__all__ = ["effects", "nursery", "worker"]
pytestmark = [LIVE, pytest.mark.timeout(200)]
ROWS = 6
KILLS = 3


def started(owner: Person, app_id: str) -> None:
    table = "name\n" + "".join(f"row {number}\n" for number in range(ROWS))
    file = SimpleUploadedFile("t.csv", table.encode())
    made = owner.client.post(f"/api/v1/apps/{app_id}/batches", {"file": file, "start": "true", "version": "draft"})
    assert made.status_code == 201, made.content


def ended(worker: RunsWorker) -> Batch:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        batch = Batch.unscoped.get()
        if batch.status == "finished":
            return batch
        assert time.monotonic() < deadline, Counter(BatchRow.unscoped.values_list("status", flat=True))
        worker.revive()
        tasks.sweep()
        time.sleep(0.1)


async def test_a_worker_killed_in_the_middle_of_a_table_loses_no_row_and_runs_none_twice(
    owner: Person, worker: RunsWorker, effects: Effects
) -> None:
    def kill_before(name: str) -> None:
        if worker.kills < KILLS and effects.requests[name] % 2 == 0:
            worker.kill()
            raise ConnectionError("the effect does not happen: who asked is dead")

    def kill_after(name: str) -> None:
        if worker.kills < KILLS and effects.requests[name] % 2 == 1:
            worker.kill()

    effects.on_request, effects.on_answer = kill_before, kill_after
    app_id = await workflow(owner, effects, 1, **MAY_REPEAT)
    await in_database(started, owner, app_id)
    await in_database(ended, worker)

    def look() -> tuple[list[BatchRow], list[Run]]:
        return list(BatchRow.unscoped.order_by("number")), list(Run.unscoped.all())

    rows, runs = await in_database(look)
    assert worker.kills == KILLS
    assert [(row.status, row.attempts, row.outputs) for row in rows] == [("succeeded", 1, {"body": "ok"})] * ROWS
    assert {row.run_id for row in rows} == {run.id for run in runs} and len(runs) == ROWS
    assert effects.counts() == Counter({"n0": ROWS})
