"""A page that is on, and people who visit it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import AsyncClient, Client

from backend.apps.models import App
from backend.common.database import in_database
from backend.published.models import Site
from backend.published.services import site_update
from tests.backend.apps.running import app_published, raw_stream
from tests.backend.conftest import Person

JSON = "application/json"


@dataclass
class Visitor:
    """Somebody at a page, as a browser shows them: a cookie of this page and no script's business."""

    code: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        kwargs = {} if body is None else {"data": body, "content_type": JSON}
        return getattr(self.client, method)(f"/api/v1/published/{self.code}{path}", headers=headers, **kwargs)

    def come(self, **body: Any) -> Any:
        return self.send("post", "/visitor", body)

    async def ask(self, query: str, **body: Any) -> Any:
        """Start a run and return its answer, a stream or an error."""
        client = AsyncClient(raise_request_exception=False)
        client.cookies = self.client.cookies
        return await client.post(f"/api/v1/published/{self.code}/ask", {"query": query, **body}, content_type=JSON)

    async def told(self, query: str, **body: Any) -> list[tuple[str, dict[str, Any]]]:
        """Return the events of a run, to its end."""
        return events_in(await raw_stream(await self.ask(query, **body)))


def events_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for frame in text.split("\n\n"):
        if frame.startswith("id: "):
            _, kind, data = frame.split("\n", 2)
            found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def site_make(person: Person, mode: str = "chat", changes: dict[str, Any] | None = None, **draft: Any) -> Site:
    app = app_published(mode, person, **draft).app
    return site_update(app=app, actor=person.user, changes={"is_on": True, **(changes or {})})


def visitor_make(site: Site) -> Visitor:
    visitor = Visitor(site.code)
    assert visitor.come().status_code == 200
    return visitor


async def site_of(person: Person, mode: str = "chat", changes: dict[str, Any] | None = None, **draft: Any) -> Site:
    return await in_database(site_make, person, mode, changes, **draft)


async def visitor_of(site: Site) -> Visitor:
    return await in_database(visitor_make, site)


def app_of(site: Site) -> App:
    return App.objects.within(site.workspace_id).get(id=site.app_id)
