"""The audit log says from where, can be taken along, and is changed by nobody."""

import csv
import io
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, transaction

from backend.accounts.models import AuditEntry, Role
from backend.accounts.services import audit_record
from backend.common import origin
from backend.common.origin import address_of
from tests.backend.conftest import Person, person_create


class _Proxies:
    trusted_proxies = ("10.0.0.0/8", "::1/128")


class _Settings:
    ENVIRONMENT = _Proxies()


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # nobody's proxy: it is not believed
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.2", "198.51.100.1:4711", "198.51.100.1"),
        ("::1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_address_is_the_nearest_one_that_is_no_proxy_of_ours(
    remote: str, forwarded: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origin, "settings", _Settings())
    assert address_of({"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}) == address


def test_an_entry_says_from_where_it_came(owner: Person) -> None:
    renamed = owner.request("PATCH", "/workspace", {"name": "new"}, headers={"User-Agent": "probe/1 " + "x" * 300})
    assert renamed.status_code == 200
    entry = owner.request("GET", "/audit").json()["results"][0]
    assert entry["address"] == "127.0.0.1"
    assert entry["user_agent"].startswith("probe/1 x") and len(entry["user_agent"]) == 200


def read(answer: Any) -> str:
    async def collect() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(collect)().decode()


@pytest.mark.django_db(transaction=True)
def test_the_log_is_taken_along_as_csv_and_as_lines_of_json_by_its_filters() -> None:
    owner, stranger = person_create(), person_create()
    for number in range(3):
        audit_record(workspace_id=owner.workspace.id, actor=owner.user, action="app.created", target=f"=cmd{number}")
    audit_record(workspace_id=owner.workspace.id, actor=None, action="key.made", detail={"a": ["é"]})
    audit_record(workspace_id=stranger.workspace.id, actor=stranger.user, action="app.created", target="theirs")
    answer = owner.request("GET", "/audit/export?action=app.")
    assert "attachment" in answer["Content-Disposition"]
    text = read(answer)
    assert text[0] == "\ufeff"
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["target"] for row in rows] == ["'=cmd2", "'=cmd1", "'=cmd0"], "no cell is a formula, newest first"
    assert {row["actor"] for row in rows} == {owner.user.email}
    lines = [json.loads(line) for line in read(owner.request("GET", "/audit/export?form=jsonl")).splitlines()]
    assert [line["action"] for line in lines] == ["audit.exported", "key.made", *["app.created"] * 3]
    assert lines[1]["detail"] == {"a": ["é"]}


def test_only_administrators_take_the_log_along(owner: Person) -> None:
    editor = person_create(Role.EDITOR, owner.workspace)
    assert editor.request("GET", "/audit/export").status_code == 403
    assert owner.request("GET", "/audit/export?form=xml").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_nobody_changes_or_removes_an_entry_but_it_outlives_its_actor_and_goes_with_its_workspace() -> None:
    owner = person_create()
    entry = audit_record(workspace_id=owner.workspace.id, actor=owner.user, action="app.created")
    mine = AuditEntry.unscoped.filter(id=entry.id)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        mine.update(action="nothing")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        mine.update(actor=None, detail={"what": "ever"})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        mine.delete()
    assert mine.get().action == "app.created"
    owner.user.delete()
    assert mine.get().actor is None
    owner.workspace.delete()
    assert not mine.exists()
