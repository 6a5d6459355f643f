"""Files as inputs of chat, completion and agent apps: whose they are, and what the model gets of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient

from backend.apps.models import AppMode
from backend.apps.services import app_create, draft_put
from backend.common.database import in_database
from backend.common.redis import redis_async_close
from backend.config.run_files import OwnedFiles
from backend.files.models import StoredFile
from backend.files.services import file_store
from backend.runs.ports import RUN_PORTS
from inference.types import ModelInfo
from tests.agents.fakes import ports_of
from tests.backend.apps.running import LIVE, MODEL, KeyClient, World, app_published, raw_stream
from tests.backend.conftest import Person
from tests.backend.published.visiting import events_in, site_of, visitor_of
from tests.backend.world import PNG

pytestmark = LIVE
REPORT = {"name": "report", "type": "file", "required": True}
PAGES = {"name": "pages", "type": "file-list", "max_length": 2}
WORDS = "Korvala's lighthouse was built in 1871."


@pytest.fixture(autouse=True)
def _own_files(world: World, settings: Any, tmp_path: Any) -> None:
    """The real files of the run's owner; documents are texts here, and the model sees."""
    settings.FILES_ROOT = tmp_path / "files"
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=8192, supports_images=True)
    RUN_PORTS.fill(lambda spec: replace(ports_of(world.model, knowledge=world.knowledge), files=OwnedFiles(spec)))


@pytest.fixture(autouse=True)
async def _closed_redis() -> AsyncIterator[None]:
    yield
    await redis_async_close()


async def stored(person: Person, name: str = "report.txt", content: bytes = WORDS.encode()) -> StoredFile:
    upload = SimpleUploadedFile(name, content)
    return await in_database(lambda: file_store(workspace_id=person.workspace.id, upload=upload, user=person.user))


async def app_of(person: Person, mode: str = "chat", **draft: Any) -> str:
    def make() -> str:
        app = app_create(workspace_id=person.workspace.id, user=person.user, name="Reader", mode=mode)
        draft_put(app=app, data={"model": {"id": MODEL}, **draft})
        return str(app.id)

    return str(await in_database(make))


async def asked(person: Person, app_id: str, **body: Any) -> Any:
    client = AsyncClient(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {person.token}"}
    return await client.post(f"/api/v1/apps/{app_id}/runs", body, content_type="application/json", headers=headers)


def prompt_of(world: World) -> str:
    return "\n".join(str(message.content) for message in world.model.last_messages)


@pytest.mark.parametrize("mode", [AppMode.CHAT, AppMode.COMPLETION, AppMode.AGENT])
async def test_the_text_of_a_document_stands_where_the_prompt_names_it(
    owner: Person, world: World, mode: AppMode
) -> None:
    app_id = await app_of(owner, mode.value, prompt="Read <{{ report }}> and answer.", variables=[REPORT])
    report = await stored(owner)
    events = events_in(await raw_stream(await asked(owner, app_id, query="When?", inputs={"report": str(report.id)})))
    assert events[-1][0] == "run_finished", events[-1]
    assert f"Read <{WORDS}> and answer." in prompt_of(world)


async def test_what_the_prompt_does_not_name_is_said_at_its_end_and_several_are_told_apart(
    owner: Person, world: World
) -> None:
    app_id = await app_of(owner, prompt="Answer.", variables=[PAGES])
    one, two = await stored(owner, "one.txt", b"First {{pages}}."), await stored(owner, "two.md", b"Second.")
    inputs = {"pages": [{"transfer_method": "local_file", "upload_file_id": str(one.id)}, {"id": str(two.id)}]}
    first = events_in(await raw_stream(await asked(owner, app_id, query="When?", inputs=inputs)))
    said = "Answer.\n\npages:\none.txt:\nFirst {{pages}}.\n\ntwo.md:\nSecond."
    assert said in prompt_of(world)

    # The conversation keeps what it was given.
    again = {"query": "And then?", "conversation_id": first[0][1]["conversation_id"]}
    await raw_stream(await asked(owner, app_id, **again))
    assert said in prompt_of(world)
    refused = await asked(owner, app_id, query="?", inputs={"pages": [str(one.id)] * 3})
    assert (refused.status_code, "at most 2 files" in refused.json()["message"]) == (400, True)


async def test_an_image_goes_to_the_model_and_the_prompt_says_its_name(owner: Person, world: World) -> None:
    app_id = await app_of(owner, prompt="Describe {{report}}.", variables=[REPORT])
    photo = await stored(owner, "sea.png", PNG)
    events = events_in(await raw_stream(await asked(owner, app_id, query="What?", inputs={"report": str(photo.id)})))
    assert events[-1][0] == "run_finished", events[-1]
    assert "Describe sea.png." in prompt_of(world)
    assert [len(message.images) for message in world.model.last_messages if message.role == "user"] == [1]


async def test_without_the_file_that_may_be_left_out_nothing_stands_there(owner: Person, world: World) -> None:
    optional = [{**REPORT, "required": False}, PAGES]
    app_id = await app_of(owner, prompt="Read <{{report}}{{pages}}>.", variables=optional)
    await raw_stream(await asked(owner, app_id, query="When?", inputs={"pages": []}))
    assert "Read <>." in prompt_of(world)


async def test_a_file_is_asked_for_and_one_of_somebody_else_is_not_there(
    owner: Person, stranger: Person, world: World
) -> None:
    app_id = await app_of(owner, prompt="{{report}}", variables=[REPORT])
    theirs = await stored(stranger)
    for given, status, field in (
        ({}, 400, "'report' is required"),
        ({"report": 7}, 400, "takes the id of a file"),
        ({"report": {"transfer_method": "remote_url", "url": "http://x/y.txt"}}, 400, "upload it"),
        ({"report": str(theirs.id)}, 404, "there is no file"),
        ({"report": "not an id"}, 404, "there is no file"),
    ):
        refused = await asked(owner, app_id, query="When?", inputs=given)
        assert (refused.status_code, field in refused.json()["message"]) == (status, True), refused.content
    assert world.model.requests == []


async def test_an_end_user_gives_their_own_file_and_no_other_and_a_client_reads_what_is_asked_for(
    owner: Person, world: World
) -> None:
    client: KeyClient = await in_database(
        lambda: app_published("completion", owner, prompt="{{report}}", variables=[REPORT])
    )

    def upload(user: str) -> str:
        made = SimpleUploadedFile("report.txt", WORDS.encode())
        given = file_store(workspace_id=owner.workspace.id, upload=made, app_id=client.app.id, end_user=user)
        return str(given.id)

    anns, bobs = await in_database(upload, "ann"), await in_database(upload, "bob")
    for file_id, status in ((anns, 200), (bobs, 404)):
        given = {"type": "document", "transfer_method": "local_file", "upload_file_id": file_id}
        body = {"inputs": {"report": given}, "user": "ann", "response_mode": "blocking"}
        answer = await client.post("/completion-messages", body)
        assert answer.status_code == status, answer.content
    assert WORDS in prompt_of(world)
    (control,) = (await client.get("/parameters")).json()["user_input_form"]
    assert control["file"]["allowed_file_types"] == ["image", "document"]


async def test_a_visitor_is_offered_the_file_and_documents_go_with_no_question(owner: Person, world: World) -> None:
    site = await site_of(owner, prompt="Read {{report}}.", variables=[REPORT])
    ann, bob = await visitor_of(site), await visitor_of(site)
    offer = (await in_database(ann.send, "get", "")).json()
    assert [item["type"] for item in offer["variables"]] == ["file"]
    assert (offer["files"]["is_on"], offer["files"]["with_question"]) == (True, False)

    def uploaded() -> str:
        file = SimpleUploadedFile("report.txt", WORDS.encode())
        return str(ann.client.post(f"/api/v1/published/{ann.code}/files", {"file": file}).json()["id"])

    file_id = await in_database(uploaded)
    assert (await ann.told("When?", inputs={"report": file_id}))[-1][0] == "run_finished"
    assert f"Read {WORDS}." in prompt_of(world)
    assert (await bob.ask("When?", inputs={"report": file_id})).status_code == 404
