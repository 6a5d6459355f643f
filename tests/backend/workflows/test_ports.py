"""What a graph reaches of its workspace: its owner's files, documents, other workflows, each bounded by who asked."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.errors import InvalidInput
from agents.types import RunSpec
from backend.accounts.models import Role, User
from backend.apps.models import App
from backend.common.database import in_database
from backend.config.run_documents import IsolatedDocuments
from backend.config.run_files import OwnedFiles
from backend.files.models import StoredFile
from backend.files.services import file_store
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person, person_create
from tests.backend.workflows.running import (
    ECHO,
    GraphWorld,
    app_with,
    draft,
    draft_put,
    end,
    get,
    llm,
    made,
    node,
    post,
    run_of,
    start,
)

pytestmark = LIVE
CANARY = "CANARY-0815-of-the-called-workflow"


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Any) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def store(person: Person, name: str = "a.txt", content: bytes = b"the text", **owner: Any) -> str:
    owner = owner or {"user": person.user}
    upload = SimpleUploadedFile(name, content)
    return str(file_store(workspace_id=person.workspace.id, upload=upload, **owner).id)


def spec_of(person: Person, app_id: str, **values: Any) -> RunSpec:
    return RunSpec(str(uuid.uuid4()), str(person.workspace.id), (), (), app_id=app_id, **values)


async def found(spec: RunSpec, file_id: str) -> bool:
    try:
        ref = await OwnedFiles(spec).find(file_id)
    except FileNotFoundError:
        return False
    assert await OwnedFiles(spec).read(ref) == b"the text"
    return True


async def test_r15_a_run_finds_the_files_of_its_owner_and_of_nobody_else(owner: Person, stranger: Person) -> None:
    app_id = await made(owner, ECHO)
    other = await made(owner, ECHO)
    colleague = await in_database(person_create, Role.EDITOR, owner.workspace)
    me = {"user": str(owner.user.id), "is_member": True}
    ann = {"user": "ann"}
    mine = await in_database(store, owner)
    of_ann = await in_database(store, owner, app_id=app_id, end_user="ann")
    of_bob = await in_database(store, owner, app_id=app_id, end_user="bob")
    of_ann_elsewhere = await in_database(store, owner, app_id=other, end_user="ann")
    of_colleague = await in_database(store, colleague)
    of_stranger = await in_database(store, stranger)
    everything = [mine, of_ann, of_bob, of_ann_elsewhere, of_colleague, of_stranger, str(uuid.uuid4()), "x"]
    assert [item for item in everything if await found(spec_of(owner, app_id, **me), item)] == [mine]
    assert [item for item in everything if await found(spec_of(owner, app_id, **ann), item)] == [of_ann]
    # An end user may call themselves anything, a member's id too.
    posing = {"user": str(owner.user.id), "is_member": False}
    assert [item for item in everything if await found(spec_of(owner, app_id, **posing), item)] == []


async def test_a_file_that_a_run_makes_belongs_to_its_owner(owner: Person) -> None:
    app_id = await made(owner, ECHO)
    for values in ({"user": str(owner.user.id), "is_member": True}, {"user": "ann"}):
        spec = spec_of(owner, app_id, **values)
        ref = await OwnedFiles(spec).create("../../made.txt", "text/html", b"the text")
        assert (ref.name, ref.mime_type, ref.size_bytes) == ("made.txt", "text/plain", 8)
        assert await found(spec, ref.id)
        stored = await in_database(StoredFile.unscoped.get, id=ref.id)
        assert str(stored.user_id or stored.end_user) == values["user"]
    with pytest.raises(InvalidInput, match="empty"):
        await OwnedFiles(spec_of(owner, app_id, user="ann")).create("a.txt", "text/plain", b"")


async def test_r15_a_foreign_file_among_the_inputs_answers_like_an_unknown_one(
    owner: Person, stranger: Person, graph_world: GraphWorld
) -> None:
    app_id = await made(owner, draft([start(doc="file"), end(name="start.doc.name")], ["start > end"]))
    theirs = await in_database(store, stranger, "secret.txt")
    answers = []
    for file_id in (theirs, str(uuid.uuid4())):
        response = await post(owner, f"/apps/{app_id}/runs", {"inputs": {"doc": {"upload_file_id": file_id}}})
        answers.append((response.status_code, response.json()["code"]))
        assert "secret" not in response.content.decode()
    assert answers[0] == answers[1] == (400, "file_not_found")
    mine = await in_database(store, owner)
    assert (await run_of(owner, app_id, {"inputs": {"doc": {"upload_file_id": mine}}})).outputs == {"name": "a.txt"}


async def test_documents_are_read_in_a_process_of_their_own() -> None:
    reader = IsolatedDocuments()
    page = b"<html><body><h1>Ferry</h1><p>It leaves at noon.</p><script>x()</script></body></html>"
    text = await reader.text("ferry.html", page)
    assert "It leaves at noon." in text and "x()" not in text
    assert await reader.text("a.txt", "Grüße".encode()) == "Grüße"
    for name, content in (("broken.pdf", b"%PDF-1.7\nno"), ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(50))):
        with pytest.raises(InvalidInput, match=name):
            await reader.text(name, content)


def calling(app_id: str, **config: Any) -> dict[str, Any]:
    call = node("call", "workflow", {"app_id": app_id, "inputs": {"text": "{{#start.text#}}"}, **config})
    return draft([start("text"), call, end(out="call.text")], ["start > call", "call > end"])


def published(person: Person, content: dict[str, Any] = ECHO) -> str:
    app_id = app_with(person, content)
    assert person.request("post", f"/apps/{app_id}/publish", {}).status_code == 201
    return app_id


async def test_a_workflow_calls_another_in_the_version_that_is_published(
    owner: Person, graph_world: GraphWorld
) -> None:
    called = await in_database(published, owner)
    app_id = await made(owner, calling(called))
    assert (await run_of(owner, app_id, {"inputs": {"text": "hi"}})).outputs == {"out": "hi"}
    shout = draft([start("text"), llm("say", "{{#start.text#}}!"), end(text="say.text")], ["start > say", "say > end"])
    await in_database(draft_put, owner, called, shout)
    assert (await run_of(owner, app_id, {"inputs": {"text": "hi"}})).outputs == {"out": "hi"}
    await in_database(owner.request, "post", f"/apps/{called}/publish", {})
    ran = await run_of(owner, app_id, {"inputs": {"text": "hi"}})
    assert ran.outputs == {"out": "Hello there, friend."} and graph_world.model.last_messages[-1].content == "hi!"
    pinned = await made(owner, calling(called, version=1))
    assert (await run_of(owner, pinned, {"inputs": {"text": "hi"}})).outputs == {"out": "hi"}
    shown = await get(owner, f"/runs/{ran.run_id}")
    (call,) = [item for item in shown["nodes"] if item["node_id"] == "call"]
    assert [item["status"] for item in call["rounds"]] == ["succeeded"]
    assert "call:0/say" in [item["node_id"] for item in shown["nodes"]]


async def test_a_called_workflow_uses_its_own_secrets_and_tells_them_to_nobody(
    owner: Person, graph_world: GraphWorld
) -> None:
    token = [{"name": "TOKEN", "value_type": "secret", "value": CANARY}]
    asks = draft(
        [start("text"), llm("ask", "{{#env.TOKEN#}}"), end(text="ask.text")],
        ["start > ask", "ask > end"],
        environment_variables=token,
    )
    called = await in_database(published, owner, asks)
    ran = await run_of(owner, await made(owner, calling(called)), {"inputs": {"text": "hi"}})
    assert graph_world.model.last_messages[-1].content == CANARY
    assert CANARY not in json.dumps(ran.events)


async def test_r15_a_workflow_of_another_workspace_is_called_by_nobody(
    owner: Person, stranger: Person, graph_world: GraphWorld
) -> None:
    theirs = await in_database(published, stranger)
    chat = await made(owner, mode="chat")
    draft_only = await made(owner, ECHO)
    app_id = await made(owner, ECHO)
    for wanted, reason in (
        (theirs, "no workflow"),
        (str(uuid.uuid4()), "no workflow"),
        (chat, "no workflow"),
        (draft_only, "published"),
    ):
        answer = await in_database(draft_put, owner, app_id, calling(wanted))
        (error,) = answer.json()["extra"]["errors"]
        assert error["node_id"] == "call" and reason in error["message"]
    # A published graph that names one all the same, as after a deletion, fails before it runs.
    await in_database(draft_put, owner, app_id, calling(theirs), check="false")
    response = await post(owner, f"/apps/{app_id}/runs", {"inputs": {"text": "hi"}})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_graph")


async def test_workflows_that_call_each_other_end(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await in_database(published, owner)
    await in_database(draft_put, owner, app_id, calling(app_id))
    assert (await in_database(owner.request, "post", f"/apps/{app_id}/publish", {})).status_code == 201
    kind, data = (await run_of(owner, app_id, {"inputs": {"text": "hi"}})).last
    assert (kind, data["code"]) == ("run_failed", "too_deep")


async def test_a_deleted_member_leaves_no_files_to_runs(owner: Person) -> None:
    app_id = await made(owner, ECHO)
    mine = await in_database(store, owner)
    spec = spec_of(owner, app_id, user=str(owner.user.id), is_member=True)
    assert await found(spec, mine)
    await in_database(User.objects.filter(id=owner.user.id).delete)
    assert not await found(spec, mine)
    assert await in_database(App.unscoped.filter(id=app_id).exists)
