"""Makes apps of templates over HTTP."""

from typing import Any

from backend.templates.catalogue import templates
from tests.backend.conftest import Person

IDS = [template.id for template in templates()]


def create(person: Person, template_id: str, **body: Any) -> Any:
    return person.request("post", f"/templates/{template_id}/apps", {"name": "Mine", **body})


def created(person: Person, template_id: str, **body: Any) -> str:
    response = create(person, template_id, **body)
    assert response.status_code == 201, response.content
    return str(response.json()["id"])
