"""Signing in and out, the throttle, and what a new password ends."""

import pytest
from django.conf import settings as django_settings

from backend.accounts.authentication import csrf_enforce
from backend.accounts.models import Membership, User
from tests.backend.accounts.conftest import PASSWORD, Browser, browser
from tests.backend.conftest import JsonClient, Person


def test_a_right_password_signs_in_and_the_session_key_is_new(user: User) -> None:
    page = browser()
    assert page.request("GET", "/session").json() == {"authenticated": False}
    session = page.client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    page.client.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    answer = page.login(user.email.upper())
    assert answer.status_code == 200 and answer.json()["email"] == user.email
    assert page.client.cookies[django_settings.SESSION_COOKIE_NAME].value != planted
    assert page.request("GET", "/session").json() == {"authenticated": True}


def test_a_wrong_password_and_an_unknown_mail_answer_alike(user: User) -> None:
    wrong = browser().login(user.email, "not this one")
    unknown = browser().login("nobody@example.org", "not this one")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json() and wrong.json()["code"] == "invalid_credentials"


def test_an_unknown_mail_costs_a_password_hash_too(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    original = User.set_password
    monkeypatch.setattr(User, "set_password", lambda self, raw: (hashed.append(raw), original(self, raw)))
    browser().login("nobody@example.org", "a guess")
    assert hashed == ["a guess"]


def test_a_user_who_is_not_active_cannot_sign_in(user: User) -> None:
    User.objects.filter(id=user.id).update(is_active=False)
    assert browser().login(user.email).json()["code"] == "invalid_credentials"


def test_signing_out_ends_the_session(signed_in: Browser) -> None:
    assert signed_in.request("DELETE", "/session").status_code == 204
    assert signed_in.request("GET", "/me").status_code == 401


def test_ten_failures_close_the_door_for_a_mail_even_with_the_right_password(user: User) -> None:
    for number in range(10):
        answer = browser().client.post(
            "/api/v1/session",
            {"email": user.email, "password": "wrong"},
            content_type="application/json",
            REMOTE_ADDR=f"10.0.0.{number}",
        )
        assert answer.status_code == 400
    answer = browser().login(user.email)
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 300


def test_ten_failures_close_the_door_for_an_address_whatever_the_mail(user: User) -> None:
    for number in range(10):
        assert browser().login(f"{number}@example.org", "wrong").status_code == 400
    assert browser().login(user.email).status_code == 429
    elsewhere = browser().client.post(
        "/api/v1/session",
        {"email": user.email, "password": PASSWORD},
        content_type="application/json",
        REMOTE_ADDR="10.9.9.9",
    )
    assert elsewhere.status_code == 200


def test_success_forgets_the_failures_of_the_mail(user: User) -> None:
    for _ in range(2):
        for number in range(9):
            browser().client.post(
                "/api/v1/session",
                {"email": user.email, "password": "wrong"},
                content_type="application/json",
                REMOTE_ADDR=f"10.1.0.{number}",
            )
        assert browser().login(user.email).status_code == 200


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(user: User, signed_in: Browser) -> None:
    other = browser()
    other.login(user.email)
    body = {"current_password": PASSWORD, "new_password": "another good one"}
    assert signed_in.request("POST", "/me/password", body).status_code == 204
    assert signed_in.request("GET", "/me").status_code == 200
    assert other.request("GET", "/me").status_code == 401
    assert browser().login(user.email).status_code == 400
    assert browser().login(user.email, "another good one").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"current_password": "wrong", "new_password": "another good one"}, "current_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password"),
        ({"current_password": PASSWORD, "new_password": "password123"}, "new_password"),
        ({"current_password": PASSWORD, "new_password": None}, "new_password"),
        ({"new_password": "another good one"}, "current_password"),
    ],
)
def test_a_bad_password_change_changes_nothing(user: User, signed_in: Browser, body: dict, field: str) -> None:
    answer = signed_in.request("POST", "/me/password", body)
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_user_in_no_workspace_still_sees_themselves_and_can_make_one(user: User, signed_in: Browser) -> None:
    Membership.unscoped.filter(user=user).delete()
    assert signed_in.request("GET", "/me").json()["workspaces"] == []
    assert signed_in.request("GET", "/members").status_code == 403
    made = signed_in.request("POST", "/workspaces", {"name": "again"})
    assert made.status_code == 201 and made.json()["role"] == "owner"
    assert signed_in.request("GET", "/members").status_code == 200


def test_the_workspace_header_chooses_and_a_foreign_one_is_not_found(
    user: User, signed_in: Browser, stranger: Person
) -> None:
    signed_in.workspace_id = str(stranger.workspace.id)
    assert signed_in.request("GET", "/members").status_code == 404
    signed_in.workspace_id = "not-an-id"
    assert signed_in.request("GET", "/members").status_code == 404


def test_users_change_their_name(signed_in: Browser) -> None:
    assert signed_in.request("PATCH", "/me", {"name": "Ada"}).json()["name"] == "Ada"
    assert signed_in.request("GET", "/me").json()["name"] == "Ada"


def test_a_token_sees_only_its_workspace_in_me(owner: Person) -> None:
    owner.request("POST", "/workspaces", {"name": "other"})
    assert [w["id"] for w in owner.request("GET", "/me").json()["workspaces"]] == [str(owner.workspace.id)]


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "nul"])
def test_malformed_bodies_are_the_callers_mistake(db: None, anonymous: JsonClient, body: str) -> None:
    answer = anonymous.generic("POST", "/api/v1/session", body, content_type="application/json")
    assert answer.status_code == 400 and answer.json()["code"] in {"malformed_json", "invalid"}


def test_a_csrf_check_never_reads_the_body(rf, signed_in: Browser) -> None:
    request = rf.post("/api/v1/files", b"--x", content_type="multipart/form-data; boundary=x")
    request._dont_enforce_csrf_checks = False
    with pytest.raises(Exception, match="CSRF"):
        csrf_enforce(request)
    assert not request._read_started
