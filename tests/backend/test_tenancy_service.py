"""Nobody reaches by the service API what is not theirs: every address with every kind of key."""

import re
import uuid

import pytest

from backend.accounts.models import KeyKind
from backend.accounts.services import key_create_for
from backend.apps.models import App
from tests.backend.attacks import code_of, send, snapshot
from tests.backend.conftest import JsonClient
from tests.backend.routes import SAFE, SERVICE, cases
from tests.backend.under_attack import files_apart, world
from tests.backend.world import END_USER, World, url_of, world_create

__all__ = ["files_apart", "world"]
# Plain async views ask the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


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
