"""The command line's way to an administrator and a token."""

import pytest

from backend.accounts.models import Membership, Role, User, Workspace
from backend.accounts.services import account_create_admin, token_create
from backend.common.errors import ApiError, Conflict, Invalid
from tests.backend.accounts.conftest import PASSWORD, browser
from tests.backend.conftest import JsonClient

pytestmark = pytest.mark.django_db


def test_an_admin_made_by_the_command_line_owns_the_workspace_and_closes_set_up() -> None:
    user = account_create_admin(email="Ops@Example.org", password=PASSWORD, workspace_name="lab", reset_password=False)
    assert user.email == "ops@example.org"
    assert Membership.unscoped.get(user=user).role == Role.OWNER
    assert browser().request("GET", "/setup").json()["required"] is False
    assert browser().login("ops@example.org").status_code == 200


def test_a_known_mail_is_an_error_unless_the_password_is_to_be_reset() -> None:
    account_create_admin(email="ops@example.org", password=PASSWORD, workspace_name="lab", reset_password=False)
    with pytest.raises(Conflict, match="--reset-password"):
        account_create_admin(
            email="OPS@example.org", password="new password 1", workspace_name="lab", reset_password=False
        )
    account_create_admin(email="ops@example.org", password="new password 1", workspace_name="lab", reset_password=True)
    user = User.objects.get()
    assert user.check_password("new password 1")
    assert Workspace.objects.filter(name="lab").count() == 1


def test_a_weak_password_creates_nothing() -> None:
    with pytest.raises(Invalid):
        account_create_admin(email="ops@example.org", password="123", workspace_name="lab", reset_password=False)
    assert not User.objects.exists() and not Workspace.objects.exists()


def test_a_token_opens_the_workspace_that_was_named() -> None:
    for name in ("one", "two"):
        account_create_admin(email="ops@example.org", password=PASSWORD, workspace_name=name, reset_password=True)
    token = token_create(email="Ops@example.org", workspace_name="two")
    assert JsonClient(token).get("/api/v1/workspace").json()["name"] == "two"
    assert JsonClient(token_create(email="ops@example.org")).get("/api/v1/workspace").json()["name"] == "one"


@pytest.mark.parametrize(("email", "workspace"), [("no@example.org", None), ("ops@example.org", "none")])
def test_a_token_for_nobody_or_nowhere_says_what_to_do(email: str, workspace: str | None) -> None:
    account_create_admin(email="ops@example.org", password=PASSWORD, workspace_name="lab", reset_password=False)
    with pytest.raises(ApiError, match="admin create"):
        token_create(email=email, workspace_name=workspace)
