"""Real PostgreSQL and Redis under every backend test, and people to act as."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.contenttypes.management import create_contenttypes
from django.core.cache import cache
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate
from django.test import Client

from backend.accounts.models import ApiKey, KeyKind, Membership, Role, User, Workspace
from backend.common.redis import redis_sync
from backend.common.secrets import key_create
from tests.backend.emptying import sql_flush


@dataclass(frozen=True)
class Person:
    """A member of a workspace with a personal token, and an HTTP client that sends it."""

    user: User
    workspace: Workspace
    role: Role
    token: str
    client: Client

    def request(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """Send JSON to `/api/v1{path}` and return the response."""
        kwargs = {} if body is None else {"data": body, "content_type": "application/json"}
        return self.client.generic_json(method, f"/api/v1{path}", **kwargs, **extra)  # type: ignore[attr-defined]


class JsonClient(Client):
    """Django's test client that sends a bearer token and JSON bodies."""

    def __init__(self, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        super().__init__(headers=headers, raise_request_exception=False)

    def generic_json(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send one request by method name."""
        return getattr(self, method.lower())(path, **kwargs)


def person_create(
    role: Role = Role.OWNER, workspace: Workspace | None = None, *, is_machine_admin: bool = False
) -> Person:
    """Create a member, in a new workspace unless one is given."""
    workspace = workspace or Workspace.objects.create(name=f"ws-{uuid.uuid4().hex[:6]}")
    user = User.objects.create(
        email=f"{uuid.uuid4().hex[:10]}@example.org", password="!", is_machine_admin=is_machine_admin
    )
    Membership.objects.create(workspace=workspace, user=user, role=role)
    key = key_create("pat")
    ApiKey.objects.create(
        workspace=workspace, user=user, kind=KeyKind.PERSONAL, name="test", prefix=key.prefix, digest=key.digest
    )
    return Person(user, workspace, role, key.plaintext, JsonClient(key.plaintext))


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    cache.clear()
    redis_sync().flushdb()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End what threads of the tests' own workers still hold, so that the test database can be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def owner(db: None) -> Person:
    """The owner of a fresh workspace, who administers the machine as the first account does."""
    return person_create(is_machine_admin=True)


@pytest.fixture
def stranger(db: None) -> Person:
    """The owner of another workspace."""
    return person_create()


@pytest.fixture
def member(owner: Person) -> Callable[[Role], Person]:
    """Make a member of the owner's workspace with a role."""
    return lambda role: person_create(role, owner.workspace)


@pytest.fixture
def anonymous() -> JsonClient:
    """A client without credentials."""
    return JsonClient()


@pytest.fixture(scope="session", autouse=True)
def _empties_what_is_filled(django_db_setup: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_permission_rows(django_db_setup: None) -> None:
    """Django makes rows for its permissions after every flush; Atelier has roles, and the tests have no time."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)
