"""Evaluations and written cases: background jobs that end whatever becomes of their workers."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.common.errors import Invalid
from backend.datasets.evaluations import evaluations_stuck
from backend.datasets.knowledge import QUERY_VECTORS
from backend.datasets.models import RetrievalEvaluation, RetrievalTestCase, RetrievalTestSet
from backend.datasets.ports import EMBEDDERS, WRITERS
from backend.datasets.tasks import evaluate, sweep, write_cases
from inference.errors import InferenceError
from rag.ports import Embedder, Write
from tests.backend.datasets.conftest import Library, filled
from tests.backend.datasets.embedding import WordEmbedder

pytestmark = pytest.mark.django_db(transaction=True)

CASES = (
    "question,documents,phrase\n"
    "How long does the warranty last?,terms.txt,\n"
    "When are invoices paid?,,within thirty days\n"
    "Who opens the office?,office.txt,\n"
)
SEMANTIC = {"name": "by meaning", "mode": "semantic", "top_k": 1}
WORDS = {"name": "by words", "mode": "full_text"}


class WorkerDies(BaseException):
    """What no handler of the job sees: it stands for a kill."""


class BusyModel(InferenceError):
    """A model server that is busy."""

    code = "overloaded"
    retryable = True
    http_status = 503


class ScriptedEmbedder(WordEmbedder):
    """Embeds as the words' embedder does, notes every question, and fails when it is told to."""

    asked: list[str] = []
    failure: Callable[[int], None] = staticmethod(lambda count: None)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector per text."""
        self.asked.extend(texts)
        type(self).failure(len(self.asked))
        return await super().embed(texts)


@pytest.fixture
def path(library: Library) -> str:
    """The address of a test set with three cases, in a dataset with three documents."""
    library.add("terms.txt", b"The warranty lasts three years and covers the battery.")
    library.add("bills.txt", b"Invoices are paid within  thirty days of delivery.")
    library.add("office.txt", b"The office in Lisbon opens at nine and closes at six.")
    ask = library.person.request
    made = ask("POST", f"{library.path}/test-sets", {"name": "Questions"}).json()
    for line in CASES.splitlines()[1:]:
        question, document, phrase = line.split(",")
        body = {"question": question, "documents": [document] if document else [], "phrase": phrase}
        assert ask("POST", f"{library.path}/test-sets/{made['id']}/cases", body).status_code == 201
    return f"{library.path}/test-sets/{made['id']}"


@pytest.fixture
def embedder() -> Iterator[type[ScriptedEmbedder]]:
    """The embedder of every dataset, to be told when to fail."""
    QUERY_VECTORS.clear()
    ScriptedEmbedder.asked = []
    ScriptedEmbedder.failure = staticmethod(lambda count: None)

    def made(workspace_id: str, model: str) -> Embedder:
        return ScriptedEmbedder(model)

    for _ in filled(EMBEDDERS, made):
        yield ScriptedEmbedder


def started(library: Library, path: str, *settings: dict[str, object]) -> str:
    answer = library.person.request("POST", f"{path}/evaluations", {"settings": list(settings or (SEMANTIC, WORDS))})
    assert answer.status_code == 202, answer.content
    assert (answer.json()["status"], answer.json()["results"]) == ("queued", [])
    return str(answer.json()["id"])


def seen(library: Library, path: str, evaluation_id: str) -> dict[str, Any]:
    return dict(library.person.request("GET", f"{path}/evaluations/{evaluation_id}").json())


def lease_expire(model: Any, row_id: str) -> None:
    model.unscoped.filter(id=row_id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_settings_are_compared_side_by_side(library: Library, path: str) -> None:
    evaluation_id = started(library, path)
    evaluate(evaluation_id)

    body = seen(library, path, evaluation_id)
    assert (body["status"], body["progress"], body["reason"]) == ("finished", 1.0, "")
    assert body["finished_at"]
    assert [result["name"] for result in body["results"]] == ["by meaning", "by words"]
    for result in body["results"]:
        assert result["mrr"] == result["ndcg_at_10"] == result["recall_at_k"]["1"] == 1.0
        assert [case["rank"] for case in result["cases"]] == [1, 1, 1]
        assert 0 < result["p50_ms"] <= result["p95_ms"]
    first = body["results"][0]
    assert (first["settings"]["mode"], first["settings"]["top_k"]) == ("semantic", 1)
    assert [case["expected"] for case in first["cases"]] == [["terms.txt"], ["within thirty days"], ["office.txt"]]
    assert len(first["cases"][0]["found"]) == 3, "ten hits are looked at, whatever top_k is"

    [listed] = library.person.request("GET", f"{path}/evaluations").json()["results"]
    assert (listed["id"], listed["results"][0]["cases"]) == (evaluation_id, [])


def test_searches_that_measure_do_not_count_chunks_as_found(library: Library, path: str) -> None:
    evaluate(started(library, path))
    for row in library.person.request("GET", f"{library.path}/documents").json()["results"]:
        chunks = library.person.request("GET", f"{library.path}/documents/{row['id']}/chunks").json()["results"]
        assert [chunk["hit_count"] for chunk in chunks] == [0]


def test_an_evaluation_goes_on_after_the_setting_that_a_killed_worker_had_done(
    library: Library, path: str, embedder: type[ScriptedEmbedder]
) -> None:
    other = {"name": "both", "mode": "hybrid"}
    evaluation_id = started(library, path, SEMANTIC, other)

    def dies_in_the_second_setting(count: int) -> None:
        QUERY_VECTORS.clear()
        if count == 5:
            raise WorkerDies

    embedder.failure = staticmethod(dies_in_the_second_setting)
    with pytest.raises(WorkerDies):
        evaluate(evaluation_id)
    body = seen(library, path, evaluation_id)
    assert (body["status"], len(body["results"])) == ("running", 1)

    evaluate(evaluation_id)
    assert len(embedder.asked) == 5, "the lease of the dead worker still holds"
    assert not evaluations_stuck().exists()
    RetrievalEvaluation.unscoped.filter(id=evaluation_id).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    assert [str(row.id) for row in evaluations_stuck()] == [evaluation_id]
    evaluate(evaluation_id)
    body = seen(library, path, evaluation_id)
    assert (body["status"], [result["name"] for result in body["results"]]) == ("finished", ["by meaning", "both"])
    assert len(embedder.asked) == 5 + 3, "the first setting was not measured again"


def test_an_evaluation_that_kills_its_workers_fails_in_the_end(
    library: Library, path: str, embedder: type[ScriptedEmbedder]
) -> None:
    evaluation_id = started(library, path, SEMANTIC)

    def dies(count: int) -> None:
        raise WorkerDies

    embedder.failure = staticmethod(dies)
    for _ in range(3):
        with pytest.raises(WorkerDies):
            evaluate(evaluation_id)
        lease_expire(RetrievalEvaluation, evaluation_id)
    sweep()
    body = seen(library, path, evaluation_id)
    assert body["status"] == "failed"
    assert "died 3 times" in body["reason"]
    evaluate(evaluation_id)
    assert len(embedder.asked) == 3


def test_a_busy_model_is_asked_again_and_given_up_after_three_times(
    library: Library, path: str, embedder: type[ScriptedEmbedder]
) -> None:
    evaluation_id = started(library, path, SEMANTIC)

    def busy(count: int) -> None:
        raise BusyModel("the model server is busy")

    embedder.failure = staticmethod(busy)
    states = []
    for _ in range(3):
        evaluate(evaluation_id)
        states.append(seen(library, path, evaluation_id)["status"])
        lease_expire(RetrievalEvaluation, evaluation_id) if states[-1] == "queued" else None
    assert states == ["queued", "queued", "failed"]
    assert seen(library, path, evaluation_id)["reason"] == "the model server is busy"


def test_an_error_of_ours_ends_it_with_a_reason(
    library: Library, path: str, embedder: type[ScriptedEmbedder], caplog: pytest.LogCaptureFixture
) -> None:
    evaluation_id = started(library, path, SEMANTIC)

    def breaks(count: int) -> None:
        raise RuntimeError("a secret detail")

    embedder.failure = staticmethod(breaks)
    evaluate(evaluation_id)
    body = seen(library, path, evaluation_id)
    assert body["status"] == "failed"
    assert "start it again" in body["reason"]
    assert "secret" not in body["reason"]
    assert "a secret detail" in caplog.text


def test_a_test_set_that_is_deleted_meanwhile_ends_its_evaluation(
    library: Library, path: str, embedder: type[ScriptedEmbedder]
) -> None:
    evaluation_id = started(library, path, SEMANTIC, WORDS)

    def deletes(count: int) -> None:
        RetrievalEvaluation.unscoped.filter(id=evaluation_id).delete()

    def deletes_elsewhere(count: int) -> None:
        from threading import Thread  # Django refuses its connection in an event loop

        thread = Thread(target=deletes, args=(count,))
        thread.start()
        thread.join()

    embedder.failure = staticmethod(deletes_elsewhere)
    evaluate(evaluation_id)
    assert not RetrievalEvaluation.unscoped.exists()


@pytest.mark.parametrize(
    ("compared", "field"),
    [
        ([], "settings.non_field_errors"),
        ([SEMANTIC, SEMANTIC], "settings.1.name"),
        ([{**SEMANTIC, "colour": "red"}], "settings.0.colour"),
        ([{**SEMANTIC, "top_k": 0}], "settings.0.top_k"),
        ([SEMANTIC, {"name": "b", "rewrite": True}], "settings.1.model"),
        ([{"name": "b", "model": "none/such"}], ""),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(
    library: Library, path: str, compared: list[dict[str, object]], field: str
) -> None:
    answer = library.person.request("POST", f"{path}/evaluations", {"settings": compared})
    assert answer.status_code == 400, answer.content
    assert not field or field in answer.json()["extra"]["fields"]
    assert not RetrievalEvaluation.unscoped.exists()


def test_a_test_set_without_cases_is_not_measured(library: Library) -> None:
    made = library.person.request("POST", f"{library.path}/test-sets", {"name": "Empty"}).json()
    path = f"{library.path}/test-sets/{made['id']}"
    assert library.person.request("POST", f"{path}/evaluations", {"settings": [SEMANTIC]}).status_code == 409


# Cases that a model writes -------------------------------------------------------------------------------------------
class Writer:
    """A chat model that asks about the first words of a passage."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.failure: Callable[[int], None] = lambda count: None

    def __call__(self, workspace_id: str, model: str) -> Write:
        """Fill `WRITERS` with this."""
        if model != "house/big":
            raise Invalid(f"there is no chat model {model!r}", code="model_not_found")
        return self.write

    async def write(self, prompt: str, max_tokens: int) -> str:
        """Return a question."""
        self.prompts.append(prompt)
        self.failure(len(self.prompts))
        return f"What is told in document number {len(self.prompts)}?"


@pytest.fixture(autouse=True)
def writer() -> Iterator[Writer]:
    """The chat model of the workspace."""
    made = Writer()
    for _ in filled(WRITERS, made):
        yield made


def generated(library: Library, path: str, count: int = 2) -> dict[str, Any]:
    answer = library.person.request("POST", f"{path}/generate", {"count": count, "model": "house/big"})
    assert answer.status_code == 202, answer.content
    return dict(answer.json()["generating"])


def test_a_model_writes_cases_from_chunks(library: Library, path: str, writer: Writer) -> None:
    assert generated(library, path) == {
        "model": "house/big", "done": 0, "total": 2, "is_running": True, "reason": "",
    }  # fmt: skip
    write_cases(path.rpartition("/")[2])
    body = library.person.request("GET", path).json()
    assert body["generating"] == {"model": "house/big", "done": 2, "total": 2, "is_running": False, "reason": ""}
    assert (body["case_count"], len(writer.prompts)) == (5, 2)
    cases = RetrievalTestCase.unscoped.filter(question__startswith="What is told")
    assert [len(case.chunks) for case in cases] == [1, 1]
    assert cases[0].chunks != cases[1].chunks


def test_a_model_that_writes_too_little_is_named(library: Library, path: str) -> None:
    generated(library, path, 10)
    write_cases(path.rpartition("/")[2])
    state = library.person.request("GET", path).json()["generating"]
    assert (state["done"], state["is_running"]) == (3, False)
    assert "3 of 3 chunks" in state["reason"]


def test_writing_goes_on_after_the_chunks_that_a_killed_worker_had_asked_about(
    library: Library, path: str, writer: Writer
) -> None:
    generated(library, path, 3)
    test_set_id = path.rpartition("/")[2]

    def dies(count: int) -> None:
        if count == 2:
            raise WorkerDies

    writer.failure = dies
    with pytest.raises(WorkerDies):
        write_cases(test_set_id)
    assert library.person.request("GET", path).json()["generating"]["done"] == 1
    assert library.person.request("POST", f"{path}/generate", {"model": "house/big"}).status_code == 409

    lease_expire(RetrievalTestSet, test_set_id)
    write_cases(test_set_id)
    state = library.person.request("GET", path).json()["generating"]
    assert (state["done"], state["is_running"], state["reason"]) == (3, False, "")
    passages = [prompt.splitlines()[1] for prompt in writer.prompts]
    assert len(passages) == 4
    assert len(set(passages)) == 3, "only the chunk that was being asked about is asked about again"


def test_writing_that_kills_its_workers_ends(library: Library, path: str, writer: Writer) -> None:
    generated(library, path)
    test_set_id = path.rpartition("/")[2]

    def dies(count: int) -> None:
        raise WorkerDies

    writer.failure = dies
    for _ in range(3):
        with pytest.raises(WorkerDies):
            write_cases(test_set_id)
        lease_expire(RetrievalTestSet, test_set_id)
    sweep()
    state = library.person.request("GET", path).json()["generating"]
    assert (state["is_running"], state["done"]) == (False, 0)
    assert "died 3 times" in state["reason"]
    assert generated(library, path)["is_running"], "it may be asked for again"


def test_a_wish_that_cannot_be_met_is_refused(library: Library, path: str) -> None:
    ask = library.person.request
    assert ask("POST", f"{path}/generate", {"model": "none/such"}).json()["code"] == "model_not_found"
    assert ask("POST", f"{path}/generate", {"model": "house/big", "count": 0}).status_code == 400
    for row in ask("GET", f"{library.path}/documents").json()["results"]:
        ask("PATCH", f"{library.path}/documents/{row['id']}", {"is_enabled": False})
    assert ask("POST", f"{path}/generate", {"model": "house/big"}).status_code == 409, "nothing to ask about"
    assert RetrievalTestSet.unscoped.get(id=uuid.UUID(path.rpartition("/")[2])).generation is None
