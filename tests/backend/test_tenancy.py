"""Nobody reaches what is not theirs in the console: every address, every method, every kind of caller."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.accounts.models import Role
from tests.backend.attacks import code_of, send, session_client, snapshot
from tests.backend.conftest import JsonClient, person_create
from tests.backend.routes import CONSOLE, OF_EVERYBODY, PAGE, SAFE, SERVICE, SITE, WATCHED, cases, routes
from tests.backend.under_attack import files_apart, world
from tests.backend.world import World, run_create, url_of, world_create

__all__ = ["files_apart", "world"]
# Plain async views ask the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
RANK = {"viewer": 0, "editor": 1, "admin": 2}


def has_id(route: str) -> bool:
    return "<" in route


def test_r14_every_address_is_in_the_table() -> None:
    known = set(CONSOLE) | set(SERVICE) | PAGE | WATCHED
    assert set(routes()) == known, "add new addresses to tests/backend/routes.py with the least role of each method"


def test_r14_every_method_of_a_view_is_in_the_table() -> None:
    differing = {}
    for route, pattern in routes().items():
        view = getattr(pattern.callback, "cls", None)
        if view is not None:
            methods = {name.upper() for name in view.http_method_names if hasattr(view, name)} - {"OPTIONS", "HEAD"}
            if methods != set(CONSOLE[route]):
                differing[route] = sorted(methods)
    assert not differing


def test_r14_a_method_that_is_not_in_the_table_does_nothing(world: World) -> None:
    before, answered = snapshot(), {}
    for route, methods in CONSOLE.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(methods):
            status = send(world.person.client, method, url_of(world, route)).status_code
            # A visitor's address asks first who is there, whatever the method.
            if status not in {404, 405} and (status, "visitor") != (401, next(iter(methods.values()))):
                answered[f"{method} {route}"] = status
    assert not answered and snapshot() == before


def test_r14_the_owner_reaches_everything_so_that_refusals_mean_something(world: World) -> None:
    unreached = {}
    for method, route, least in sorted(cases(CONSOLE), key=lambda case: case[0] != "GET"):
        if least in {"public", "visitor"}:
            continue
        target = world_create() if method == "DELETE" else world
        answer = send(target.person.client, method, url_of(target, route))
        if answer.status_code in {401, 403, 404, 405, 500}:
            unreached[f"{method} {route}"] = (answer.status_code, answer.content[:200])
        answer.close()
    assert not unreached


def test_r14_another_workspaces_owner_finds_nothing_and_changes_nothing(world: World) -> None:
    stranger = person_create(is_machine_admin=True)
    before, leaked = snapshot(), {}
    for method, route, least in cases(CONSOLE):
        if least in {"public", "visitor", "user"} or not has_id(route):
            continue
        answer = send(stranger.client, method, url_of(world, route))
        if answer.status_code != 404 and route not in OF_EVERYBODY:
            leaked[f"{method} {route}"] = (answer.status_code, answer.content[:200])
    assert not leaked and snapshot() == before


def test_r14_a_session_cannot_name_a_workspace_that_it_is_not_in(world: World) -> None:
    stranger = session_client(person_create(is_machine_admin=True))
    before, leaked = snapshot(), {}
    for method, route, least in cases(CONSOLE):
        if least in {"public", "visitor", "user"}:
            continue
        answer = stranger.send(method, url_of(world, route), workspace=str(world.person.workspace.id))
        if answer.status_code != 404:
            leaked[f"{method} {route}"] = (answer.status_code, answer.content[:200])
    assert not leaked and snapshot() == before


def text_of(answer: Any) -> str:
    """Return the body of an answer, of one that is written while it is read too."""
    if not answer.streaming:
        return answer.content.decode()

    async def collect() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(collect)().decode()


def test_r14_lists_hold_nothing_of_another_workspace(world: World) -> None:
    stranger = person_create()
    secrets = [*world.ids.values(), world.person.user.email, "secret", "the house", "papers"]
    known = {"anything", "enable", *(world.ids[name] for name in ("tool_name", "template_id", "model_id"))}
    secrets = [secret for secret in secrets if len(secret) > 5 and secret not in known]
    for method, route, least in cases(CONSOLE):
        if method == "GET" and not has_id(route) and least not in {"public"} and route != "api/v1/schema":
            content = text_of(send(stranger.client, "GET", url_of(world, route))).replace('"is_secret"', "")
            assert not [secret for secret in secrets if secret in content], route


def test_r14_every_lesser_role_is_refused_and_changes_nothing(world: World) -> None:
    members = {role: person_create(role, world.person.workspace) for role in (Role.VIEWER, Role.EDITOR)}
    before, allowed = snapshot(), {}
    for method, route, least in cases(CONSOLE):
        for role, member in members.items():
            if least in RANK and RANK[role.value] < RANK[least]:
                answer = send(member.client, method, url_of(world, route))
                if answer.status_code != 403:
                    allowed[f"{role.value}: {method} {route}"] = answer.status_code
    assert not allowed and snapshot() == before


def test_who_owns_a_workspace_does_not_thereby_care_for_the_machine(world: World) -> None:
    owner = person_create(workspace=world.person.workspace)
    browser = session_client(owner)
    before, answered = snapshot(), {}
    machine = [(method, route) for method, route, least in cases(CONSOLE) if least == "machine"]
    assert len(machine) >= 7
    for method, route in machine:
        url = url_of(world, route)
        token, session = send(owner.client, method, url), browser.send(method, url, workspace=str(owner.workspace.id))
        answered[f"{method} {route}"] = [(answer.status_code, code_of(answer)) for answer in (token, session)]
    refused = (403, "machine_admin_needed")
    assert all(answers == [refused, refused] for answers in answered.values()), answered
    assert snapshot() == before


def test_r17_a_viewer_changes_nothing_through_any_channel(world: World) -> None:
    viewer = person_create(Role.VIEWER, world.person.workspace)
    own = {"api/v1/tokens", "api/v1/tokens/<uuid:token_id>", "api/v1/workspaces", "api/v1/me", "api/v1/me/password"}
    own |= {"api/v1/run-views", "api/v1/run-views/<uuid:view_id>"}
    browser = session_client(viewer)
    before = snapshot()
    for method, route, least in cases(CONSOLE):
        if method in SAFE or route in own or least in {"public", "visitor"}:
            continue
        url = url_of(world, route)
        answers = [
            send(viewer.client, method, url),
            browser.send(method, url, workspace=str(world.person.workspace.id)),
            viewer.client.generic(method, url, *_form()),
            # What a client could hope to slip past a check of the method.
            send(viewer.client, "POST", url, **{"X-HTTP-Method-Override": method}),
            send(viewer.client, "GET", f"{url}?_method={method}"),
        ]
        if least != "viewer":
            assert [answer.status_code for answer in answers[:3]] == [403] * 3, (method, route)
    for method, route, _ in cases(SERVICE):
        assert send(viewer.client, method, url_of(world, route)).status_code == (200 if route == "v1/" else 401)
    assert snapshot() == before


def _form() -> tuple[bytes, str]:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n--b--\r\n'
    return body, "multipart/form-data; boundary=b"


def test_r25_nothing_is_open_without_credentials_but_what_the_table_calls_public(world: World) -> None:
    public = {route for _, route, least in cases(CONSOLE) if least == "public"}
    entrance = {SITE, f"{SITE}/picture", f"{SITE}/visitor"}
    assert public == {"api/v1/health", "api/v1/setup", "api/v1/session", "api/v1/invitations/accept", *entrance}
    before, opened = snapshot(), {}
    callers = {
        "nobody": JsonClient(),
        "an unknown token": JsonClient("pat-" + "x" * 43),
        "an app's key": JsonClient(world.app_key),
        "a dataset key": JsonClient(world.dataset_key),
    }
    for method, route, least in cases(CONSOLE):
        for name, client in callers.items():
            if least != "public":
                answer = send(client, method, url_of(world, route))
                if answer.status_code != 401 or "WWW-Authenticate" not in answer:
                    opened[f"{name}: {method} {route}"] = answer.status_code
    assert not opened and snapshot() == before


def test_r25_credentials_are_asked_for_before_the_body_is_read(world: World) -> None:
    early = {}
    for method, route, least in [*cases(CONSOLE), *cases(SERVICE)]:
        if method not in SAFE and least not in {"public"}:
            answer = JsonClient().generic(method, url_of(world, route), b"{" * 1000, content_type="application/json")
            if answer.status_code != 401:
                early[f"{method} {route}"] = answer.status_code
    assert not early


def test_uploads_of_one_workspace_are_unknown_in_another_even_with_the_same_bytes(world: World) -> None:
    stranger = person_create()
    made = stranger.client.post("/api/v1/files", {"file": SimpleUploadedFile("b.txt", b"secret file")})
    assert made.status_code == 201 and made.json()["id"] not in world.ids.values()


def test_runs_of_another_workspace_are_not_found_by_their_events(world: World) -> None:
    stranger = person_create()
    run = run_create(world.app)
    answer = send(stranger.client, "GET", f"/api/v1/runs/{run.id}/events")
    assert answer.status_code == 404 and b"secret" not in answer.content
