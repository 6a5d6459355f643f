"""Apps with annotations, an embedder without a model, and a worker whose runs look for what people answered."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backend.annotations.indexing import job_run
from backend.annotations.models import OPEN_JOBS, AnnotationJob
from backend.annotations.replying import AppAnnotations
from backend.datasets.ports import EMBEDDERS
from backend.runs.ports import RUN_PORTS
from tests.agents.fakes import FakeFiles, ports_of
from tests.backend.apps.running import World, _close_redis, world
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import filled
from tests.backend.datasets.embedding import word_embedder

__all__ = ["_close_redis", "world"]


@pytest.fixture(autouse=True)
def _embedders() -> Iterator[None]:
    yield from filled(EMBEDDERS, word_embedder)


@pytest.fixture
def annotating(world: World) -> World:
    """The scripted world, in which runs find the annotations of the database."""
    RUN_PORTS.fill(
        lambda spec: replace(
            ports_of(world.model, knowledge=world.knowledge, files=FakeFiles()), annotations=AppAnnotations(spec)
        )
    )
    return world


def jobs_work() -> None:
    """Do what a jobs worker does with the messages that were sent."""
    for job_id in list(AnnotationJob.unscoped.filter(status__in=OPEN_JOBS).values_list("id", flat=True)):
        job_run(job_id)


@dataclass(frozen=True)
class Desk:
    """A person at the annotations of one app."""

    person: Person
    app_id: uuid.UUID

    def call(self, method: str, path: str = "", body: Any = None, **extra: Any) -> Any:
        """Send a request and return the response."""
        return self.person.request(method, f"/apps/{self.app_id}/annotations{path}", body, **extra)

    def told(self, method: str, path: str = "", body: Any = None) -> Any:
        """Send a request that must succeed and return its JSON."""
        response = self.call(method, path, body)
        assert response.status_code in (200, 201), response.content
        return response.json()

    def add(self, question: str, answer: str, **more: object) -> Any:
        """Make an annotation, and have it embedded."""
        made = self.told("POST", "", {"question": question, "answer": answer, **more})
        jobs_work()
        return made

    def switch(self, **values: object) -> Any:
        """Change the settings, and have done what follows from it."""
        self.told("PATCH", "/settings", values)
        jobs_work()
        return self.told("GET", "/settings")


@pytest.fixture
def desk(owner: Person) -> Desk:
    """The owner's desk at a chat app with the reply on."""
    made = desk_of(owner)
    made.switch(is_on=True, threshold=0.9)
    return made


def desk_of(person: Person, mode: str = "chat") -> Desk:
    """Make an app and sit down at it."""
    app = person.request("POST", "/apps", {"name": "Helper", "mode": mode}).json()
    return Desk(person, uuid.UUID(app["id"]))
