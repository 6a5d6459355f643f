"""Nobody reaches what is not theirs: every address, every method, every kind of caller."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from drf_spectacular.generators import SchemaGenerator

from backend.accounts.models import KeyKind, Role
from backend.accounts.services import key_create_for
from backend.apps.models import App
from backend.providers.models import Provider
from tests.backend.attacks import code_of, send, session_client, snapshot
from tests.backend.conftest import JsonClient, person_create
from tests.backend.routes import CONSOLE, OF_EVERYBODY, PAGE, SAFE, SERVICE, SITE, WATCHED, cases, routes
from tests.backend.world import END_USER, World, run_create, url_of, world_create

# Plain async views ask the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
RANK = {"viewer": 0, "editor": 1, "admin": 2}


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


@pytest.fixture
def world() -> World:
    """The workspace under attack."""
    return world_create()


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


def test_r25_the_service_api_opens_to_its_own_kind_of_key_alone(world: World) -> None:
    keys = {"app": world.app_key, "dataset": world.dataset_key, "personal": world.person.token, "none": ""}
    before, opened = snapshot(), {}
    for method, route, kind in cases(SERVICE):
        for name, key in keys.items():
            if kind not in {"public", name}:
                answer = send(JsonClient(key), method, url_of(world, route))
                if answer.status_code != 401:
                    opened[f"{name}: {method} {route}"] = answer.status_code
    assert not opened and snapshot() == before


OBJECTS = [(method, route) for method, route, kind in cases(SERVICE) if kind == "app" and "_id>" in route]


def test_r14_an_apps_key_finds_nothing_of_another_app(world: World) -> None:
    other = world_create()
    sibling = _sibling_key(world)
    before, found = snapshot(), {}
    for method, route in OBJECTS:
        url = f"{url_of(world, route)}?user={END_USER}"
        unknown = re.sub(r"[0-9a-f-]{36}", str(uuid.uuid4()), url)
        for name, key in (("another workspace", other.app_key), ("a sibling app", sibling)):
            answer, for_nothing = send(JsonClient(key), method, url), send(JsonClient(key), method, unknown)
            same = (answer.status_code, code_of(answer)) == (for_nothing.status_code, code_of(for_nothing))
            if not same or "secret" in answer.content.decode():
                found[f"{name}: {method} {route}"] = (answer.status_code, for_nothing.status_code)
    assert not found and snapshot() == before


def test_r14_a_dataset_key_finds_nothing_of_another_workspace(world: World) -> None:
    other = world_create()
    before, found = snapshot(), {}
    for method, route, kind in cases(SERVICE):
        if kind == "dataset" and "_id>" in route:
            answer = send(JsonClient(other.dataset_key), method, url_of(world, route))
            if answer.status_code != 404:
                found[f"{method} {route}"] = (answer.status_code, answer.content[:200])
    assert not found and snapshot() == before


def test_r14_an_end_user_finds_nothing_of_another_end_user(world: World) -> None:
    client, found = JsonClient(world.app_key), {}
    before = snapshot()
    # An annotation is the app's own: whoever has its key cares for it.
    for method, route in (each for each in OBJECTS if "annotation" not in each[1]):
        url = url_of(world, route)
        sent = {"content_type": "application/json"} if method not in SAFE else {}
        body = b'{"user": "bob", "name": "mine", "rating": "like"}' if method not in SAFE else b""
        answer = client.generic(method, f"{url}?user=bob", body, **sent)
        if answer.status_code == 200 and "secret" in b"".join(answer).decode():
            found[f"{method} {route}"] = answer.status_code
    assert not found and snapshot() == before


def _sibling_key(world: World) -> str:
    sibling = App.objects.create(workspace=world.person.workspace, name="sibling", slug="sibling", mode="chat")
    return key_create_for(workspace_id=sibling.workspace_id, kind=KeyKind.APP, name="s", user=None, app_id=sibling.id)[
        1
    ]


def bodies(ids: dict[str, str], model: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield (caller, method, address in the caller's own world, body) with the ids of somebody else's objects."""
    app = "api/v1/apps/<uuid:app_id>"
    embedded = {"id": "smollm2-135m-instruct"}
    yield "console", "PUT", f"{app}/draft", {"model": embedded, "datasets": [ids["dataset_id"]]}
    yield "console", "PUT", f"{app}/draft", {"model": {"id": f"{model}/big"}}
    template = {"name": "t", "dataset": ids["dataset_id"]}
    yield "console", "POST", "api/v1/templates/<str:template_id>/apps", template
    yield "console", "POST", "api/v1/templates/<str:template_id>/apps", {"name": "t", "model": f"{model}/big"}
    yield "console", "POST", "api/v1/datasets", {"name": "n", "embedding_model": f"{model}/vectors"}
    dataset = "api/v1/datasets/<uuid:dataset_id>"
    yield "console", "PATCH", dataset, {"tags": [ids["tag_id"]]}
    yield "console", "PATCH", dataset, {"qa_model": f"{model}/big", "chunk_mode": "qa"}
    yield "console", "POST", f"{dataset}/reembed", {"model": f"{model}/vectors"}
    yield "console", "POST", f"{dataset}/preview", {"document_id": ids["document_id"]}
    yield "console", "POST", f"{dataset}/retrieve", {"query": "q", "rewrite": True, "model": f"{model}/big"}
    watched = {"name": "n", "metric": "runs", "window_minutes": 5, "comparison": "above", "threshold": 1}
    watched |= {"channel": "email", "recipients": ["a@example.org"], "app": ids["app_id"]}
    yield "console", "POST", "api/v1/alerts", watched
    yield "console", "PATCH", "api/v1/alerts/<uuid:alert_id>", {"app": ids["app_id"]}
    allowed = {"metric": "runs", "period": "day", "amount": "1"}
    yield "console", "POST", "api/v1/limits", {**allowed, "scope": "app", "app": ids["app_id"]}
    yield "console", "POST", "api/v1/limits", {**allowed, "scope": "key", "key": ids["app_key_id"]}
    yield "console", "POST", "api/v1/end-user-erasures", {"end_user": END_USER, "app": ids["app_id"]}
    test_set = f"{dataset}/test-sets/<uuid:test_set_id>"
    yield "console", "POST", f"{test_set}/cases", {"question": "q", "chunks": [ids["chunk_id"]]}
    yield "console", "PATCH", f"{test_set}/cases/<uuid:case_id>", {"chunks": [ids["chunk_id"]]}
    yield "console", "POST", f"{test_set}/generate", {"model": f"{model}/big"}
    searched = {"name": "a", "rewrite": True, "model": f"{model}/big"}
    yield "console", "POST", f"{test_set}/evaluations", {"settings": [searched]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "conversation_id": ids["conversation_id"]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "files": [ids["file_id"]]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "run_id": ids["run_id"]}
    cases = "api/v1/test-sets/<uuid:evaluation_set_id>"
    yield "console", "POST", "api/v1/test-sets", {"name": "t", "app_id": ids["app_id"]}
    yield "console", "PATCH", cases, {"app_id": ids["app_id"]}
    written = {"dataset_id": ids["dataset_id"], "count": 1, "model": embedded["id"]}
    yield "console", "POST", f"{cases}/generate", written
    yield "console", "POST", f"{cases}/generate", {**written, "model": f"{model}/big"}
    yield "console", "POST", "api/v1/runs/<uuid:run_id>/test-cases", {"set_id": ids["evaluation_set_id"]}
    judged = {"set_id": ids["evaluation_set_id"], "evaluator_ids": [ids["evaluator_id"]]}
    yield "console", "PUT", f"{app}/gate", judged
    yield "console", "POST", "api/v1/experiments", {"app_id": ids["app_id"], "variants": [{}], **judged}
    judge = {"name": "j", "kind": "judge", "config": {"model": f"{model}/big"}}
    yield "console", "POST", "api/v1/evaluators", judge
    talk = {"query": "q", "inputs": {}, "user": END_USER, "response_mode": "blocking"}
    picture = {"type": "document", "transfer_method": "local_file", "upload_file_id": ids["end_user_file_id"]}
    yield "service", "POST", "v1/chat-messages", {**talk, "conversation_id": ids["conversation_id"]}
    yield "service", "POST", "v1/chat-messages", {**talk, "files": [picture]}


def test_r15_a_foreign_id_in_a_body_answers_like_one_that_does_not_exist(world: World) -> None:
    mine = world_create()
    mine.app.draft = {"model": {"id": "smollm2-135m-instruct"}}
    mine.app.save()
    differing = {}
    nothing = {name: str(uuid.uuid4()) for name in world.ids}
    Provider.objects.within(world.person.workspace.id).update(name="palace")
    pairs = zip(bodies(world.ids, "palace"), bodies(nothing, "nowhere"), strict=True)
    before = snapshot()
    for (caller, method, route, foreign), (_, _, _, unknown) in pairs:
        client = mine.person.client if caller == "console" else JsonClient(mine.app_key)
        answers = [
            client.generic_json(method, url_of(mine, route), data=body, content_type="application/json")
            for body in (foreign, unknown)
        ]
        codes = [(answer.status_code, code_of(answer)) for answer in answers]
        if codes[0] != codes[1] or not 400 <= codes[0][0] < 500:
            differing[f"{method} {route} {foreign}"] = [answer.content[:200] for answer in answers]
    # That an app knows a new end user of its own is no secret of anybody's.
    after = snapshot() | {"service_api_enduser": before["service_api_enduser"]}
    assert not differing and after == before


# Ids that a request's body may carry, by the schema. What is new here needs a line in `bodies`.
KNOWN_BODY_IDS = {
    "node_id",
    "app_id",
    "dataset_id",
    "set_id",
    "evaluator_ids",
    "run_id",
    "conversation_id",
    "files",
    "datasets",
    "dataset",
    "embedding_model",
    "model",
    "document_id",
    "app",
    "key",
}


def test_r15_every_id_in_a_body_is_one_that_the_test_above_knows() -> None:
    schema = SchemaGenerator().get_schema(public=True)
    found: set[str] = set()
    for methods in schema["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found |= _id_names(content.get("schema", {}), schema["components"]["schemas"], set())
    assert found <= KNOWN_BODY_IDS, found - KNOWN_BODY_IDS


def _id_names(node: Any, components: dict[str, Any], seen: set[str]) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_id_names(item, components, seen) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if (name := node.get("$ref", "").rpartition("/")[2]) and name not in seen:
        seen.add(name)
        return _id_names(components[name], components, seen)
    names = {
        name
        for name, value in node.get("properties", {}).items()
        if not value.get("readOnly") and (re.search(r"_ids?$", name) or value.get("format") == "uuid")
    }
    return (
        names
        | _id_names(list(node.get("properties", {}).values()), components, seen)
        | _id_names(
            [node.get("items"), *node.get("oneOf", []), *node.get("allOf", []), *node.get("anyOf", [])],
            components,
            seen,
        )
    )


def test_uploads_of_one_workspace_are_unknown_in_another_even_with_the_same_bytes(world: World) -> None:
    stranger = person_create()
    made = stranger.client.post("/api/v1/files", {"file": SimpleUploadedFile("b.txt", b"secret file")})
    assert made.status_code == 201 and made.json()["id"] not in world.ids.values()


def test_runs_of_another_workspace_are_not_found_by_their_events(world: World) -> None:
    stranger = person_create()
    run = run_create(world.app)
    answer = send(stranger.client, "GET", f"/api/v1/runs/{run.id}/events")
    assert answer.status_code == 404 and b"secret" not in answer.content
