"""Providers over HTTP: their keys go in and never come out."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from backend.accounts.models import Role
from backend.common import secrets as stored_secrets
from backend.common.secrets import decrypt, encrypt
from backend.config.environment import Secrets
from backend.providers import access
from backend.providers.models import Provider, ProviderModel
from backend.providers.presets import PRESETS
from backend.providers.services import base_url_check
from tests.backend.conftest import Person
from tests.backend.providers.conftest import KEY, Server

Member = Callable[[Role], Person]
MODEL = {"name": "big", "context_tokens": 32000, "input_price": "2.5", "output_price": "10"}


def create(person: Person, **values: Any) -> Any:
    return person.request("POST", "/providers", {"name": "local", "base_url": "http://127.0.0.1:9/v1", **values})


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_STATES", {})


def test_a_provider_is_kept_with_its_models(owner: Person) -> None:
    made = create(owner, api_key=KEY, models=[MODEL])
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["has_key"] is True and body["models"][0]["output_price"] == "10.000000"
    listed = owner.request("GET", "/providers").json()["results"]
    assert [p["id"] for p in listed] == [body["id"]]
    path = f"/providers/{body['id']}"
    changed = owner.request("PATCH", path, {"name": "house", "models": [{**MODEL, "name": "new"}]}).json()
    assert (changed["name"], [m["name"] for m in changed["models"]], changed["has_key"]) == ("house", ["new"], True)
    assert owner.request("PATCH", path, {"api_key": ""}).json()["has_key"] is False
    assert owner.request("DELETE", path).status_code == 204
    assert not Provider.unscoped.exists() and not ProviderModel.unscoped.exists()


def test_r21_the_key_is_encrypted_with_a_key_that_is_not_djangos(owner: Person, settings: Any) -> None:
    create(owner, api_key=KEY)
    cipher = Provider.unscoped.get().api_key_cipher
    assert KEY not in cipher and decrypt(cipher) == KEY
    assert settings.SECRETS.encryption_key != settings.SECRET_KEY
    assert Fernet(settings.SECRETS.encryption_key.split(",")[0]).decrypt(cipher.encode()).decode() == KEY


def test_r19_the_key_is_in_no_answer_log_or_column_but_its_own(
    owner: Person, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.key = "another"
    answers = [create(owner, base_url=f"{server.origin}/v1", api_key=KEY, models=[MODEL])]
    path = f"/providers/{answers[0].json()['id']}"
    answers += [
        owner.request("GET", path),
        owner.request("GET", "/providers"),
        owner.request("PATCH", path, {"api_key": KEY, "name": "again"}),
        owner.request("PATCH", path, {"api_key": KEY, "name": ""}),
        owner.request("POST", f"{path}/test"),
        owner.request("POST", "/providers/test", {"base_url": f"{server.origin}/v1", "api_key": KEY}),
        create(owner, name="again", api_key=KEY),
        owner.request("GET", "/models"),
        owner.request("GET", "/audit"),
        owner.request("DELETE", path),
    ]
    assert [f"Bearer {KEY}"] * 2 == [seen[1] for seen in server.seen if seen[0] == "/v1/models"]
    assert answers[5].json()["ok"] is False
    for answer in answers:
        assert KEY not in answer.content.decode() and "CANARY" not in str(answer.headers)
    assert KEY not in caplog.text
    create(owner, name="kept", api_key=KEY)
    assert KEY not in _dump()


def _dump() -> str:
    """Return every value of every table, but the cipher's column."""
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT to_jsonb(t) - 'api_key_cipher' FROM \"{table}\" t")
            found += [str(row[0]) for row in cursor.fetchall()]
    assert any("kept" in row for row in found), "the dump must hold what was just written"
    return "\n".join(found)


def test_a_stored_key_is_not_sent_to_another_server_without_being_entered_again(owner: Person) -> None:
    path = f"/providers/{create(owner, api_key=KEY).json()['id']}"
    moved = owner.request("PATCH", path, {"base_url": "http://evil.example/v1"})
    assert moved.status_code == 400 and "api_key" in moved.json()["extra"]["fields"]
    assert owner.request("PATCH", path, {"base_url": "http://127.0.0.1:9/v2"}).status_code == 200
    assert owner.request("PATCH", path, {"base_url": "http://other.example/v1", "api_key": "new"}).status_code == 200


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"base_url": "ftp://host/v1"}, "base_url"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "http://user:pw@host/v1"}, "base_url"),
        ({"base_url": "http:///v1"}, "base_url"),
        ({"base_url": "http://host:99999/v1"}, "base_url"),
        ({"base_url": "http://host/v1?x=1"}, "base_url"),
        ({"base_url": "nonsense"}, "base_url"),
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
        ({"models": [MODEL, MODEL]}, "models"),
        ({"models": [{**MODEL, "input_price": "-1"}]}, "models.0.input_price"),
        ({"models": [{**MODEL, "input_price": "NaN"}]}, "models.0.input_price"),
        ({"models": [{**MODEL, "kind": "video"}]}, "models.0.kind"),
        ({"models": [{**MODEL, "context_tokens": 0}]}, "models.0.context_tokens"),
        ({"api_key": 5 * ["x"]}, "api_key"),
    ],
)
def test_bad_values_say_which_field_and_leave_nothing(owner: Person, values: dict, field: str) -> None:
    answer = create(owner, **values)
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"], answer.content
    assert not Provider.unscoped.exists()


def test_addresses_that_people_use_are_taken() -> None:
    for preset in PRESETS:
        assert base_url_check(preset.base_url) == preset.base_url
    assert base_url_check("http://ollama:11434/v1/") == "http://ollama:11434/v1"
    assert base_url_check("http://[::1]:8000/v1") == "http://[::1]:8000/v1"


def test_a_name_is_there_once_per_workspace(owner: Person, stranger: Person) -> None:
    assert create(owner).status_code == 201
    assert create(owner).json()["code"] == "conflict"
    assert create(stranger).status_code == 201


def test_only_admins_write_and_everybody_reads(owner: Person, member: Member) -> None:
    path = f"/providers/{create(owner).json()['id']}"
    editor = member(Role.EDITOR)
    for method, where in (("POST", "/providers"), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/test")):
        assert editor.request(method, where, {}).status_code == 403
    assert editor.request("POST", "/providers/test", {"base_url": "http://127.0.0.1:9/v1"}).status_code == 403
    assert editor.request("GET", path).status_code == 200
    assert member(Role.ADMIN).request("PATCH", path, {"name": "x"}).status_code == 200


def test_the_test_button_lists_what_the_server_has(owner: Person, server: Server) -> None:
    server.key = KEY
    made = create(owner, base_url=f"{server.origin}/v1/", api_key=KEY).json()
    result = owner.request("POST", f"/providers/{made['id']}/test").json()
    assert (result["ok"], result["models"]) == (True, ["big", "small"]) and result["latency_ms"] >= 0
    unsaved = owner.request("POST", "/providers/test", {"base_url": f"{server.origin}/v1", "api_key": KEY}).json()
    assert unsaved["ok"] is True


@pytest.mark.parametrize(
    ("path", "key", "says"),
    [("/v1", "wrong", "key"), ("/v2", KEY, "/v1"), ("/redirect", KEY, "again later|address")],
)
def test_the_test_button_says_what_to_do(owner: Person, server: Server, path: str, key: str, says: str) -> None:
    server.key = KEY
    result = owner.request("POST", "/providers/test", {"base_url": server.origin + path, "api_key": key})
    assert result.status_code == 200 and result.json()["ok"] is False
    message = result.json()["message"]
    assert any(part in message for part in says.split("|")), message
    assert not any("169.254" in seen[0] for seen in server.seen)


def test_the_test_button_of_a_server_that_is_off_says_so(owner: Person) -> None:
    result = owner.request("POST", "/providers/test", {"base_url": "http://127.0.0.1:9/v1"}).json()
    assert result["ok"] is False and "Start the server" in result["message"]


def test_presets_name_servers_and_whether_they_need_a_key(owner: Person) -> None:
    presets = {preset["id"]: preset for preset in owner.request("GET", "/provider-presets").json()}
    assert presets["ollama"]["needs_key"] is False and presets["openai"]["needs_key"] is True
    assert {"vllm", "lm-studio", "llama-cpp", "xinference", "openrouter", "deepseek", "mistral", "together"} <= set(
        presets
    )


def test_models_are_listed_with_their_state(owner: Person, stranger: Person, server: Server, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url=server.origin)
    create(owner, models=[MODEL])
    listed = owner.request("GET", "/models").json()["results"]
    assert [(m["id"], m["state"], m["embedded"]) for m in listed] == [
        ("smollm2-135m-instruct", "loaded", True),
        ("all-minilm-l6-v2", "loading", True),
        ("smollm2-135m-instruct-base", "loaded", True),
        ("local/big", "available", False),
    ]
    assert listed[3]["provider"]["name"] == "local" and listed[0]["provider"] is None
    owner.request("GET", "/models")
    assert [seen[0] for seen in server.seen] == ["/health"], "asked once in two seconds"
    assert len(stranger.request("GET", "/models").json()["results"]) == 3


def test_models_are_listed_when_the_inference_server_is_off(owner: Person, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url="http://127.0.0.1:9")
    states = {m["state"] for m in owner.request("GET", "/models").json()["results"]}
    assert states == {"unreachable"}


def test_r21_rotating_the_encryption_key_keeps_every_secret_readable(
    owner: Person, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    use_keys(settings, old)
    create(owner, api_key=KEY)
    create(owner, name="keyless")
    use_keys(settings, f"{new},{old}")
    call_command("rotate_encryption_key")
    assert "1 secrets" in capsys.readouterr().out
    use_keys(settings, new)
    assert decrypt(Provider.unscoped.get(name="local").api_key_cipher) == KEY
    stored_secrets._cipher.cache_clear()


def test_rotating_names_the_secrets_that_nobody_can_read(owner: Person, settings: Any) -> None:
    use_keys(settings, Fernet.generate_key().decode())
    made = create(owner, api_key=KEY).json()
    use_keys(settings, Fernet.generate_key().decode())
    with pytest.raises(CommandError, match="local"):
        call_command("rotate_encryption_key")
    answer = owner.request("POST", f"/providers/{made['id']}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "secret_unreadable")
    assert encrypt("") == ""
    stored_secrets._cipher.cache_clear()


def use_keys(settings: Any, keys: str) -> None:
    settings.SECRETS = Secrets(settings.SECRETS.secret_key, keys, settings.SECRETS.setup_code)
    stored_secrets._cipher.cache_clear()
