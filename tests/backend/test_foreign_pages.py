"""A foreign page reaches nothing through a signed-in browser."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.backend.attacks import code_of, send, session_client, snapshot
from tests.backend.routes import CONSOLE, SAFE, SERVICE, cases
from tests.backend.world import World, url_of, world_create

# Plain async views ask the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "https://evil.example"


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


@pytest.fixture
def world() -> World:
    """The workspace under attack."""
    return world_create()


def test_r24_a_foreign_page_writes_nowhere_even_with_a_stolen_token(world: World) -> None:
    browser = session_client(world.person)
    before, written = snapshot(), {}
    for method, route, _ in cases(CONSOLE):
        if method in SAFE:
            continue
        url = url_of(world, route)
        answer = browser.send(method, url, Origin=EVIL)
        if (answer.status_code, code_of(answer)) != (403, "csrf_failed"):
            written[f"{method} {route}"] = (answer.status_code, answer.content[:200])
    assert not written and snapshot() == before


def test_r24_a_cookie_without_the_csrf_token_writes_nowhere(world: World) -> None:
    browser = session_client(world.person)
    before, written = snapshot(), {}
    for method, route, least in cases(CONSOLE):
        if method in SAFE or least == "visitor" or (least == "public" and method != "DELETE"):
            continue
        for headers in ({}, {"X-CSRFToken": "x" * 64}):
            answer = browser.send(method, url_of(world, route), token=False, **headers)
            if (answer.status_code, code_of(answer)) != (403, "csrf_failed"):
                written[f"{method} {route}"] = (answer.status_code, answer.content[:200])
    assert not written and snapshot() == before


def test_r24_no_answer_invites_a_foreign_page(world: World) -> None:
    browser = session_client(world.person)
    for route in [*CONSOLE, *SERVICE]:
        url = url_of(world, route)
        preflight = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
        for answer in (
            browser.send("GET", url, Origin=EVIL),
            browser.send("OPTIONS", url, **preflight),
            send(world.person.client, "GET", url, Origin=EVIL),
        ):
            assert not [name for name in answer.headers if name.lower().startswith("access-control")], route
            answer.close()


def test_r24_cookies_are_kept_from_scripts_and_foreign_pages(world: World, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    world.person.user.set_password("correct horse")
    world.person.user.save()
    login = {"email": world.person.user.email, "password": "correct horse"}
    answer = Client().post("/api/v1/session", login, content_type="application/json")
    session, csrf = answer.cookies["sessionid"], answer.cookies["csrftoken"]
    assert session["httponly"] and session["samesite"] in {"Lax", "Strict"}
    assert csrf["samesite"] in {"Lax", "Strict"}
    assert settings.SESSION_COOKIE_SECURE is settings.CSRF_COOKIE_SECURE is settings.HTTPS


def test_r24_the_service_api_takes_no_cookies(world: World) -> None:
    browser = session_client(world.person)
    for method, route, kind in cases(SERVICE):
        if kind != "public":
            assert browser.send(method, url_of(world, route)).status_code == 401, route
