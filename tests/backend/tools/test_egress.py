"""Where a workspace's requests may go, over HTTP: set by administrators, held by everything that leaves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from agents.egress import EgressRefused, fetch
from backend.accounts.models import Role
from backend.common.egress import public_client
from backend.datasets.web import FetchError, page_fetch
from backend.tools import reach
from backend.tools.ports import WorkspaceWeb
from backend.tools.selectors import egress_rules
from tests.backend.conftest import Person
from tests.backend.providers.conftest import Server

Member = Callable[[Role], Person]
NOTHING = {"allow": [], "deny": [], "only_listed": False}


@pytest.mark.django_db
def test_nothing_is_listed_at_first_and_a_put_replaces_everything(owner: Person, stranger: Person) -> None:
    assert owner.request("GET", "/egress").json() == NOTHING
    rules = {"allow": ["10.1.0.0/16", " *.corp "], "deny": ["evil.example:80"], "only_listed": True}
    answer = owner.request("PUT", "/egress", rules)
    kept = {**rules, "allow": ["10.1.0.0/16", "*.corp"]}
    assert answer.status_code == 200 and answer.json() == kept
    assert owner.request("GET", "/egress").json() == kept
    assert stranger.request("GET", "/egress").json() == NOTHING
    assert owner.request("PUT", "/egress", {}).json() == NOTHING
    [first, _] = [
        item for item in owner.request("GET", "/audit").json()["results"] if item["action"] == "egress.changed"
    ]
    assert first["detail"] == NOTHING


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"allow": ["http://x"]}, "allow.0"),
        ({"deny": ["a.example", "10.0.0.0/99"]}, "deny.1"),
        ({"allow": ["127.1"]}, "allow.0"),
        ({"allow": ["x" * 300]}, "allow.0"),
        ({"allow": ["a.example"] * 501}, "allow"),
        ({"allow": "a.example"}, "allow"),
        ({"only_listed": "maybe"}, "only_listed"),
    ],
)
def test_what_is_no_place_says_which_and_changes_nothing(owner: Person, rules: Any, field: str) -> None:
    answer = owner.request("PUT", "/egress", rules)
    assert answer.status_code == 400 and field in answer.json()["extra"]["fields"], answer.content
    assert owner.request("GET", "/egress").json() == NOTHING


@pytest.mark.django_db
def test_only_administrators_read_and_write_them(member: Member) -> None:
    editor = member(Role.EDITOR)
    assert (editor.request("GET", "/egress").status_code, editor.request("PUT", "/egress", {}).status_code) == (
        403,
        403,
    )
    assert member(Role.ADMIN).request("PUT", "/egress", {"deny": ["x.example"]}).status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_the_rules_hold_for_the_next_request_that_leaves(owner: Person, stranger: Person, server: Server) -> None:
    url = f"{server.origin}/v1/models"
    web, other = WorkspaceWeb(str(owner.workspace.id)), WorkspaceWeb(str(stranger.workspace.id))
    await refused(web, url)
    await put(owner, allow=[f"127.0.0.1:{server.server_port}"])
    async with web.client() as client:
        assert (await fetch(client, url)).status == 200
    await refused(other, url)
    await put(owner, allow=["127.0.0.1:1"])
    await refused(web, url)
    await put(owner, allow=["127.0.0.1"], deny=["127.0.0.0/8"])
    await refused(web, url)
    assert len(server.seen) == 1


@pytest.mark.django_db(transaction=True)
async def test_what_the_installation_allows_holds_for_every_workspace(
    owner: Person, server: Server, settings: Any
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, egress_networks=("127.0.0.0/8",))
    for client in (public_client(owner.workspace.id), public_client()):
        async with client:
            assert (await fetch(client, f"{server.origin}/v1/models")).status == 200
    await put(owner, deny=["127.0.0.1"])
    await refused(WorkspaceWeb(str(owner.workspace.id)), f"{server.origin}/v1/models")


@pytest.mark.django_db
def test_the_rules_of_a_workspace_without_any_are_those_of_everybody(owner: Person) -> None:
    assert egress_rules(owner.workspace.id).allow == ()


async def put(person: Person, **rules: Any) -> None:
    from asgiref.sync import sync_to_async

    answer = await sync_to_async(person.request)("PUT", "/egress", rules)
    assert answer.status_code == 200, answer.content


async def refused(web: WorkspaceWeb, url: str) -> None:
    async with web.client() as client:
        with pytest.raises(EgressRefused):
            await fetch(client, url)
    assert isinstance(client, httpx.AsyncClient) and client.is_closed


@pytest.mark.django_db(transaction=True)
async def test_pages_for_knowledge_obey_the_rules_too(owner: Person, server: Server) -> None:
    url = f"{server.origin}/health"
    with pytest.raises(FetchError, match="private network"):
        await page_fetch(url, workspace_id=owner.workspace.id)
    await put(owner, allow=[f"127.0.0.1:{server.server_port}"])
    assert (await page_fetch(url, workspace_id=owner.workspace.id)).content_type == "application/json"
    await put(owner, allow=["127.0.0.1"], deny=["127.0.0.1"])
    with pytest.raises(FetchError, match="never reaches"):
        await page_fetch(url, workspace_id=owner.workspace.id)


@pytest.mark.django_db
def test_an_address_is_judged_by_the_rules_that_hold_or_by_those_that_are_given(owner: Person) -> None:
    def asked(url: str, **body: Any) -> Any:
        return owner.request("POST", "/egress/check", {"url": url, **body}).json()

    refused = asked("http://127.0.0.1:8888/search")
    assert (refused["is_reached"], refused["host"], refused["port"]) == (False, "127.0.0.1", 8888)
    assert refused["addresses"] == ["127.0.0.1"] and "private network" in refused["reason"]
    opened = {"allow": ["127.0.0.1:8888"]}
    assert asked("http://127.0.0.1:8888/search", rules=opened)["is_reached"] is True
    assert asked("http://127.0.0.1:8888/search")["is_reached"] is False, "given rules are not stored"
    owner.request("PUT", "/egress", opened)
    assert asked("http://127.0.0.1:8888/search") == {**refused, "is_reached": True, "reason": ""}
    assert "has no address" in asked("http://nowhere.invalid/")["reason"]


@pytest.mark.django_db
def test_what_is_no_address_or_no_place_cannot_be_judged(owner: Person, member: Member) -> None:
    for body, field in (
        ({"url": "ftp://x"}, "url"),
        ({"url": "http://u:p@x/"}, "url"),
        ({"url": "http://x/", "rules": {"deny": ["http://x"]}}, "deny.0"),
    ):
        answer = owner.request("POST", "/egress/check", body)
        assert answer.status_code == 400 and field in answer.json()["extra"]["fields"], answer.content
    assert member(Role.VIEWER).request("POST", "/egress/check", {"url": "http://127.0.0.1/"}).status_code == 403
    assert member(Role.EDITOR).request("POST", "/egress/check", {"url": "http://127.0.0.1/"}).status_code == 200


@pytest.mark.django_db
def test_checks_are_limited_for_the_workspace(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "CHECKS_PER_MINUTE", 0)
    assert owner.request("POST", "/egress/check", {"url": "http://127.0.0.1/"}).status_code == 429
