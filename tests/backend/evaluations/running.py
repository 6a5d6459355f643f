"""What tests of experiments share: a person's requests, an app, and the jobs worker played by hand."""

import time
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from backend.apps.models import App
from backend.apps.services import draft_put
from backend.evaluations import tasks
from backend.evaluations.models import ExperimentRow
from backend.evaluations.ports import JUDGES
from backend.providers.writing import Written
from inference.types import Usage
from tests.agents.fakes import Reply
from tests.backend.apps.running import MODEL, app_published
from tests.backend.conftest import Person

PATIENCE_S = 30
OPEN = ("pending", "running", "scoring")
QUESTIONS = ("one", "two", "three", "four", "five", "six")
VERDICT_USE = Usage(prompt_tokens=9, completion_tokens=3)
GOOD, BAD = "Say it back.", "Say something else."


def ask(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """Send a request that must be answered so; return the JSON."""
    response = person.request(method, path, body)
    assert response.status_code == status, response.content
    return response.json() if response.content else None


def echo(request: Any) -> Reply:
    """A model that repeats the question when its prompt says so."""
    is_good = any(GOOD in message.content for message in request.messages)
    return Reply(request.messages[-1].content if is_good else "no idea")


def judging(says: str) -> None:
    """Have every model that judges say this and take `VERDICT_USE` for it; the fixture `world` undoes it."""

    async def ask(prompt: str, max_tokens: int) -> Written:
        return Written(says, VERDICT_USE)

    JUDGES.fill(lambda workspace_id, model: ask)


def app_made(person: Person, prompt: str = GOOD) -> App:
    """Publish a chat app with this prompt."""
    return app_published("chat", person, prompt=prompt).app


def drafted(app: App, prompt: str) -> None:
    """Give the app another draft."""
    draft_put(app=app, data={"model": {"id": MODEL}, "prompt": prompt})


def set_made(person: Person, questions: tuple[str, ...] = QUESTIONS, name: str = "Echoes") -> str:
    """Make a test set whose cases expect the question back."""
    made = ask(person, "POST", "/test-sets", {"name": name}, 201)
    lines = "query,expected\n" + "".join(f"{question},{question}\n" for question in questions)
    file = SimpleUploadedFile("cases.csv", lines.encode())
    uploaded = person.client.post(f"/api/v1/test-sets/{made['id']}/upload", {"file": file})
    assert uploaded.status_code == 201, uploaded.content
    return str(made["id"])


def evaluator_made(person: Person, kind: str = "exact", name: str = "Exact", **config: Any) -> str:
    """Make an evaluator; return its id."""
    return str(ask(person, "POST", "/evaluators", {"name": name, "kind": kind, "config": config}, 201)["id"])


def score_all() -> None:
    """Do what the jobs worker does: judge every row that waits."""
    for row_id in ExperimentRow.unscoped.filter(status="scoring").values_list("id", flat=True):
        tasks.score(str(row_id))


def finished(person: Person, experiment_id: str) -> Any:
    """Wait for the end of an experiment."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        score_all()
        body = ask(person, "GET", f"/experiments/{experiment_id}")
        if body["finished_at"]:
            return body
        assert time.monotonic() < deadline, body["progress"]
        time.sleep(0.02)


def rows(person: Person, experiment_id: str, query: str = "") -> list[Any]:
    """Return the rows of an experiment."""
    return list(ask(person, "GET", f"/experiments/{experiment_id}/rows{query}"))
