"""A runs worker inside the test: it takes messages off the real queue and executes them with a scripted model."""

import base64
import json
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pytest
from django.conf import settings
from django.test import AsyncClient

from backend.apps.models import App
from backend.apps.services import app_create, app_key_create, app_publish, draft_put
from backend.common.database import in_database
from backend.common.redis import redis_async_close, redis_sync
from backend.config.wiring import wire
from backend.runs.models import LIVE_STATUSES, Run
from backend.runs.ports import COST_OF, RUN_PORTS
from backend.runs.runner import Runner
from backend.runs.services import run_cancel
from tests.agents.fakes import FakeFiles, FakeKnowledge, ScriptedModel, always, ports_of
from tests.backend.conftest import Person, person_create

MODEL = "smollm2-135m-instruct"
PROMPT_PRICE, COMPLETION_PRICE = Decimal("0.5"), Decimal(2)


# With the apps named, Django empties the tables after a test without writing its own rows anew: half the time.
LIVE = pytest.mark.django_db(transaction=True, available_apps=list(settings.INSTALLED_APPS))


@lru_cache(maxsize=1)
def runner() -> Runner:
    return Runner("test")


class Worker:
    """What the runs worker is to the platform, without Celery's own start-up."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=8)
        self._running: list[Future[None]] = []
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            found = redis_sync().blpop(["runs"], timeout=0.2)
            if found is not None:
                (run_id,), _, _ = json.loads(base64.b64decode(json.loads(found[1])["body"]))
                self._running.append(self._pool.submit(runner().run, uuid.UUID(run_id)))

    def stop(self) -> None:
        """End what still runs, so that nothing holds the tables when they are emptied."""
        self._stopping.set()
        self._ear.join()
        for run in Run.unscoped.filter(status__in=LIVE_STATUSES):
            run_cancel(run=run)
        for done in self._running:
            done.result(20)
        self._pool.shutdown()


@dataclass
class World:
    """The outside world of the test's runs; change its parts before a run starts."""

    model: ScriptedModel = field(
        default_factory=lambda: ScriptedModel(always("Hello there, friend."), id=MODEL, supports_continuation=True)
    )
    knowledge: FakeKnowledge = field(default_factory=FakeKnowledge)


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """A worker that runs everything with a scripted model."""
    made = World()
    RUN_PORTS.fill(lambda spec: ports_of(made.model, knowledge=made.knowledge, files=FakeFiles()))
    COST_OF.fill(lambda ws, model, prompt, done: (prompt * PROMPT_PRICE + done * COMPLETION_PRICE) / 1_000_000)
    worker = Worker()
    yield made
    worker.stop()
    wire()


@pytest.fixture(autouse=True)
async def _close_redis() -> AsyncIterator[None]:
    yield
    await redis_async_close()


@dataclass(frozen=True)
class KeyClient:
    """A client of the service API."""

    app: App
    key: str

    async def send(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        client = AsyncClient(raise_request_exception=False)
        headers = {"Authorization": f"Bearer {self.key}"}
        kwargs = {} if body is None else {"data": body, "content_type": "application/json"}
        return await getattr(client, method)(f"/v1{path}", headers=headers, **kwargs, **extra)

    async def post(self, path: str, body: Any) -> Any:
        return await self.send("post", path, body)

    async def get(self, path: str) -> Any:
        return await self.send("get", path)


async def raw_stream(response: Any) -> str:
    assert response.headers["Content-Type"].startswith("text/event-stream"), response.content
    return b"".join([piece async for piece in response.streaming_content]).decode()


async def chunks_of(response: Any) -> list[Any]:
    """Return the JSON of each `data:` line; pings and `[DONE]` are left out."""
    lines = (await raw_stream(response)).split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ") and line != "data: [DONE]"]


def app_published(mode: str = "chat", person: Person | None = None, **draft: Any) -> KeyClient:
    """Publish an app with this draft, in a workspace of its own unless a person is given; return a client of it."""
    person = person or person_create()
    app = app_create(workspace_id=person.workspace.id, user=person.user, name="Helper", mode=mode)
    if draft:
        draft_put(app=app, data={"model": {"id": MODEL}, **draft})
    app_publish(app=app, actor=person.user)
    _, key = app_key_create(app=app, user=person.user, name="k")
    return KeyClient(App.objects.within(person.workspace.id).get(id=app.id), key)


async def published(person: Person, mode: str = "chat", **draft: Any) -> KeyClient:
    """Publish an app of the person's from an async test."""
    return await in_database(app_published, mode, person, **draft)
