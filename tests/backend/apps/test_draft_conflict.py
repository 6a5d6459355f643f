"""Two people edit one draft: who saves second is told, and decides; nobody's work is lost in silence."""

from typing import Any

import pytest

from tests.backend.conftest import Person
from tests.backend.workflows.running import ECHO, app_with

CHAT = {"model": {"id": "smollm2-135m-instruct"}}


def put(person: Person, app_id: str, etag: str | None, prompt: str, mode: str = "chat") -> Any:
    body = {**CHAT, "prompt": prompt} if mode == "chat" else {**ECHO, "features": {"opening_statement": prompt}}
    headers = {} if etag is None else {"If-Match": etag}
    return person.request("put", f"/apps/{app_id}/draft?check=false", body, headers=headers)


def get(person: Person, app_id: str) -> Any:
    return person.request("get", f"/apps/{app_id}/draft")


def said(response: Any) -> str:
    body = response.json()
    return str(body["prompt"] if "prompt" in body else body["features"]["opening_statement"])


@pytest.mark.parametrize("mode", ["chat", "workflow"])
def test_the_second_save_is_refused_and_changes_nothing(owner: Person, mode: str) -> None:
    app_id = app_with(owner, mode=mode)
    read = get(owner, app_id).headers["ETag"]
    first = put(owner, app_id, read, "mine", mode)
    assert first.status_code == 200 and first.headers["ETag"] == get(owner, app_id).headers["ETag"] != read
    second = put(owner, app_id, read, "theirs", mode)
    assert (second.status_code, second.json()["code"]) == (409, "draft_changed")
    assert second.json()["extra"]["saved_at"] and said(get(owner, app_id)) == "mine"
    assert put(owner, app_id, first.headers["ETag"], "mine again", mode).status_code == 200
    assert said(get(owner, app_id)) == "mine again"


@pytest.mark.parametrize("etag", [None, "*"])
def test_who_names_no_state_overwrites_any(owner: Person, etag: str | None) -> None:
    app_id = app_with(owner, mode="chat")
    assert put(owner, app_id, None, "one").status_code == 200
    assert put(owner, app_id, etag, "two").status_code == 200
    assert said(get(owner, app_id)) == "two"


def test_a_tag_that_a_proxy_made_weak_is_the_same_tag(owner: Person) -> None:
    app_id = app_with(owner, mode="chat")
    tag = get(owner, app_id).headers["ETag"]
    assert put(owner, app_id, f'"other", W/{tag}', "one").status_code == 200
    assert put(owner, app_id, f"W/{tag}", "two").status_code == 409


def test_a_restored_version_is_another_state_of_the_same_draft(owner: Person) -> None:
    app_id = app_with(owner, mode="chat")
    assert owner.request("post", f"/apps/{app_id}/publish", {}).status_code == 201
    read = get(owner, app_id).headers["ETag"]
    restored = owner.request("post", f"/apps/{app_id}/versions/1/restore")
    assert restored.headers["Content-Location"] == f"/api/v1/apps/{app_id}/draft"
    assert put(owner, app_id, read, "lost").status_code == 409
    assert put(owner, app_id, restored.headers["ETag"], "kept").status_code == 200
