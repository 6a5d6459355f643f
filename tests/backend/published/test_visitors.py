"""What strangers do on a published page, and what they must not: each test turns red when its guard is gone."""

import asyncio
import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client

from agents.events import Event, NodeFailed, NodeFinished, NodeStarted, RunFailed, RunStarted, Sources, ToolCalled
from agents.types import Source
from backend.apps.services import app_publish, draft_put
from backend.common.database import in_database
from backend.files.services import file_store
from backend.published import visitors
from backend.published.models import Site
from backend.published.services import site_code_renew, site_update
from backend.published.shown import event_shown
from backend.published.visitors import COOKIE, HEADER
from backend.runs.models import Run
from tests.backend.apps.running import LIVE, MODEL, World, raw_stream
from tests.backend.conftest import Person, person_create
from tests.backend.published.visiting import Visitor, app_of, events_in, site_make, site_of, visitor_make, visitor_of
from tests.backend.world import PNG

pytestmark = LIVE
SECRET = "the house's own secret words"


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


async def test_a_stranger_asks_and_finds_the_conversation_again(owner: Person, world: World) -> None:
    site = await site_of(owner, prompt="You are Bob.", suggested_questions=["Who are you?"])
    ann = await visitor_of(site)
    offer = (await in_database(ann.send, "get", "")).json()
    assert (offer["name"], offer["mode"], offer["suggested_questions"]) == ("Helper", "chat", ["Who are you?"])
    events = await ann.told("Who are you?")
    assert events[-1][0] == "run_finished" and events[-1][1]["outputs"] == {"answer": "Hello there, friend."}
    assert "".join(data["text"] for kind, data in events if kind == "text_delta") == "Hello there, friend."

    def read() -> tuple[Any, Any, Run]:
        (listed,) = ann.send("get", "/conversations").json()["results"]
        messages = ann.send("get", f"/conversations/{listed['id']}/messages").json()["results"]
        return listed, messages, Run.unscoped.get()

    listed, (message,), run = await in_database(read)
    assert (listed["name"], message["answer"]) == ("Who are you?", "Hello there, friend.")
    assert (run.source, run.app_version, run.user_id) == ("published", 1, None)


async def test_another_visitor_finds_nothing_of_it(owner: Person, world: World) -> None:
    site = await site_of(owner)
    ann, bob = await visitor_of(site), await visitor_of(site)
    await ann.told("my secret question")
    run = await in_database(Run.unscoped.get)
    conversation = f"/conversations/{run.conversation_id}"
    attacks = [
        ("get", f"/runs/{run.id}", None),
        ("post", f"/runs/{run.id}/stop", {}),
        ("post", f"/runs/{run.id}/answer", {"node_id": "llm", "values": {}}),
        ("post", f"/runs/{run.id}/feedback", {"rating": "like"}),
        ("get", f"/runs/{run.id}/events", None),
        ("get", f"{conversation}/messages", None),
        ("patch", conversation, {"name": "mine"}),
        ("delete", conversation, None),
    ]
    for method, path, body in attacks:
        mine, theirs = [await in_database(each.send, method, path, body) for each in (ann, bob)]
        assert theirs.status_code == 404, (method, path)
        assert mine.status_code != 404 or b"of yours here" not in mine.content, (method, path)
        mine.close()
    assert (await in_database(bob.send, "get", "/conversations")).json()["results"] == []
    answer = await bob.ask("and I?", conversation_id=str(run.conversation_id))
    assert answer.status_code == 404


async def test_a_token_opens_no_other_site_and_cannot_be_made_up(owner: Person, world: World) -> None:
    site, other = await site_of(owner), await site_of(owner)
    ann = await visitor_of(site)
    token = ann.client.cookies[COOKIE].value
    stranger = Visitor(other.code)
    for code, sent, expected in (
        (site.code, token, 200),
        (other.code, token, 401),
        (site.code, token[:-2] + ("aa" if token[-2:] != "aa" else "bb"), 401),
        (site.code, uuid.uuid4().hex, 401),
        (site.code, "", 401),
    ):
        stranger.code = code
        answer = await in_database(stranger.send, "get", "/conversations", None, **{HEADER: sent})
        assert answer.status_code == expected, (code == site.code, sent[:9])


def test_the_cookie_goes_to_this_page_alone_and_no_script_reads_it(owner: Person) -> None:
    site = site_make(owner)
    answer = Visitor(site.code).come()
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["path"] == f"/api/v1/published/{site.code}"
    assert answer.json() == {"token": None}


def test_a_framed_page_gets_a_token_for_its_header_and_no_cookie(owner: Person) -> None:
    site = site_make(owner)
    framed = Visitor(site.code)
    answer = framed.come(keep_token=True)
    assert COOKIE not in answer.cookies
    token = answer.json()["token"]
    assert framed.send("get", "/conversations").status_code == 401
    assert framed.send("get", "/conversations", **{HEADER: token}).status_code == 200
    known = framed.send("post", "/visitor", {"keep_token": True}, **{HEADER: token}).json()["token"]
    site_id = site.id.hex
    assert visitors.visitor_read(site, known) == visitors.visitor_read(site, token) is not None, site_id


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_foreign_page_asks_nothing_in_a_visitors_name(owner: Person, world: World, origin: str) -> None:
    site = await site_of(owner)
    ann = await visitor_of(site)
    client = AsyncClient(raise_request_exception=False)
    client.cookies = ann.client.cookies
    path = f"/api/v1/published/{site.code}"
    for address, body in (("/ask", {"query": "q"}), ("/visitor", {})):
        answer = await client.post(path + address, body, content_type="application/json", headers={"Origin": origin})
        assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "csrf_failed")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert not await in_database(Run.unscoped.exists)


@pytest.mark.parametrize("end", ["off", "unpublished", "moved"])
async def test_a_closed_page_answers_nothing(owner: Person, world: World, end: str) -> None:
    site = await site_of(owner)
    ann = await visitor_of(site)
    await ann.told("one")

    def close() -> None:
        app = app_of(site)
        if end == "off":
            site_update(app=app, actor=None, changes={"is_on": False})
        elif end == "moved":
            site_code_renew(app=app, actor=None)
        else:
            app.published_version = None
            app.save()

    run = await in_database(Run.unscoped.get)
    await in_database(close)
    for method, path in (
        ("get", ""), ("get", "/picture"), ("post", "/visitor"), ("get", "/conversations"),
        ("get", f"/runs/{run.id}"), ("get", f"/runs/{run.id}/events"), ("post", "/files"),
    ):  # fmt: skip
        answer = await in_database(ann.send, method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_published"), path
    assert (await ann.ask("two")).status_code == 404
    assert await in_database(Run.unscoped.count) == 1


async def test_visitors_get_the_published_version_and_never_the_draft(owner: Person, world: World) -> None:
    site = await site_of(owner, prompt="You are Bob.")

    def change() -> None:
        draft_put(app=app_of(site), data={"model": {"id": MODEL}, "prompt": "You are Eve."})

    await in_database(change)
    ann = await visitor_of(site)
    await ann.told("Who?")
    assert world.model.last_messages[0].content == "You are Bob."
    await in_database(lambda: app_publish(app=app_of(site), actor=None))
    await ann.told("Who?")
    assert world.model.last_messages[0].content == "You are Eve."


async def test_nothing_of_prompts_inputs_or_documents_is_told(owner: Person, world: World) -> None:
    site = await site_of(owner, prompt=f"{SECRET}. You are Bob.", changes={"show_steps": True})
    ann = await visitor_of(site)
    told = await raw_stream(await ann.ask("hello"))
    assert SECRET not in told and owner.user.email not in told
    run = await in_database(Run.unscoped.get)
    for path in (f"/runs/{run.id}", f"/conversations/{run.conversation_id}/messages", ""):
        assert SECRET not in (await in_database(ann.send, "get", path)).content.decode()


def _source(position: int, *, cited: bool) -> Source:
    return Source(position, "set", "doc", f"{position}.pdf", "chunk", 3, 0.9, f"passage {position}", cited, "Papers")


@pytest.mark.parametrize("show", [True, False])
def test_only_passages_that_the_answer_cites_are_shown_and_only_if_the_author_wants(show: bool) -> None:
    site = Site(show_sources=show, show_steps=True)
    event = Event(1, 0.0, Sources("llm", (_source(1, cited=False), _source(2, cited=True))))
    shown = event_shown(event, site)
    if not show:
        assert shown is None
        return
    assert shown is not None and isinstance(shown.body, Sources)
    (source,) = shown.body.sources
    assert (source.position, source.text, source.page, source.document_name) == (2, "passage 2", 3, "2.pdf")
    assert (source.dataset_id, source.document_id, source.chunk_id, source.dataset_name) == ("", "", "", "")


@pytest.mark.parametrize(
    "body",
    [
        RunStarted("app", "talk", {"secret": SECRET}),
        NodeStarted("llm", "llm", "Answer", {"prompt": SECRET}),
        NodeFinished("llm", "llm", {"text": SECRET}, {"prompt_tokens": 3}, 5.0, "house/model"),
        NodeFailed("llm", "llm", "upstream_error", SECRET),
        ToolCalled("agent", 0, "c", "http_request", {"key": SECRET}, SECRET),
        RunFailed("upstream_error", SECRET),
    ],
    ids=lambda body: body.kind,
)
def test_steps_are_told_by_name_alone(body: Any) -> None:
    shown = event_shown(Event(1, 0.0, body), Site(show_steps=True))
    assert shown is not None and SECRET not in str(shown) and "house/model" not in str(shown)
    hidden = event_shown(Event(1, 0.0, body), Site(show_steps=False))
    assert (hidden is None) == (not body.kind.startswith("run_"))
    if hasattr(body, "node_id"):
        assert event_shown(Event(1, 0.0, replace(body, node_id="iter:0/llm")), Site(show_steps=True)) is None


async def test_a_cut_stream_goes_on_after_the_last_event_that_was_seen(owner: Person, world: World) -> None:
    site = await site_of(owner)
    ann = await visitor_of(site)
    events = await ann.told("one")
    run_id = events[-1][1]["run_id"]
    client = AsyncClient(raise_request_exception=False)
    client.cookies = ann.client.cookies
    seen = events[len(events) // 2][1]["seq"]
    headers = {"Last-Event-ID": str(seen)}
    rest = events_in(
        await raw_stream(await client.get(f"/api/v1/published/{site.code}/runs/{run_id}/events", headers=headers))
    )
    assert [data["seq"] for _, data in rest] == [data["seq"] for _, data in events if data["seq"] > seen]
    assert rest[-1][0] == "run_finished"


async def test_too_much_at_once_is_429_for_one_and_for_all(owner: Person, world: World) -> None:
    limits = {"visitor_runs_per_minute": 2, "site_runs_per_minute": 3}
    site = await site_of(owner, changes=limits)
    ann, bob = await visitor_of(site), await visitor_of(site)
    await asyncio.gather(ann.told("one"), ann.told("two"))
    refused = await ann.ask("three")
    assert refused.status_code == 429 and 0 < int(refused["Retry-After"]) <= 60
    await bob.told("one")
    assert (await bob.ask("two")).status_code == 429, "the site as a whole has its limit"
    assert await in_database(Run.unscoped.count) == 3


def test_new_visitors_are_counted_by_their_address(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "NEW_VISITORS_PER_MINUTE", 3)
    site = site_make(owner)
    statuses = [Visitor(site.code).come().status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_a_file_goes_with_a_question_for_its_owner_alone(owner: Person, world: World) -> None:
    graph = {"graph": GRAPH, "features": {"file_upload": {"enabled": True, "allowed_file_types": ["document"]}}}
    site = await in_database(_chatflow, owner, graph)
    ann, bob = await visitor_of(site), await visitor_of(site)

    def upload(visitor: Visitor, name: str, content: bytes) -> Any:
        return visitor.client.post(f"/api/v1/published/{site.code}/files", {"file": SimpleUploadedFile(name, content)})

    kept = (await in_database(upload, ann, "a.txt", b"my letter")).json()
    assert (kept["name"], kept["kind"]) == ("a.txt", "document")
    refused = await in_database(upload, ann, "a.png", PNG)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_file_type")
    read = await in_database(ann.send, "get", f"/files/{kept['id']}")
    assert read.status_code == 200 and "attachment" in read["Content-Disposition"]
    read.close()
    assert (await in_database(bob.send, "get", f"/files/{kept['id']}")).status_code == 404
    assert (await bob.ask("read it", files=[kept["id"]])).status_code == 404
    stream = await ann.ask("read it", files=[kept["id"]])
    assert (await raw_stream(stream)).count("event: run_finished") == 1


async def test_files_of_members_and_of_other_apps_are_nobodys_here(owner: Person, world: World) -> None:
    site, other = await site_of(owner), await site_of(owner)
    ann = await visitor_of(site)

    def strangers_files() -> list[str]:
        def made(**kept_for: Any) -> str:
            upload = SimpleUploadedFile("a.png", PNG)
            return str(file_store(workspace_id=owner.workspace.id, upload=upload, **kept_for).id)

        eve = person_create()
        token = ann.client.cookies[COOKIE].value
        same_name = visitors.end_user_of(visitors.visitor_read(site, token) or uuid.uuid4())
        return [made(user=owner.user), made(user=eve.user), made(app_id=other.app_id, end_user=same_name)]

    for file_id in await in_database(strangers_files):
        assert (await in_database(ann.send, "get", f"/files/{file_id}")).status_code == 404
        assert (await ann.ask("look", files=[file_id])).status_code == 404


async def test_an_app_that_takes_no_files_keeps_none(owner: Person, world: World) -> None:
    site = await site_of(owner)
    ann = await visitor_of(site)
    path = f"/api/v1/published/{site.code}/files"
    answer = await in_database(lambda: ann.client.post(path, {"file": SimpleUploadedFile("a.txt", b"x")}))
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_file_type")


async def test_a_form_lists_what_one_asked_before_and_nobody_elses(owner: Person, world: World) -> None:
    site = await site_of(owner, "completion", prompt="{{text}}", variables=[{"name": "text", "required": True}])
    ann, bob = await visitor_of(site), await visitor_of(site)
    offer = (await in_database(ann.send, "get", "")).json()
    assert [item["name"] for item in offer["variables"]] == ["text"]
    await ann.told("", inputs={"text": "a poem"})
    (mine,) = (await in_database(ann.send, "get", "/runs")).json()["results"]
    assert mine["inputs"] == {"text": "a poem"} and mine["answer"] == "Hello there, friend."
    assert (await in_database(bob.send, "get", "/runs")).json()["results"] == []
    missing = await ann.ask("", inputs={})
    assert missing.status_code == 400


async def test_a_verdict_a_name_and_the_end_of_a_conversation(owner: Person, world: World) -> None:
    site = await site_of(owner)
    ann = await visitor_of(site)
    await ann.told("one")

    def walk() -> None:
        run = Run.unscoped.get()
        path = f"/conversations/{run.conversation_id}"
        assert ann.send("post", f"/runs/{run.id}/feedback", {"rating": "dislike"}).json()["rating"] == "dislike"
        assert ann.send("get", f"/runs/{run.id}").json()["rating"] == "dislike"
        assert ann.send("patch", path, {"name": "First words"}).json()["name"] == "First words"
        assert ann.send("delete", path).status_code == 204
        assert ann.send("get", "/conversations").json()["results"] == []
        assert ann.send("get", f"/runs/{run.id}").status_code == 404

    await in_database(walk)


def test_a_members_session_is_no_visitor(owner: Person) -> None:
    site = site_make(owner)
    browser = Client(raise_request_exception=False)
    browser.force_login(owner.user)
    assert browser.get(f"/api/v1/published/{site.code}/conversations").status_code == 401


GRAPH = {
    "nodes": [
        {"id": "start", "data": {"type": "start", "title": "Start", "variables": []}},
        {"id": "answer", "data": {"type": "answer", "title": "Answer", "answer": "It came."}},
    ],
    "edges": [{"id": "e", "source": "start", "target": "answer", "sourceHandle": "source", "targetHandle": "target"}],
}


def _chatflow(person: Person, draft: dict[str, Any]) -> Site:
    app = app_of(site_make(person, "chatflow"))
    draft_put(app=app, data=draft)
    app_publish(app=app, actor=person.user)
    site = Site.objects.within(person.workspace.id).get(app=app)
    assert visitor_make(site)
    return site
