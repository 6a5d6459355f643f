"""A real runs worker, killed again and again in the middle of an experiment: every case ends, and none runs twice."""

import time
from collections import Counter

import pytest

from backend.common.database import in_database
from backend.evaluations import tasks
from backend.evaluations.models import Experiment, ExperimentRow
from backend.runs.models import Run
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.evaluations.running import ask, evaluator_made, score_all
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
CASES = 6
KILLS = 3


def started(owner: Person, app_id: str) -> str:
    """Begin an experiment whose cases expect the effect's answer."""
    made = ask(owner, "POST", "/test-sets", {"name": "Effects"}, 201)
    for number in range(CASES):
        case = {"inputs": {"name": f"case {number}"}, "expected": "ok"}
        ask(owner, "POST", f"/test-sets/{made['id']}/cases", case, 201)
    body = {"app_id": app_id, "set_id": made["id"], "variants": [{}], "evaluator_ids": [evaluator_made(owner)]}
    return str(ask(owner, "POST", "/experiments", body, 201)["id"])


def ended(worker: RunsWorker) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while Experiment.unscoped.get().finished_at is None:
        assert time.monotonic() < deadline, Counter(ExperimentRow.unscoped.values_list("status", flat=True))
        worker.revive()
        tasks.sweep()
        score_all()
        time.sleep(0.1)


async def test_a_worker_killed_in_the_middle_of_an_experiment_loses_no_case_and_runs_none_twice(
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
    experiment_id = await in_database(started, owner, app_id)
    await in_database(ended, worker)

    def look() -> tuple[list[ExperimentRow], list[Run]]:
        return list(ExperimentRow.unscoped.order_by("number")), list(Run.unscoped.all())

    rows, runs = await in_database(look)
    assert worker.kills == KILLS
    assert [(row.status, row.answer, row.score) for row in rows] == [("succeeded", "ok", 1.0)] * CASES
    assert {row.run_id for row in rows} == {run.id for run in runs} and len(runs) == CASES
    assert effects.counts() == Counter({"n0": CASES})
    done = await in_database(ask, owner, "GET", f"/experiments/{experiment_id}")
    assert (done["status"], done["results"][0]["score"]["mean"]) == ("finished", 1)
