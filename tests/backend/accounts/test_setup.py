"""The first user: made once, with the code where strangers could reach the page."""

import threading

import pytest
from django.db import connection

from backend.accounts.models import Membership, User
from backend.accounts.services.users import setup_finish
from backend.common.errors import ApiError
from tests.backend.accounts.conftest import PASSWORD, browser
from tests.backend.conftest import JsonClient

FIRST = {"email": "First@Example.org", "password": PASSWORD, "workspace_name": "lab"}


def test_the_first_user_owns_the_first_workspace_and_is_signed_in(db: None) -> None:
    page = browser()
    assert page.request("GET", "/setup").json() == {"required": True, "code_required": False}
    made = page.request("POST", "/setup", FIRST)
    assert made.status_code == 201, made.content
    assert made.json()["email"] == "first@example.org"
    assert [(w["name"], w["role"]) for w in made.json()["workspaces"]] == [("lab", "owner")]
    assert page.request("GET", "/me").json()["id"] == made.json()["id"]
    assert page.request("GET", "/setup").json()["required"] is False


def test_set_up_is_closed_once_a_user_exists(db: None, anonymous: JsonClient) -> None:
    User.objects.create(email="there@example.org")
    answer = anonymous.post("/api/v1/setup", FIRST, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "setup_closed")
    assert User.objects.count() == 1


@pytest.mark.parametrize(("code", "status"), [("", 400), ("wrong", 400), ("right", 201)])
def test_off_loopback_the_code_is_needed(db: None, anonymous: JsonClient, settings, code: str, status: int) -> None:
    settings.LOOPBACK = False
    assert anonymous.get("/api/v1/setup").json()["code_required"] is True
    sent = settings.SECRETS.setup_code if code == "right" else code
    answer = anonymous.post("/api/v1/setup", {**FIRST, "code": sent}, content_type="application/json")
    assert answer.status_code == status, answer.content
    assert User.objects.exists() is (status == 201)


def test_the_code_cannot_be_guessed_by_trying(db: None, anonymous: JsonClient, settings) -> None:
    settings.LOOPBACK = False
    for _ in range(10):
        anonymous.post("/api/v1/setup", {**FIRST, "code": "guess"}, content_type="application/json")
    right = {**FIRST, "code": settings.SECRETS.setup_code}
    answer = anonymous.post("/api/v1/setup", right, content_type="application/json")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("field", ["email", "password"])
def test_set_up_with_bad_values_says_which_and_creates_nothing(db: None, anonymous: JsonClient, field: str) -> None:
    answer = anonymous.post("/api/v1/setup", {**FIRST, field: "short"}, content_type="application/json")
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"]
    assert not User.objects.exists() and not Membership.unscoped.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_user() -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def finish(email: str) -> None:
        try:
            start.wait()
            setup_finish(email=email, password=PASSWORD)
            outcomes.append("made")
        except ApiError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=finish, args=(f"{name}@example.org",)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "setup_closed"]
    assert User.objects.count() == 1
