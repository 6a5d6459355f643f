"""Credentials of tools: they go in, are stored encrypted, and never come out."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from backend.accounts.models import Role
from backend.common import secrets as stored_secrets
from backend.common.secrets import Rotation
from backend.config.environment import Secrets
from backend.tools.models import ToolCredential
from backend.tools.selectors import credential_values
from backend.tools.services import credentials_rotate
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db
Member = Callable[[Role], Person]
KEY = "CANARY-tool-key"


def put(person: Person, values: Any, tool: str = "tavily_search") -> Any:
    return person.request("PUT", f"/tools/{tool}/credentials", {"values": values})


def state(person: Person, tool: str = "tavily_search") -> tuple[bool, list[bool]]:
    [found] = [item for item in person.request("GET", "/tools").json()["results"] if item["name"] == tool]
    return found["is_ready"], [item["is_stored"] for item in found["credentials"]]


def test_what_is_entered_is_there_for_the_tool_and_replaced_as_a_whole(owner: Person) -> None:
    made = put(owner, {"api_key": f" {KEY} ", "base_url": "http://proxy.example/tavily"})
    assert made.status_code == 200 and made.json() == {"tool": "tavily_search", "stored": ["api_key", "base_url"]}
    assert state(owner) == (True, [True, True])
    assert credential_values(owner.workspace.id, "tavily_search")["api_key"] == KEY
    assert put(owner, {"api_key": "other", "base_url": ""}).json()["stored"] == ["api_key"]
    assert credential_values(owner.workspace.id, "tavily_search") == {"api_key": "other"}
    assert owner.request("DELETE", "/tools/tavily_search/credentials").status_code == 204
    assert state(owner) == (False, [False, False]) and not ToolCredential.unscoped.exists()
    assert owner.request("DELETE", "/tools/tavily_search/credentials").status_code == 404


def test_another_workspace_has_credentials_of_its_own(owner: Person, stranger: Person) -> None:
    put(owner, {"api_key": KEY})
    assert state(stranger) == (False, [False, False])
    assert credential_values(stranger.workspace.id, "tavily_search") == {}
    assert stranger.request("DELETE", "/tools/tavily_search/credentials").status_code == 404
    assert state(owner)[0]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "values.api_key"),
        ({"api_key": "  "}, "values.api_key"),
        ({"api_key": KEY, "other": "x"}, "values.other"),
        ({"api_key": KEY, "base_url": "ftp://x"}, "values.base_url"),
        ({"api_key": KEY, "base_url": "http://u:p@x"}, "values.base_url"),
        ({"api_key": KEY, "base_url": "http://x/?a=1"}, "values.base_url"),
        ({"api_key": 9000 * "x"}, "values.api_key"),
        ({"api_key": {"a": 1}}, "values.api_key"),
        ([], "values"),
    ],
)
def test_what_cannot_be_stored_says_where_and_leaves_nothing(owner: Person, values: Any, field: str) -> None:
    answer = put(owner, values)
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"], answer.content
    assert KEY not in answer.content.decode() and not ToolCredential.unscoped.exists()


def test_a_tool_that_takes_none_or_does_not_exist_is_refused(owner: Person) -> None:
    assert put(owner, {"api_key": KEY}, "calculator").status_code == 400
    assert put(owner, {"api_key": KEY}, "nonsense").status_code == 404


def test_only_administrators_enter_them(member: Member) -> None:
    editor = member(Role.EDITOR)
    assert put(editor, {"api_key": KEY}).status_code == 403
    assert editor.request("DELETE", "/tools/tavily_search/credentials").status_code == 403
    assert put(member(Role.ADMIN), {"api_key": KEY}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_r19_a_key_is_in_no_answer_log_or_column_but_its_own(owner: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        put(owner, {"api_key": KEY, "base_url": "http://127.0.0.1:9"}),
        put(owner, {"api_key": KEY, "other": KEY}),
        owner.request("GET", "/tools"),
        owner.request("POST", "/tools/tavily_search/try", {"arguments": {"query": "x"}}),
        owner.request("PUT", "/egress", {"allow": ["127.0.0.1:9"]}),
        owner.request("POST", "/tools/tavily_search/try", {"arguments": {"query": "x"}}),
        owner.request("GET", "/audit"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 200, 200, 200]
    assert answers[3].json()["error"] == answers[5].json()["error"] == "tool_failed"
    for answer in answers:
        assert KEY not in answer.content.decode() and "CANARY" not in str(answer.headers)
    assert KEY not in caplog.text
    assert KEY not in dump() and ToolCredential.unscoped.count() == 1


def dump() -> str:
    """Return every value of every table, ciphers too."""
    found: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t')
            found += [str(row[0]) for row in cursor.fetchall()]
    assert any("tavily_search" in row for row in found), "the dump must hold what was just written"
    return "\n".join(found)


@pytest.mark.django_db(transaction=True)  # a tool asks the database on a thread of its own
def test_r21_a_key_survives_a_new_encryption_key(owner: Person, settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    use_keys(settings, old)
    put(owner, {"api_key": KEY})
    use_keys(settings, f"{new},{old}")
    assert credentials_rotate() == Rotation(1, ())
    use_keys(settings, new)
    assert credential_values(owner.workspace.id, "tavily_search") == {"api_key": KEY}
    use_keys(settings, Fernet.generate_key().decode())
    assert credentials_rotate() == Rotation(0, ("tool tavily_search",))
    tried = owner.request("POST", "/tools/tavily_search/try", {"arguments": {"query": "x"}}).json()
    assert tried["error"] == "tool_failed" and "enter it again" in tried["output"]
    stored_secrets._cipher.cache_clear()


def use_keys(settings: Any, keys: str) -> None:
    settings.SECRETS = Secrets(settings.SECRETS.secret_key, keys, settings.SECRETS.setup_code)
    stored_secrets._cipher.cache_clear()
