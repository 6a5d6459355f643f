"""What the service API says of an app, who may ask, and how it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backend.accounts.models import ApiKey, KeyKind
from backend.accounts.services import key_create_for
from backend.apps.models import App
from tests.backend.apps.running import LIVE, KeyClient, app_published
from tests.backend.conftest import Person

pytestmark = LIVE


def get(client: KeyClient, path: str, key: str | None = None) -> Any:
    token = client.key if key is None else key
    headers = {"Authorization": f"bEaReR {token}"} if token else {}
    return Client(raise_request_exception=False).get(f"/v1{path}", headers=headers)


def post(client: KeyClient, path: str, body: str = "{}", key: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {client.key if key is None else key}"}
    http = Client(raise_request_exception=False)
    return http.post(f"/v1{path}", body, content_type="application/json", headers=headers)


def test_parameters_describe_the_form_of_the_published_version(owner: Person) -> None:
    variables = [
        {"name": "topic", "label": "Topic", "type": "text", "required": True, "max_length": 20},
        {"name": "tone", "type": "select", "options": ["kind", "cool"], "default": "kind"},
        {"name": "count", "type": "number"},
    ]
    client = app_published("chat", owner, variables=variables, opening_statement="Hi!", suggested_questions=["Why?"])
    found = get(client, "/parameters").json()
    assert (found["opening_statement"], found["suggested_questions"]) == ("Hi!", ["Why?"])
    assert found["user_input_form"] == [
        {"text-input": {"label": "Topic", "variable": "topic", "required": True, "max_length": 20, "default": ""}},
        {
            "select": {
                "label": "tone",
                "variable": "tone",
                "required": False,
                "max_length": None,
                "default": "kind",
                "options": ["kind", "cool"],
            }
        },
        {"number": {"label": "count", "variable": "count", "required": False, "max_length": None, "default": ""}},
    ]
    assert found["file_upload"]["image"]["enabled"] is False
    assert found["system_parameters"]["file_size_limit"] == 100
    assert found["retriever_resource"] == {"enabled": False}


@pytest.mark.parametrize(("mode", "name"), [("chat", "chat"), ("agent", "agent-chat"), ("completion", "completion")])
def test_info_site_and_meta(owner: Person, mode: str, name: str) -> None:
    client = app_published(mode, owner)
    assert get(client, "/info").json() == {
        "name": "Helper",
        "description": "",
        "tags": [],
        "mode": name,
        "author_name": "",
    }
    assert get(client, "/site").json()["title"] == "Helper"
    assert get(client, "/meta").json() == {"tool_icons": {}}


def test_the_index_needs_no_key(owner: Person) -> None:
    assert Client().get("/v1/").json()["api_version"] == "v1"


def test_only_a_live_app_key_opens_the_routes(owner: Person) -> None:
    client = app_published("chat", owner)

    def make(kind: KeyKind, **values: Any) -> str:
        return key_create_for(workspace_id=owner.workspace.id, kind=kind, name="k", user=owner.user, **values)[1]

    expired = make(KeyKind.APP, app_id=client.app.id)
    ApiKey.unscoped.filter(prefix=expired[:12]).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked = make(KeyKind.APP, app_id=client.app.id)
    ApiKey.unscoped.filter(prefix=revoked[:12]).update(revoked_at=timezone.now())
    wrong = ["", "app-unknown", owner.token, make(KeyKind.DATASET), expired, revoked]
    for key in wrong:
        answer = get(client, "/info", key)
        assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (401, "unauthorized", 401), key
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert get(client, "/info").status_code == 200


def test_credentials_come_before_the_body(owner: Person) -> None:
    client = app_published("chat", owner)
    assert post(client, "/chat-messages", "{" * 100_000, key="app-wrong").status_code == 401
    answer = post(client, "/chat-messages", "{" * 100_000)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_a_keys_rate_limit_is_429_with_retry_after(owner: Person) -> None:
    client = app_published("chat", owner)
    _, key = key_create_for(
        workspace_id=owner.workspace.id,
        kind=KeyKind.APP,
        name="slow",
        user=owner.user,
        app_id=client.app.id,
        rate_limit_per_minute=2,
    )
    answers = [get(client, "/info", key) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and refused[0].json()["code"] == "too_many_requests"
    assert int(refused[0].headers["Retry-After"]) <= 60


def test_a_path_that_is_not_of_the_contract_is_404_in_difys_shape(owner: Person) -> None:
    client = app_published("chat", owner)
    answer = get(client, "/poems")
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "there is no GET /v1/poems", "status": 404}
    answer = post(client, "/info")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_what_comes_later_says_so_and_workflow_routes_name_the_apps_mode(owner: Person) -> None:
    client = app_published("chat", owner)
    later = post(client, "/audio-to-text")
    assert (later.status_code, later.json()["code"]) == (501, "not_yet")
    workflow = post(client, "/workflows/run")
    assert (workflow.status_code, workflow.json()["code"]) == (400, "not_workflow_app")
    assert get(client, "/datasets").status_code == 401


def test_a_deleted_app_closes_its_keys(owner: Person) -> None:
    client = app_published("chat", owner)
    App.objects.within(owner.workspace.id).filter(id=client.app.id).delete()
    assert get(client, "/info").status_code == 401


def test_a_page_of_another_origin_gains_nothing_by_cookies(owner: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner.user)
    assert browser.get("/v1/info").status_code == 401
