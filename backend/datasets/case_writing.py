"""Test cases of a dataset that a chat model writes from its chunks."""

import uuid
from collections.abc import Sequence

from backend.accounts.models import User
from backend.common.errors import Conflict
from backend.datasets.case_files import MAX_CASES
from backend.datasets.case_jobs import CaseJob, hit_of
from backend.datasets.models import Chunk, RetrievalTestCase, RetrievalTestSet
from backend.datasets.ports import WRITERS
from backend.datasets.test_sets import set_get
from rag.evaluate import Case, write_cases
from rag.ports import Write

WRITE_CASES = "datasets.write_cases"


def cases_generate(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    test_set_id: uuid.UUID,
    count: int,
    model: str,
    actor: User | None = None,
) -> RetrievalTestSet:
    """Have a chat model write cases; raises `ApiError` for an unknown model, and while it is writing already."""
    WRITERS.get()(str(workspace_id), model)
    test_set = set_get(workspace_id, dataset_id, test_set_id)
    if test_set.case_count + count > MAX_CASES:
        raise Conflict(f"a test set has at most {MAX_CASES:,} cases, this one has {test_set.case_count:,}")
    CASE_JOB.begin(test_set, dataset_id=dataset_id, count=count, model=model, actor=actor)
    return set_get(workspace_id, dataset_id, test_set_id)


def _dataset_of(row: RetrievalTestSet) -> uuid.UUID:
    return row.dataset_id


async def _written(chunk: Chunk, write: Write) -> list[Case]:
    return await write_cases([hit_of(chunk)], write)


def _store(row: RetrievalTestSet, cases: Sequence[Case]) -> None:
    for case in cases:
        RetrievalTestCase.objects.create(
            workspace_id=row.workspace_id,
            test_set_id=row.id,
            question=case.question,
            chunks=sorted(case.chunk_ids),
            phrase=case.phrase,
        )


CASE_JOB = CaseJob(RetrievalTestSet, WRITE_CASES, "test_set.generated", _dataset_of, _written, _store)
"""Its `run` and `reclaim` are what the jobs worker and the sweep do."""
