"""People who sign in with a browser."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from backend.accounts.models import Membership, Role, User, Workspace

PASSWORD = "correct horse battery"


@dataclass
class Browser:
    """A browser: cookies, and the CSRF token that the page reads from its cookie."""

    client: Client
    workspace_id: str = ""

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        token = self.client.cookies.get("csrftoken")
        sent = {"X-CSRFToken": token.value} if token else {}
        sent |= {"X-Workspace": self.workspace_id} if self.workspace_id else {}
        return self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=sent | headers,
        )

    def login(self, email: str, password: str = PASSWORD, **headers: str) -> Any:
        self.request("GET", "/session")
        return self.request("POST", "/session", {"email": email, "password": password}, **headers)


def browser() -> Browser:
    """A browser that knows nobody."""
    return Browser(Client(enforce_csrf_checks=True, raise_request_exception=False))


def user_with_password(*, workspace: Workspace | None = None, role: Role = Role.OWNER) -> User:
    """Create a member who can sign in."""
    user = User(email=f"{uuid.uuid4().hex[:8]}@example.org")
    user.set_password(PASSWORD)
    user.save()
    workspace = workspace or Workspace.objects.create(name="mine")
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    """Real hashes take as long as they should, and that is not what these tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user(db: None) -> User:
    """An owner with a password."""
    return user_with_password()


@pytest.fixture
def signed_in(user: User) -> Browser:
    """The owner's browser."""
    made = browser()
    assert made.login(user.email).status_code == 200
    return made
