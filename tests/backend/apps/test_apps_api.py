"""Applications over HTTP: made, drafted, published, keyed, counted, deleted."""

import uuid
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.utils import timezone

from backend.accounts.models import ApiKey, AuditEntry, Role
from backend.apps.models import App
from backend.datasets.models import Dataset
from backend.files.services import file_path, file_store
from backend.runs.models import Run
from tests.backend.conftest import Person

FAR = (timezone.now() + timedelta(days=400)).isoformat()


def app_of(owner: Person, mode: str = "chat", name: str = "Helper") -> dict:
    response = owner.request("post", "/apps", {"name": name, "mode": mode})
    assert response.status_code == 201, response.content
    return response.json()


def draft_of(owner: Person, app: dict) -> dict:
    return owner.request("get", f"/apps/{app['id']}/draft").json()


@pytest.mark.parametrize("mode", ["completion", "chat", "agent"])
def test_the_draft_of_a_new_app_can_be_published_as_it_is(owner: Person, mode: str) -> None:
    app = app_of(owner, mode)
    assert app["published_version"] is None and app["has_unpublished_changes"] is True
    response = owner.request("post", f"/apps/{app['id']}/publish", {"note": "first"})
    assert response.status_code == 201
    version = response.json()
    assert (version["number"], version["note"]) == (1, "first")
    assert version["created_by"] == {"email": owner.user.email}
    assert version["config"]["model"]["id"] == "smollm2-135m-instruct"
    shown = owner.request("get", f"/apps/{app['id']}").json()
    assert (shown["published_version"], shown["has_unpublished_changes"]) == (1, False)


def test_an_unknown_mode_is_a_field_error(owner: Person) -> None:
    response = owner.request("post", "/apps", {"name": "x", "mode": "poem"})
    assert response.status_code == 400 and "mode" in response.json()["extra"]["fields"]


def test_publishing_an_unchanged_draft_returns_the_version_that_is_there(owner: Person) -> None:
    app = app_of(owner)
    first = owner.request("post", f"/apps/{app['id']}/publish", {}).json()
    again = owner.request("post", f"/apps/{app['id']}/publish", {})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    draft = draft_of(owner, app) | {"prompt": "Be brief."}
    owner.request("put", f"/apps/{app['id']}/draft", draft)
    assert owner.request("get", f"/apps/{app['id']}").json()["has_unpublished_changes"] is True
    second = owner.request("post", f"/apps/{app['id']}/publish", {})
    assert (second.status_code, second.json()["number"]) == (201, 2)
    numbers = [row["number"] for row in owner.request("get", f"/apps/{app['id']}/versions").json()["results"]]
    assert numbers == [2, 1]


def test_restoring_a_version_makes_it_the_draft_and_publishes_nothing(owner: Person) -> None:
    app = app_of(owner)
    owner.request("post", f"/apps/{app['id']}/publish", {})
    before = draft_of(owner, app)
    owner.request("put", f"/apps/{app['id']}/draft", before | {"prompt": "Other."})
    owner.request("post", f"/apps/{app['id']}/publish", {})
    restored = owner.request("post", f"/apps/{app['id']}/versions/1/restore", {})
    assert restored.status_code == 200 and restored.json() == before == draft_of(owner, app)
    assert owner.request("get", f"/apps/{app['id']}").json()["published_version"] == 2
    assert owner.request("post", f"/apps/{app['id']}/versions/9/restore", {}).status_code == 404
    assert owner.request("get", f"/apps/{app['id']}/versions/1").json()["config"] == before


def test_put_replaces_the_draft_and_absent_keys_get_defaults(owner: Person) -> None:
    app = app_of(owner)
    response = owner.request("put", f"/apps/{app['id']}/draft", {"prompt": "Hello"})
    assert response.status_code == 200 and response.headers["Last-Modified"]
    draft = response.json()
    assert draft["prompt"] == "Hello" and draft["model"]["id"] == "smollm2-135m-instruct"
    assert draft["retrieval"] == {"mode": "semantic", "top_k": 4, "score_threshold": None, "rerank": False}
    assert draft["agent"] == {"strategy": "function_calling", "max_iterations": 5}
    assert draft_of(owner, app) == draft


SELECT = {"name": "a", "type": "select", "options": ["x"]}
DEEP: dict[str, object] = reduce(lambda inner, _: {"items": inner}, range(400), {})
WRONG_DRAFTS = {
    "an unknown key": ({"temprature": 1}, 400, "invalid", "temprature"),
    "an unknown key inside": ({"model": {"id": "smollm2-135m-instruct", "params": {}}}, 400, "invalid", "model.params"),
    "an unknown model": ({"model": {"id": "gpt-9"}}, 400, "model_not_found", "model.id"),
    "a model of the wrong kind": ({"model": {"id": "all-minilm-l6-v2"}}, 400, "model_not_found", "model.id"),
    "an unknown variable": ({"prompt": "Say {{what}}"}, 400, "unknown_variable", "prompt"),
    "an unknown name in the opening": ({"opening_statement": "{{who}}"}, 400, "unknown_variable", "opening_statement"),
    "an unknown dataset": ({"datasets": [str(uuid.uuid4())]}, 400, "dataset_not_found", "datasets.0"),
    "a dataset that is no id": ({"datasets": ["my docs"]}, 400, "dataset_not_found", "datasets.0"),
    "a high top_p": ({"model": {"parameters": {"top_p": 9}}}, 400, "invalid", "model.parameters.top_p"),
    "no tokens": ({"model": {"parameters": {"max_tokens": 0}}}, 400, "invalid", "model.parameters.max_tokens"),
    "a select without options": ({"variables": [{"name": "a", "type": "select"}]}, 400, "invalid", "variables.0"),
    "two of one name": ({"variables": [{"name": "a"}, {"name": "a"}]}, 400, "invalid", "body"),
    "a name with a space": ({"variables": [{"name": "a b"}]}, 400, "invalid", "variables.0"),
    "a type that is a list": ({"variables": [{"name": "a", "type": []}]}, 400, "invalid", "variables.0.type"),
    "a default that is no option": ({"variables": [SELECT | {"default": "y"}]}, 400, "invalid", "variables.0.default"),
    "a tool in a chat": ({"tools": [{"name": "calculator"}]}, 400, "invalid", "tools.0"),
    "a search that there is not": ({"retrieval": {"mode": "psychic"}}, 400, "invalid", "retrieval.mode"),
    "settings for reranking": ({"retrieval": {"rerank": {"model": "x"}}}, 400, "invalid", "retrieval.rerank"),
    "an example of a variable that is not there": (
        {"examples": [{"user": "{{x}}", "assistant": "y"}]}, 400, "unknown_variable", "examples.0.user"),
    "an example that is none": ({"examples": [{"question": "a"}]}, 400, "invalid", "examples.0.question"),
    "a schema that is none": ({"output_schema": {"type": "thing"}}, 400, "invalid_schema", "output_schema"),
    "a schema we cannot enforce": ({"output_schema": {"not": {}}}, 400, "invalid_schema", "output_schema"),
    "a schema without end": ({"output_schema": DEEP}, 400, "invalid", "output_schema"),
    "a NUL": ({"prompt": "a\0b"}, 400, "invalid", ""),
    "a number that is none": (
        {"tools": [{"name": "calculator", "config": {"x": float("nan")}}]},
        400,
        "malformed_json",
        "",
    ),
    "half a surrogate pair": ({"prompt": "a\ud800b"}, 400, "invalid", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_DRAFTS, ids=str)
def test_a_draft_that_could_not_run_is_refused_and_changes_nothing(owner: Person, case: str) -> None:
    draft, status, code, field = WRONG_DRAFTS[case]
    app = app_of(owner)
    before = draft_of(owner, app)
    response = owner.request("put", f"/apps/{app['id']}/draft", draft)
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert not field or field in body["extra"]["fields"], body
    assert draft_of(owner, app) == before


def test_a_fallback_that_is_not_there_is_refused_at_its_own_field(owner: Person) -> None:
    path = f"/apps/{app_of(owner)['id']}/draft"
    refused = owner.request("PUT", path, {"model": {"fallback": "gone/model"}})
    assert (refused.status_code, refused.json()["code"]) == (400, "model_not_found")
    assert list(refused.json()["extra"]["fields"]) == ["model.fallback"]


def test_a_schema_of_the_answer_is_kept_and_an_agent_has_none(owner: Person) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    app = app_of(owner)
    saved = owner.request("put", f"/apps/{app['id']}/draft", {"output_schema": schema})
    assert saved.status_code == 200, saved.json()
    assert draft_of(owner, app)["output_schema"] == schema
    refused = owner.request("put", f"/apps/{app_of(owner, 'agent')['id']}/draft", {"output_schema": schema})
    assert refused.status_code == 400 and "output_schema" in refused.json()["extra"]["fields"]


def test_an_unknown_variable_names_those_that_exist(owner: Person) -> None:
    app = app_of(owner)
    draft = {"prompt": "Say {{what}}", "variables": [{"name": "topic"}]}
    message = owner.request("put", f"/apps/{app['id']}/draft", draft).json()["message"]
    assert "{{what}}" in message and "{{topic}}" in message


def test_a_tool_must_exist(owner: Person) -> None:
    app = app_of(owner, "agent")
    response = owner.request("put", f"/apps/{app['id']}/draft", {"tools": [{"name": "rm_rf"}]})
    assert (response.status_code, response.json()["code"]) == (400, "tool_not_found")
    assert "calculator" in response.json()["message"]


def test_a_tool_is_set_as_it_can_be(owner: Person) -> None:
    app = app_of(owner, "agent")

    def saved(**config: object) -> Any:
        tools = [{"name": "calculator"}, {"name": "http_request", "config": config}]
        return owner.request("put", f"/apps/{app['id']}/draft", {"tools": tools})

    assert saved(hosts=["api.example.org"], timeout_s=120).status_code == 200
    assert draft_of(owner, app)["tools"][1]["config"]["hosts"] == ["api.example.org"]
    refused = saved(timeout_s=121)
    assert refused.status_code == 400
    assert list(refused.json()["extra"]["fields"]) == ["tools.1.config.timeout_s"]
    assert refused.json()["message"].startswith("tools.1.config.timeout_s: ")


def test_r15_a_dataset_of_another_workspace_is_unknown_in_a_draft(owner: Person, stranger: Person) -> None:
    theirs = Dataset.objects.create(workspace=stranger.workspace, name="theirs")
    mine = Dataset.objects.create(workspace=owner.workspace, name="mine")
    app = app_of(owner)
    refused = owner.request("put", f"/apps/{app['id']}/draft", {"datasets": [str(theirs.id)]})
    assert (refused.status_code, refused.json()["code"]) == (400, "dataset_not_found")
    accepted = owner.request("put", f"/apps/{app['id']}/draft", {"datasets": [str(mine.id)]})
    assert accepted.status_code == 200


def test_slugs_are_unique_and_made_of_any_name(owner: Person, stranger: Person) -> None:
    slugs = [app_of(owner, name=name)["slug"] for name in ("My App", "My App", "我的应用")]
    assert slugs[0] == "my-app" and slugs[1].startswith("my-app-") and slugs[2] == "app"
    assert app_of(stranger, name="My App")["slug"] == "my-app"


def test_a_list_is_filtered_by_mode_and_words(owner: Person) -> None:
    app_of(owner, "chat", "Weather")
    app_of(owner, "agent", "Sums")
    names = [row["name"] for row in owner.request("get", "/apps?mode=agent").json()["results"]]
    assert names == ["Sums"]
    names = [row["name"] for row in owner.request("get", "/apps?search=eath").json()["results"]]
    assert names == ["Weather"]
    assert owner.request("get", "/apps?mode=poem").status_code == 400


def test_a_name_can_be_changed_and_the_mode_cannot(owner: Person) -> None:
    app = app_of(owner)
    response = owner.request("patch", f"/apps/{app['id']}", {"name": "New", "mode": "agent"})
    assert (response.json()["name"], response.json()["mode"], response.json()["slug"]) == ("New", "chat", app["slug"])


def test_a_key_is_shown_once_and_can_be_revoked(owner: Person) -> None:
    app = app_of(owner)
    made = owner.request("post", f"/apps/{app['id']}/keys", {"name": "site", "rate_limit_per_minute": 5})
    assert made.status_code == 201 and made.json()["key"].startswith("app-")
    listed = owner.request("get", f"/apps/{app['id']}/keys").json()["results"]
    assert [row["name"] for row in listed] == ["site"] and "key" not in listed[0]
    assert made.json()["key"] not in str(listed)
    assert owner.request("delete", f"/apps/{app['id']}/keys/{listed[0]['id']}").status_code == 204
    assert owner.request("get", f"/apps/{app['id']}/keys").json()["results"] == []
    assert ApiKey.unscoped.get(id=listed[0]["id"]).revoked_at is not None


def test_a_key_of_another_app_is_not_found(owner: Person) -> None:
    one, other = app_of(owner, name="one"), app_of(owner, name="other")
    key = owner.request("post", f"/apps/{one['id']}/keys", {"name": "k", "expires_at": FAR}).json()
    assert owner.request("delete", f"/apps/{other['id']}/keys/{key['id']}").status_code == 404


def test_an_app_has_at_most_ten_keys(owner: Person) -> None:
    app = app_of(owner)
    codes = [owner.request("post", f"/apps/{app['id']}/keys", {"name": "k"}).status_code for _ in range(11)]
    assert codes == [201] * 10 + [409]


def test_deleting_an_app_keeps_its_runs(owner: Person) -> None:
    app = app_of(owner)
    run = Run.objects.create(workspace=owner.workspace, app_id=app["id"], source="console", status="succeeded", spec={})
    assert owner.request("delete", f"/apps/{app['id']}").status_code == 204
    assert not App.objects.within(owner.workspace.id).exists()
    assert Run.objects.within(owner.workspace.id).get(id=run.id).app_id is None
    actions = list(AuditEntry.objects.within(owner.workspace.id).values_list("action", flat=True))
    assert "app.deleted" in actions and "app.created" in actions


def test_r17_a_viewer_reads_and_cannot_write(owner: Person, member) -> None:
    app = app_of(owner)
    viewer = member(Role.VIEWER)
    assert viewer.request("get", f"/apps/{app['id']}/draft").status_code == 200
    for method, path, body in (
        ("post", "/apps", {"name": "x", "mode": "chat"}),
        ("put", f"/apps/{app['id']}/draft", {}),
        ("post", f"/apps/{app['id']}/publish", {}),
        ("post", f"/apps/{app['id']}/keys", {"name": "k"}),
        ("delete", f"/apps/{app['id']}", None),
    ):
        assert viewer.request(method, path, body).status_code == 403, path


def test_statistics_count_the_last_thirty_days(owner: Person) -> None:
    app = app_of(owner)

    def run(status: str, age_days: int = 0, **values) -> None:
        made = Run.objects.create(
            workspace=owner.workspace, app_id=app["id"], source="service_api", status=status, spec={}, **values
        )
        Run.unscoped.filter(id=made.id).update(created_at=timezone.now() - timedelta(days=age_days))

    run("succeeded", prompt_tokens=10, completion_tokens=5, cost=Decimal("0.002"), end_user="ann")
    run("failed", prompt_tokens=1, end_user="ann")
    run("succeeded", age_days=3, completion_tokens=4, end_user="bob")
    run("succeeded", age_days=45, completion_tokens=1000, end_user="old")
    found = owner.request("get", f"/apps/{app['id']}/statistics").json()
    assert (found["runs"], found["users"]) == (3, 2)
    assert (found["prompt_tokens"], found["completion_tokens"]) == (11, 9)
    assert Decimal(found["cost"]) == Decimal("0.002")
    assert found["error_rate"] == pytest.approx(1 / 3)
    assert len(found["days"]) == 30
    assert (found["days"][-1]["runs"], found["days"][-1]["tokens"]) == (2, 16)
    assert (found["days"][-4]["runs"], found["days"][-4]["tokens"]) == (1, 4)


def test_a_body_that_is_nested_without_end_is_a_400(owner: Person) -> None:
    app = app_of(owner)
    body = '{"tools": ' + "[" * 100_000 + "}"
    response = owner.client.put(f"/api/v1/apps/{app['id']}/draft", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json")


def test_deleting_an_app_removes_the_files_of_its_end_users(owner: Person, settings, tmp_path) -> None:
    settings.FILES_ROOT = tmp_path
    app = app_of(owner)
    upload = SimpleUploadedFile("a.txt", b"hello")
    stored = file_store(workspace_id=owner.workspace.id, upload=upload, app_id=app["id"], end_user="ann")
    path = file_path(stored)
    assert path.exists()
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert owner.request("delete", f"/apps/{app['id']}").status_code == 204
    assert not path.exists()
