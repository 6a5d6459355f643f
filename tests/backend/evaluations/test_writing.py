"""Questions and answers that a model writes from a dataset, in the background; the job itself is the datasets' own."""

from collections.abc import Iterator

import pytest

from backend.datasets.ports import WRITERS
from backend.evaluations.models import EvaluationSet
from backend.evaluations.tasks import sweep, write_cases
from rag.ports import Write
from tests.backend.datasets.conftest import Library, _embedders, files_root, filled, library, make_library
from tests.backend.evaluations.running import ask

__all__ = ["_embedders", "files_root", "library", "make_library"]
pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = {
    "terms.txt": b"The warranty lasts three years and covers the battery.",
    "bills.txt": b"Invoices are paid within  thirty days of delivery.",
}


class WorkerDies(BaseException):
    """What no handler of the job sees: it stands for a kill."""


class Writer:
    """A chat model that asks about a passage, answers with its first word, and may break."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.breaks: BaseException | None = None

    def __call__(self, workspace_id: str, model: str) -> Write:
        """Fill `WRITERS` with this."""
        return self.write

    async def write(self, prompt: str, max_tokens: int) -> str:
        """Return a question, or an answer to one."""
        self.prompts.append(prompt)
        if self.breaks:
            raise self.breaks
        if "Answer the question" in prompt:
            return f" {prompt.splitlines()[1].split()[1]} \n"
        return f"What is told in document number {len(self.prompts)}?"


@pytest.fixture
def writer() -> Iterator[Writer]:
    """The chat model of the workspace."""
    made = Writer()
    for _ in filled(WRITERS, made):
        yield made


@pytest.fixture
def set_id(library: Library, writer: Writer) -> str:
    """A test set for which two cases are wanted."""
    for name, text in TEXTS.items():
        library.add(name, text)
    made = ask(library.person, "POST", "/test-sets", {"name": "Written"}, 201)
    body = {"dataset_id": library.id, "count": 2, "model": "house/big"}
    wanted = ask(library.person, "POST", f"/test-sets/{made['id']}/generate", body, 202)
    assert wanted["generation"]["is_running"]
    ask(library.person, "POST", f"/test-sets/{made['id']}/generate", body, 409)
    return str(made["id"])


def test_a_model_writes_questions_answers_and_names_their_source(library: Library, set_id: str) -> None:
    write_cases(set_id)
    found = ask(library.person, "GET", f"/test-sets/{set_id}")
    assert (found["case_count"], found["generation"]["done"], found["generation"]["is_running"]) == (2, 2, False)
    cases = ask(library.person, "GET", f"/test-sets/{set_id}/cases")["results"]
    assert {(*case["expected_sources"], case["expected"]) for case in cases} == {
        ("terms.txt", "warranty"),
        ("bills.txt", "are"),
    }
    assert all(case["query"].startswith("What is told") for case in cases)


def test_writing_that_kills_its_workers_ends(library: Library, set_id: str, writer: Writer) -> None:
    writer.breaks = WorkerDies()
    for _ in range(3):
        with pytest.raises(WorkerDies):
            write_cases(set_id)
        EvaluationSet.unscoped.update(lease_expires_at=None)
    sweep()
    generation = ask(library.person, "GET", f"/test-sets/{set_id}")["generation"]
    assert not generation["is_running"] and "died 3 times" in generation["reason"]


def test_a_fault_of_ours_ends_the_writing_with_a_reason(library: Library, set_id: str, writer: Writer) -> None:
    writer.breaks = ZeroDivisionError()
    write_cases(set_id)
    generation = ask(library.person, "GET", f"/test-sets/{set_id}")["generation"]
    assert not generation["is_running"] and "wrong on our side" in generation["reason"]
