"""Tokens and keys: shown once, stored as digests, revoked and expiring."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from backend.accounts.models import ApiKey, KeyKind, Role
from backend.accounts.services import audit_record, key_create_for
from backend.common.errors import Invalid
from backend.common.secrets import key_create, key_digest
from tests.backend.conftest import JsonClient, Person

Member = Callable[[Role], Person]


def test_r21_a_token_is_shown_once_and_stored_as_a_digest(owner: Person) -> None:
    made = owner.request("POST", "/tokens", {"name": "laptop"}).json()
    token = made["token"]
    assert token.startswith("pat-") and made["prefix"] == token[:12]
    listed = owner.request("GET", "/tokens")
    assert token not in listed.content.decode() and listed.json()["results"][0]["name"] == "laptop"
    row = ApiKey.unscoped.get(id=made["id"])
    assert row.digest == key_digest(token)
    assert token not in str(ApiKey.unscoped.filter(id=row.id).values().get())
    assert JsonClient(token).get("/api/v1/me").status_code == 200


def test_a_revoked_token_opens_nothing(owner: Person) -> None:
    made = owner.request("POST", "/tokens", {"name": "laptop"}).json()
    assert owner.request("DELETE", f"/tokens/{made['id']}").status_code == 204
    answer = JsonClient(made["token"]).get("/api/v1/me")
    assert answer.status_code == 401 and "WWW-Authenticate" in answer
    assert owner.request("DELETE", f"/tokens/{made['id']}").status_code == 404


def test_an_expired_token_opens_nothing_and_says_why(owner: Person) -> None:
    soon = timezone.now() + timedelta(hours=1)
    made = owner.request("POST", "/tokens", {"name": "short", "expires_at": soon.isoformat()}).json()
    assert JsonClient(made["token"]).get("/api/v1/me").status_code == 200
    ApiKey.unscoped.filter(id=made["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = JsonClient(made["token"]).get("/api/v1/me")
    assert answer.status_code == 401 and "expired" in answer.json()["message"]


def test_a_token_cannot_be_made_already_expired(owner: Person) -> None:
    answer = owner.request("POST", "/tokens", {"name": "x", "expires_at": "2020-01-01T00:00:00Z"})
    assert answer.status_code == 400 and "expires_at" in answer.json()["extra"]["fields"]


def test_tokens_are_seen_and_revoked_by_their_owner_alone(owner: Person, member: Member) -> None:
    made = owner.request("POST", "/tokens", {"name": "mine"}).json()
    admin = member(Role.ADMIN)
    assert made["id"] not in admin.request("GET", "/tokens").content.decode()
    assert admin.request("DELETE", f"/tokens/{made['id']}").status_code == 404


def test_a_viewer_may_have_tokens_that_are_a_viewers(member: Member) -> None:
    viewer = member(Role.VIEWER)
    token = viewer.request("POST", "/tokens", {"name": "read"}).json()["token"]
    client = JsonClient(token)
    assert client.get("/api/v1/prompts").status_code == 200
    assert client.post("/api/v1/prompts", {"name": "p"}, content_type="application/json").status_code == 403


def test_a_dataset_key_does_not_open_the_console(owner: Person) -> None:
    made = owner.request("POST", "/dataset-keys", {}).json()
    assert made["key"].startswith("dataset-")
    answer = JsonClient(made["key"]).get("/api/v1/datasets")
    assert answer.status_code == 401 and "pat-" in answer.json()["message"]
    assert [key["id"] for key in owner.request("GET", "/dataset-keys").json()["results"]] == [made["id"]]
    assert owner.request("DELETE", f"/dataset-keys/{made['id']}").status_code == 204
    assert owner.request("GET", "/dataset-keys").json()["results"] == []


@pytest.mark.parametrize("token", ["nonsense", "pat-unknown", "pat-", "app-" + "x" * 43])
def test_unknown_keys_are_401(db: None, token: str) -> None:
    assert JsonClient(token).get("/api/v1/me").status_code == 401


def test_a_key_over_its_limit_is_told_when_to_come_back(owner: Person) -> None:
    _, token = key_create_for(
        workspace_id=owner.workspace.id, kind=KeyKind.PERSONAL, name="slow", user=owner.user, rate_limit_per_minute=2
    )
    client = JsonClient(token)
    answers = [client.get("/api/v1/me") for _ in range(6)]
    limited = [answer for answer in answers if answer.status_code == 429]
    # At most one window boundary can fall into the loop.
    assert 2 <= len(limited) <= 4 and int(limited[0]["Retry-After"]) > 0


def test_a_service_refuses_a_key_that_is_past(owner: Person) -> None:
    with pytest.raises(Invalid, match="is past"):
        key_create_for(
            workspace_id=owner.workspace.id,
            kind=KeyKind.DATASET,
            name="x",
            user=owner.user,
            expires_at=timezone.now() - timedelta(days=1),
        )


def test_the_audit_log_cuts_secrets_that_a_service_passes_by_mistake(owner: Person) -> None:
    entry = audit_record(
        workspace_id=owner.workspace.id,
        actor=owner.user,
        action="test.done",
        target=owner.token,
        detail={"api_key": "canary-1", "nested": [{"password": "canary-2"}], "text": f"used {owner.token}", "n": 1},
    )
    entry.refresh_from_db()
    stored = f"{entry.target} {entry.detail}"
    assert "canary" not in stored and owner.token not in stored and entry.detail["n"] == 1


def test_r22_keys_are_long_and_independent() -> None:
    keys = {key_create("app").plaintext.removeprefix("app-") for _ in range(200)}
    assert len(keys) == 200 and all(len(key) >= 43 for key in keys)
    # Each place varies over most of the alphabet of 64: no counter, clock or shared prefix.
    assert all(len(set(column)) > 30 for column in zip(*(key[:40] for key in keys), strict=True))


def test_r22_an_invitations_token_has_nothing_in_common_with_keys(owner: Person) -> None:
    link = owner.request("POST", "/invitations", {"email": "a@example.org", "role": "viewer"}).json()["link"]
    token = link.rpartition("/")[2]
    assert len(token) >= 43 and JsonClient(token).get("/api/v1/me").status_code == 401
