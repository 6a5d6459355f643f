"""The command line's way to an administrator and a token."""

from importlib import import_module

import pytest
from django.apps import apps

from backend.accounts.models import AuditEntry, Membership, Role, User, Workspace
from backend.accounts.services import account_create_admin, machine_admin_set, token_create
from backend.common.errors import ApiError, Conflict, Invalid
from tests.backend.accounts.conftest import PASSWORD, browser
from tests.backend.conftest import JsonClient, person_create

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


def test_the_first_account_administers_the_machine_and_later_ones_do_not() -> None:
    for email in ("first@example.org", "second@example.org"):
        account_create_admin(email=email, password=PASSWORD, workspace_name="lab", reset_password=False)
    assert machine_admins() == ["first@example.org"]


def test_the_machine_is_given_into_other_hands_by_the_command_line_which_is_audited() -> None:
    for email in ("first@example.org", "second@example.org"):
        account_create_admin(email=email, password=PASSWORD, workspace_name="lab", reset_password=False)
    machine_admin_set(email="Second@example.org", is_machine_admin=True)
    machine_admin_set(email="first@example.org", is_machine_admin=False)
    assert machine_admins() == ["second@example.org"]
    actions = set(AuditEntry.unscoped.values_list("action", "detail__email"))
    assert {
        ("user.machine_admin_given", "second@example.org"),
        ("user.machine_admin_taken", "first@example.org"),
    } <= actions
    with pytest.raises(Invalid, match="nobody"):
        machine_admin_set(email="nobody@example.org", is_machine_admin=True)


def test_an_installation_that_has_users_gives_the_machine_to_the_owner_who_came_first() -> None:
    people = [person_create(role) for role in (Role.EDITOR, Role.OWNER, Role.OWNER)]
    import_module("migrations.accounts.0003_machine_admin").first_owner_chosen(apps, None)
    assert machine_admins() == [people[1].user.email]


def machine_admins() -> list[str]:
    return list(User.objects.filter(is_machine_admin=True).values_list("email", flat=True))
