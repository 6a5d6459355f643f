"""Cases that a chat model writes from a dataset's chunks, in the background, by whoever holds the set's lease.

What it has made of a chunk is stored with the count of chunks it has tried, so a worker that takes over goes on there.
"""

import asyncio
import logging
import uuid
from functools import partial

from django.db import transaction
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Length

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.database import in_database
from backend.common.errors import ApiError, Conflict
from backend.datasets.adapters import job_send
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, LeaseLost
from backend.datasets.models import Chunk
from backend.datasets.ports import WRITERS
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due, rows_spent
from backend.datasets.selectors import dataset_require
from backend.evaluations.case_files import CaseDraft
from backend.evaluations.models import EvaluationSet
from backend.evaluations.selectors import set_get
from backend.evaluations.services.sets import cases_add
from inference.errors import InferenceError
from rag.errors import RagError
from rag.evaluate import write_cases
from rag.ports import Write
from rag.types import Hit

WRITE_CASES = "evaluations.write_cases"
PENDING = Q(generation__is_running=True)
LEAST_CHARS = 40
SPARE = 2
ANSWER_TOKENS = 200
PASSAGE_CHARS = 4000
ANSWER = """Passage:
{text}

Question: {question}

Answer the question in one or two sentences, from the passage alone, in the language of the question. \
Answer with the answer alone."""
logger = logging.getLogger(__name__)


def cases_generate(
    *, test_set: EvaluationSet, dataset_id: uuid.UUID, count: int, model: str, actor: User | None
) -> EvaluationSet:
    """Have a chat model write questions and answers; raises `ApiError` for what is unknown, or while it is writing."""
    dataset_require(test_set.workspace_id, dataset_id)
    WRITERS.get()(str(test_set.workspace_id), model)
    if not _chunk_ids(test_set, dataset_id, 1):
        raise Conflict("the dataset has no chunks to ask about: upload documents and wait until they are ready")
    generation = {
        "model": model, "dataset_id": str(dataset_id), "done": 0, "total": count, "tried": 0, "attempts": 0,
        "is_running": True, "reason": "",
    }  # fmt: skip
    with transaction.atomic():
        rows = EvaluationSet.objects.within(test_set.workspace_id).filter(id=test_set.id)
        locked = rows.select_for_update().first()
        if locked is None or (locked.generation or {}).get("is_running"):
            raise Conflict("a model is writing cases for this test set already: wait until it has finished")
        rows.update(generation=generation, lease_expires_at=None)
        audit_record(
            workspace_id=test_set.workspace_id,
            actor=actor,
            action="evaluation_set.generated",
            target=str(test_set.id),
            detail={"name": test_set.name, "dataset_id": dataset_id, "model": model, "count": count},
        )
        # Without a broker the wish still is there, and the sweep sends it later.
        transaction.on_commit(partial(job_send, WRITE_CASES, test_set.id), robust=True)
    return set_get(test_set.workspace_id, test_set.id)


def case_writing_run(set_id: uuid.UUID) -> None:
    """Write the cases that were asked for, unless they are written, gone or in other hands."""
    claimed = row_claim(EvaluationSet, set_id, PENDING)
    if claimed is None:
        return
    row, lease = claimed
    state = {**row.generation, "attempts": row.generation["attempts"] + 1}
    try:
        lease.renew(generation=state)
        write = WRITERS.get()(str(row.workspace_id), state["model"])
        asyncio.run(_write(row, lease, state, write))
        lease.end(generation={**state, "is_running": False, "reason": _short(state)})
    except LeaseLost:
        logger.info("test set %s was deleted or taken over", set_id)
    except (RagError, ApiError, InferenceError) as error:
        _give_up(lease, state, error.message, may_retry=getattr(error, "retryable", False))


def _short(state: dict[str, object]) -> str:
    if state["done"] == state["total"]:
        return ""
    return (
        f"the model wrote a usable question for {state['done']} of {state['tried']} chunks; "
        "ask again with a larger model, or add documents"
    )


def _give_up(lease: RowLease, state: dict[str, object], reason: str, *, may_retry: bool) -> None:
    try:
        if may_retry and int(str(state["attempts"])) < MAX_ATTEMPTS:
            lease.postpone(RETRY_PAUSE_S, generation={**state, "reason": reason})
        else:
            lease.end(generation={**state, "is_running": False, "reason": reason})
    except LeaseLost:
        logger.info("a test set was deleted or taken over before its generation failed")


async def _write(row: EvaluationSet, lease: RowLease, state: dict[str, object], write: Write) -> None:
    """Ask about one chunk after the other; `state` is kept up to date."""
    total, tried = int(str(state["total"])), int(str(state["tried"]))
    async with kept(lease):
        ids = await in_database(_chunk_ids, row, uuid.UUID(str(state["dataset_id"])), total * SPARE)
        for chunk_id in ids[tried:]:
            if state["done"] == total:
                return
            hit, document = await in_database(_hit, row, chunk_id)
            drafts = []
            for case in await write_cases([hit], write) if hit else []:
                prompt = ANSWER.format(text=hit.text[:PASSAGE_CHARS], question=case.question)
                answer = (await write(prompt, ANSWER_TOKENS)).strip()
                drafts.append(CaseDraft(query=case.question, expected=answer, expected_sources=(document,)))
            await in_database(_keep, row, lease, state, drafts)


def _keep(row: EvaluationSet, lease: RowLease, state: dict[str, object], drafts: list[CaseDraft]) -> None:
    """Store what was written with the state, or neither."""
    state["tried"] = int(str(state["tried"])) + 1
    state["done"] = int(str(state["done"])) + len(drafts)
    with transaction.atomic():
        if drafts:
            cases_add(row, drafts)
        lease.renew(generation=state)


def _chunk_ids(row: EvaluationSet, dataset_id: uuid.UUID, limit: int) -> list[uuid.UUID]:
    """Return chunks spread over the dataset: in an order that looks random, and is the same for every worker."""
    chunks = Chunk.objects.within(row.workspace_id).filter(
        dataset_id=dataset_id,
        is_enabled=True,
        document__is_enabled=True,
        document__is_archived=False,
        revision=F("document__revision"),
    )
    long_enough = chunks.annotate(chars=Length("text")).filter(chars__gte=LEAST_CHARS)
    order = MD5(Concat(Value(str(row.id)), Cast("id", TextField()), output_field=TextField()))
    return list(long_enough.order_by(order, "id").values_list("id", flat=True)[:limit])


def _hit(row: EvaluationSet, chunk_id: uuid.UUID) -> tuple[Hit | None, str]:
    chunk = Chunk.objects.within(row.workspace_id).select_related("document").filter(id=chunk_id).first()
    if chunk is None:
        return None, ""
    hit = Hit(
        str(chunk.id), str(chunk.document_id), str(chunk.dataset_id), chunk.text, chunk.page, chunk.position, 1.0,
        answer=chunk.answer,
    )  # fmt: skip
    return hit, chunk.document.name


def case_writings_reclaim() -> list[uuid.UUID]:
    """Take test sets back from dead workers, and return those whose message must be sent (again)."""
    spent = rows_spent(EvaluationSet, PENDING & Q(generation__attempts__gte=MAX_ATTEMPTS))
    for row in EvaluationSet.unscoped.filter(PENDING, id__in=spent):
        reason = f"the worker died {MAX_ATTEMPTS} times while the model wrote; ask again"
        row.generation = {**row.generation, "is_running": False, "reason": reason}
        row.lease_expires_at = None
        row.save(update_fields=["generation", "lease_expires_at", "updated_at"])
    return rows_due(EvaluationSet, PENDING)
