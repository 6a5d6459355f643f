"""What an attacker does, and what a test compares before and after."""

from typing import Any

from django.db import connection
from django.test import Client

from tests.backend.conftest import Person
from tests.backend.routes import SAFE

BODY = b'{"user": "ann", "rating": "like"}'
VOLATILE = "'last_used_at' - 'updated_at' - 'last_login' - 'expire_date' - 'session_data'"


def snapshot() -> dict[str, list[str]]:
    """Return every row of every table, without what any login changes."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT (to_jsonb(t) - {VOLATILE})::text FROM "{table}" t ORDER BY 1')
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def send(client: Client, method: str, url: str, **headers: str) -> Any:
    """Send a small JSON body where a body may be."""
    if method in SAFE:
        return client.generic(method, url, headers=headers)
    return client.generic(method, url, BODY, content_type="application/json", headers=headers)


def code_of(answer: Any) -> object:
    return answer.json().get("code") if answer.get("Content-Type", "").startswith("application/json") else None


# R15: (who, method, address, body with a place for an id, whose id goes there). A foreign id answers as an unknown one.


class SessionClient:
    """A signed-in browser with a valid CSRF token."""

    def __init__(self, person: Person) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.client.force_login(person.user)
        self.client.get("/api/v1/session")
        self.token = self.client.cookies["csrftoken"].value

    def send(self, method: str, url: str, *, workspace: str = "", token: bool = True, **headers: str) -> Any:
        headers |= {"X-CSRFToken": self.token} if token else {}
        headers |= {"X-Workspace": workspace} if workspace else {}
        return send(self.client, method, url, **headers)


def session_client(person: Person) -> SessionClient:
    return SessionClient(person)
