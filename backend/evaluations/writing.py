"""Cases of an app's test set, question and answer, that a chat model writes from a dataset's chunks."""

import uuid

from backend.accounts.models import User
from backend.datasets.case_jobs import CaseJob, hit_of
from backend.datasets.models import Chunk
from backend.datasets.ports import WRITERS
from backend.datasets.selectors import dataset_require
from backend.evaluations.case_files import CaseDraft
from backend.evaluations.models import EvaluationSet
from backend.evaluations.selectors import set_get
from backend.evaluations.services.sets import cases_add
from rag.evaluate import write_cases
from rag.ports import Write

WRITE_CASES = "evaluations.write_cases"
ANSWER_TOKENS = 200
PASSAGE_CHARS = 4000
ANSWER = """Passage:
{text}

Question: {question}

Answer the question in one or two sentences, from the passage alone, in the language of the question. \
Answer with the answer alone."""


def cases_generate(
    *, test_set: EvaluationSet, dataset_id: uuid.UUID, count: int, model: str, actor: User | None
) -> EvaluationSet:
    """Have a chat model write questions and answers; raises `ApiError` for what is unknown, or while it is writing."""
    dataset_require(test_set.workspace_id, dataset_id)
    WRITERS.get()(str(test_set.workspace_id), model)
    CASE_JOB.begin(test_set, dataset_id=dataset_id, count=count, model=model, actor=actor)
    return set_get(test_set.workspace_id, test_set.id)


def _dataset_of(row: EvaluationSet) -> uuid.UUID:
    return uuid.UUID(row.generation["dataset_id"])


async def _written(chunk: Chunk, write: Write) -> list[CaseDraft]:
    drafts = []
    for case in await write_cases([hit_of(chunk)], write):
        prompt = ANSWER.format(text=chunk.text[:PASSAGE_CHARS], question=case.question)
        answer = (await write(prompt, ANSWER_TOKENS)).strip()
        drafts.append(CaseDraft(query=case.question, expected=answer, expected_sources=(chunk.document.name,)))
    return drafts


CASE_JOB = CaseJob(EvaluationSet, WRITE_CASES, "evaluation_set.generated", _dataset_of, _written, cases_add)
"""Its `run` and `reclaim` are what the jobs worker and the sweep do."""
