"""Members, roles and invitations."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.utils import timezone

from backend.accounts.models import Invitation, Membership, Role, User
from backend.accounts.services.members import membership_change_role
from backend.common.errors import ApiError
from tests.backend.accounts.conftest import PASSWORD, Browser, browser, user_with_password
from tests.backend.conftest import JsonClient, Person, person_create

Member = Callable[[Role], Person]


def membership_of(person: Person) -> Membership:
    return Membership.objects.within(person.workspace.id).get(user=person.user)


def invite(person: Person, email: str = "new@example.org", role: str = "editor") -> str:
    answer = person.request("POST", "/invitations", {"email": email, "role": role})
    assert answer.status_code == 201, answer.content
    return answer.json()["link"].rpartition("/")[2]


def test_a_workspace_is_renamed_by_admins_alone(owner: Person, member: Member) -> None:
    assert member(Role.EDITOR).request("PATCH", "/workspace", {"name": "x"}).status_code == 403
    assert member(Role.ADMIN).request("PATCH", "/workspace", {"name": "renamed"}).json()["name"] == "renamed"
    assert owner.request("GET", "/workspace").json()["name"] == "renamed"
    assert owner.request("PATCH", "/workspace", {"name": ""}).status_code == 400


def test_members_are_listed_in_pages(owner: Person, member: Member) -> None:
    for _ in range(2):
        member(Role.VIEWER)
    first = owner.request("GET", "/members?limit=2").json()
    rest = owner.request("GET", f"/members?limit=2&cursor={first['next']}").json()
    assert [len(first["results"]), len(rest["results"]), rest["next"]] == [2, 1, None]
    assert len({item["id"] for item in first["results"] + rest["results"]}) == 3
    assert owner.request("GET", "/members?cursor=nonsense").status_code == 404


def test_a_role_changes_at_once_for_tokens_that_exist(owner: Person, member: Member) -> None:
    other = member(Role.EDITOR)
    body = {"name": "p"}
    assert other.request("POST", "/prompts", body).status_code == 201
    assert owner.request("PATCH", f"/members/{membership_of(other).id}", {"role": "viewer"}).json()["role"] == "viewer"
    assert other.request("POST", "/prompts", {"name": "q"}).status_code == 403


def test_the_last_owner_can_neither_leave_nor_step_down(owner: Person, member: Member) -> None:
    path = f"/members/{membership_of(owner).id}"
    for answer in (owner.request("PATCH", path, {"role": "admin"}), owner.request("DELETE", path)):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    second = member(Role.OWNER)
    assert second.request("PATCH", path, {"role": "admin"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one() -> None:
    first = person_create()
    rows = [membership_of(first), membership_of(person_create(Role.OWNER, first.workspace))]
    outcomes: list[str] = []

    def demote(row: Membership) -> None:
        try:
            membership_change_role(membership=row, role=Role.ADMIN, actor=None, actor_role=Role.OWNER)
            outcomes.append("done")
        except ApiError as error:
            outcomes.append(error.code)

    def demote_in_thread() -> None:
        demote(rows[1])
        connection.close()

    other = threading.Thread(target=demote_in_thread)
    with transaction.atomic():
        demote(rows[0])
        other.start()
        # The second waits for what the first has not committed yet; without the lock it would have ended by now.
        while other.is_alive() and not _somebody_waits():
            time.sleep(0.01)
    other.join()
    assert outcomes == ["done", "last_owner"]
    assert Membership.objects.within(first.workspace.id).filter(role=Role.OWNER).count() == 1


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE NOT l.granted AND a.datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def test_admins_do_not_touch_owners_nor_make_them(owner: Person, member: Member) -> None:
    admin, second = member(Role.ADMIN), member(Role.OWNER)
    assert admin.request("PATCH", f"/members/{membership_of(second).id}", {"role": "viewer"}).status_code == 403
    assert admin.request("DELETE", f"/members/{membership_of(second).id}").status_code == 403
    assert admin.request("PATCH", f"/members/{membership_of(admin).id}", {"role": "owner"}).status_code == 403
    assert admin.request("POST", "/invitations", {"email": "a@example.org", "role": "owner"}).status_code == 403
    assert (
        admin.request("PATCH", f"/members/{membership_of(member(Role.VIEWER)).id}", {"role": "editor"}).status_code
        == 200
    )


def test_editors_manage_nobody(owner: Person, member: Member) -> None:
    editor = member(Role.EDITOR)
    path = f"/members/{membership_of(owner).id}"
    assert editor.request("PATCH", path, {"role": "viewer"}).status_code == 403
    assert editor.request("DELETE", path).status_code == 403
    assert editor.request("POST", "/invitations", {"email": "a@example.org", "role": "viewer"}).status_code == 403
    assert editor.request("GET", "/invitations").status_code == 403
    assert editor.request("GET", "/audit").status_code == 403


def test_who_lacks_a_role_hears_whom_of_their_workspace_to_ask(owner: Person, member: Member, stranger: Person) -> None:
    viewer, editor = member(Role.VIEWER), member(Role.EDITOR)
    refused = viewer.request("POST", "/apps", {"name": "x", "mode": "chat"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert refused.json()["message"].endswith(f"yours is 'viewer': ask {owner.user.email} or {editor.user.email}")
    assert viewer.request("GET", "/audit").json()["message"].endswith(f": ask {owner.user.email}")


def test_an_unknown_role_is_refused_with_its_field(owner: Person, member: Member) -> None:
    answer = owner.request("PATCH", f"/members/{membership_of(member(Role.VIEWER)).id}", {"role": "king"})
    assert answer.status_code == 400 and "role" in answer.json()["extra"]["fields"]


def test_a_removed_member_is_out_and_their_tokens_do_not_come_back(owner: Person, member: Member) -> None:
    other = member(Role.EDITOR)
    assert owner.request("DELETE", f"/members/{membership_of(other).id}").status_code == 204
    assert other.request("GET", "/members").status_code == 401
    Membership.objects.create(workspace=owner.workspace, user=other.user, role=Role.VIEWER)
    assert other.request("GET", "/members").status_code == 401


def test_an_invitation_makes_an_account_once(owner: Person, anonymous: JsonClient) -> None:
    token = invite(owner)
    page = browser()
    accepted = page.request("POST", "/invitations/accept", {"token": token, "password": PASSWORD, "name": "Neu"})
    assert accepted.status_code == 200, accepted.content
    assert [(w["id"], w["role"]) for w in accepted.json()["workspaces"]] == [(str(owner.workspace.id), "editor")]
    assert page.request("GET", "/me").json()["name"] == "Neu"
    again = browser().request("POST", "/invitations/accept", {"token": token, "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (400, "invalid_invitation")
    assert owner.request("GET", "/invitations").json()["results"] == []


def test_an_invitation_ends_after_seven_days(owner: Person) -> None:
    token = invite(owner)
    row = Invitation.unscoped.get()
    assert timedelta(days=6, hours=23) < row.expires_at - timezone.now() <= timedelta(days=7)
    Invitation.unscoped.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = browser().request("POST", "/invitations/accept", {"token": token, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_invitation")


def test_a_withdrawn_invitation_opens_nothing(owner: Person) -> None:
    token = invite(owner)
    shown = owner.request("GET", "/invitations").json()["results"]
    assert "link" not in shown[0]
    assert owner.request("DELETE", f"/invitations/{shown[0]['id']}").status_code == 204
    assert browser().request("POST", "/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 400


def test_a_second_invitation_of_a_mail_replaces_the_first(owner: Person) -> None:
    first, second = invite(owner), invite(owner)
    assert browser().request("POST", "/invitations/accept", {"token": first, "password": PASSWORD}).status_code == 400
    assert browser().request("POST", "/invitations/accept", {"token": second, "password": PASSWORD}).status_code == 200


def test_a_known_user_joins_with_their_password_and_not_by_the_link_alone(owner: Person) -> None:
    known = user_with_password()
    token = invite(owner, known.email)
    refused = browser().request("POST", "/invitations/accept", {"token": token, "password": "not theirs"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_credentials")
    known.refresh_from_db()
    assert known.check_password(PASSWORD)
    assert browser().request("POST", "/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 200
    assert Membership.objects.within(owner.workspace.id).filter(user=known, role=Role.EDITOR).exists()


def test_a_signed_in_user_joins_without_a_password(owner: Person, user: User, signed_in: Browser) -> None:
    token = invite(owner, user.email)
    assert signed_in.request("POST", "/invitations/accept", {"token": token}).status_code == 200
    assert Membership.unscoped.filter(user=user).count() == 2


def test_somebody_elses_invitation_is_not_taken_by_a_session(owner: Person, signed_in: Browser) -> None:
    other = user_with_password()
    answer = signed_in.request("POST", "/invitations/accept", {"token": invite(owner, other.email)})
    assert answer.json()["code"] == "invalid_credentials"


def test_a_weak_password_keeps_the_invitation_open(owner: Person) -> None:
    token = invite(owner)
    weak = browser().request("POST", "/invitations/accept", {"token": token, "password": "123"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    assert not User.objects.filter(email="new@example.org").exists()
    assert browser().request("POST", "/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 200


def test_a_member_is_not_invited_again(owner: Person, member: Member) -> None:
    email = member(Role.VIEWER).user.email.upper()
    assert owner.request("POST", "/invitations", {"email": email, "role": "editor"}).status_code == 409


def test_the_audit_log_says_who_did_what_and_no_secret(owner: Person) -> None:
    token = invite(owner)
    owner.request("PATCH", "/workspace", {"name": "renamed"})
    answer = owner.request("GET", "/audit")
    lines = answer.json()["results"]
    assert [line["action"] for line in lines] == ["workspace.renamed", "invitation.created"]
    assert lines[0]["actor"] == {"email": owner.user.email} and lines[0]["detail"]["to"] == "renamed"
    assert token not in answer.content.decode()


def test_the_audit_log_is_found_by_who_what_and_when(owner: Person, member: Member) -> None:
    admin = member(Role.ADMIN)
    invite(owner)
    owner.request("PATCH", "/workspace", {"name": "Korvala"})
    admin.request("PATCH", "/workspace", {"name": "Harbour"})
    now = timezone.now()

    def found(**query: str) -> list[str]:
        answer = owner.request("GET", f"/audit?{urlencode(query)}")
        return [str(line["detail"].get("to") or line["action"]) for line in answer.json()["results"]]

    assert found(actor=admin.user.email[:8].upper()) == ["Harbour"]
    assert found(action="workspace.") == ["Harbour", "Korvala"]
    assert found(search="korvala") == ["Harbour", "Korvala"]  # the first was renamed from it
    assert found(action="invitation.", search="korvala") == []
    assert found(until=(now - timedelta(hours=1)).isoformat()) == []
    assert len(found(since=(now - timedelta(hours=1)).isoformat())) == 3


def test_a_filter_of_the_audit_log_that_cannot_be_read_names_its_field(owner: Person) -> None:
    refused = owner.request("GET", "/audit?since=yesterday")
    assert refused.status_code == 400 and list(refused.json()["extra"]["fields"]) == ["since"]
