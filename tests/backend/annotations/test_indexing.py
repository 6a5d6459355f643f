"""indexing: questions get their vectors by a job that outlives its worker, and a model's change disturbs no search."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.annotations import indexing, tasks
from backend.annotations.indexing import job_run
from backend.annotations.models import OPEN_JOBS, Annotation, AnnotationJob, AnnotationVector
from backend.datasets.ports import EMBEDDERS
from backend.datasets.row_leases import row_claim
from inference.errors import InvalidRequestError, UpstreamUnreachableError
from tests.backend.annotations.conftest import Desk, jobs_work
from tests.backend.datasets.embedding import WordEmbedder

# The job asks the database on threads of its own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
SMALL = "words-64"


class Counting(WordEmbedder):
    """Remembers what it embedded, and fails as it is told: after so many calls, with this error."""

    def __init__(self, model: str, error: BaseException | None = None, after: int = 0) -> None:
        super().__init__(model)
        self.embedded: list[str] = []
        self._error = error
        self._left = after

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self._error and not self._left:
            raise self._error
        self._left -= 1
        self.embedded += texts
        return await super().embed(texts)


def fill(embedder: Counting) -> Counting:
    EMBEDDERS.fill(lambda workspace_id, model: embedder)
    return embedder


def open_job() -> AnnotationJob:
    return AnnotationJob.unscoped.get(status__in=OPEN_JOBS)


def lease_ends(job: AnnotationJob) -> None:
    AnnotationJob.unscoped.filter(id=job.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def questions(desk: Desk, count: int) -> list[Any]:
    return [desk.told("POST", "", {"question": f"question {n}", "answer": "a"}) for n in range(count)]


def models_of_vectors() -> dict[str, int]:
    found: dict[str, int] = {}
    for model in AnnotationVector.objects.values_list("model", flat=True):
        found[model] = found.get(model, 0) + 1
    return found


def test_a_changed_question_is_embedded_anew_and_a_changed_answer_is_not(desk: Desk) -> None:
    made = desk.add("Where is the office?", "In Lisbon.")
    embedder = fill(Counting("all-minilm-l6-v2"))
    desk.told("PATCH", f"/{made['id']}", {"answer": "In Porto."})
    jobs_work()
    assert embedder.embedded == []
    desk.told("PATCH", f"/{made['id']}", {"question": "Where are you?"})
    jobs_work()
    assert embedder.embedded == ["Where are you?"]


def test_the_former_model_answers_until_the_new_one_knows_every_question(desk: Desk) -> None:
    desk.add("Where is the office?", "In Lisbon.")
    settings = desk.told("PATCH", "/settings", {"embedding_model": SMALL})
    assert settings["embedding_model"] == "all-minilm-l6-v2"
    assert (settings["job"]["status"], settings["job"]["model"], settings["job"]["total"]) == ("waiting", SMALL, 1)
    assert desk.told("POST", "/try", {"question": "Where is the office?"})["results"][0]["is_hit"]
    jobs_work()
    settings = desk.told("GET", "/settings")
    assert (settings["embedding_model"], settings["job"]) == (SMALL, None)
    assert models_of_vectors() == {SMALL: 1}
    assert desk.told("POST", "/try", {"question": "Where is the office?"})["results"][0]["is_hit"]


def test_a_killed_worker_s_job_goes_on_with_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    questions(desk, 5)
    job = open_job()
    first = fill(Counting("all-minilm-l6-v2", SystemExit(), after=1))
    with pytest.raises(SystemExit):
        job_run(job.id)
    job.refresh_from_db()
    assert (job.status, job.done, job.total) == ("processing", 2, 5)
    rest = fill(Counting("all-minilm-l6-v2"))
    job_run(job.id)
    assert rest.embedded == [], "the dead worker's lease still holds"
    lease_ends(job)
    tasks.sweep()
    job_run(job.id)
    job.refresh_from_db()
    assert (job.status, job.done, job.error) == ("completed", 5, "")
    assert sorted(first.embedded + rest.embedded) == [f"question {n}" for n in range(5)]


def test_what_may_pass_is_tried_again_and_what_may_not_is_said(desk: Desk) -> None:
    questions(desk, 1)
    job = open_job()
    fill(Counting("all-minilm-l6-v2", UpstreamUnreachableError("the model server does not answer")))
    for status in ("waiting", "waiting", "error"):
        job_run(job.id)
        job.refresh_from_db()
        assert (job.status, job.error) == (status, "the model server does not answer")
        lease_ends(job)
    AnnotationJob.unscoped.update(lease_expires_at=None)
    assert desk.told("GET", "/settings")["job"]["status"] == "error"
    fill(Counting("all-minilm-l6-v2", InvalidRequestError("the model cannot embed")))
    desk.told("PATCH", "/settings", {"is_on": True})
    again = open_job()
    job_run(again.id)
    again.refresh_from_db()
    assert (again.status, again.error) == ("error", "the model cannot embed")
    fill(Counting("all-minilm-l6-v2"))
    assert desk.switch(is_on=True)["job"] is None


def test_another_choice_of_model_ends_the_job_of_the_one_before(desk: Desk) -> None:
    desk.add("Where is the office?", "In Lisbon.")
    desk.told("PATCH", "/settings", {"embedding_model": SMALL})
    before = open_job()
    claimed = row_claim(AnnotationJob, before.id, indexing.PENDING)
    assert claimed is not None
    desk.told("PATCH", "/settings", {"embedding_model": "all-minilm-l6-v2"})
    before.refresh_from_db()
    assert (before.status, before.lease_expires_at) == ("error", None)
    with pytest.raises(indexing.LeaseLost):
        claimed[1].renew()
    assert desk.told("POST", "/try", {"question": "Where is the office?"})["results"]


def test_a_question_that_the_model_cannot_read_whole_is_said_and_holds_up_nothing(desk: Desk) -> None:
    long = desk.add("word " * 300, "too long")
    desk.add("Where is the office?", "In Lisbon.")
    assert "longer than the 256 tokens" in desk.told("GET", f"/{long['id']}")["reason"]
    assert desk.told("GET", "/settings")["job"] is None
    desk.told("PATCH", f"/{long['id']}", {"question": "short"})
    jobs_work()
    assert desk.told("GET", f"/{long['id']}")["reason"] == ""
    assert len(desk.told("POST", "/try", {"question": "short"})["results"]) == 2


def test_a_question_changed_while_it_is_embedded_does_not_keep_the_former_vector(desk: Desk) -> None:
    made = desk.told("POST", "", {"question": "Where is the office?", "answer": "a"})

    class Changing(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            await indexing.in_database(
                Annotation.unscoped.filter(id=uuid.UUID(made["id"]), question__contains="office").update,
                question="Who are you?",
            )
            return await super().embed(texts)

    EMBEDDERS.fill(lambda workspace_id, model: Changing(model))
    jobs_work()
    [found] = desk.told("POST", "/try", {"question": "Who are you?"})["results"]
    assert found["score"] == 1.0


def test_the_sweep_forgets_what_was_deleted_long_ago_and_no_sooner(desk: Desk) -> None:
    old, young = questions(desk, 2)
    desk.told("POST", "/delete", {"ids": [old["id"], young["id"]]})
    Annotation.unscoped.filter(id=old["id"]).update(deleted_at=timezone.now() - timedelta(days=31))
    tasks.sweep()
    assert list(Annotation.unscoped.values_list("id", flat=True)) == [uuid.UUID(young["id"])]
