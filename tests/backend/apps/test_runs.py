"""Runs of a draft from the console: events to the end, and 4xx before a stream begins."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient

from backend.accounts.models import Role
from backend.common.database import in_database
from backend.common.redis import redis_async_close
from backend.files.services import file_store
from backend.logs.models import Conversation
from backend.runs.models import Run
from backend.runs.ports import RUN_PORTS
from inference.types import ModelInfo
from tests.agents.fakes import FakeFiles, ports_of
from tests.backend.apps.running import LIVE, MODEL, World, app_published, raw_stream
from tests.backend.conftest import Person, person_create

pytestmark = LIVE
SEA = b"\x89PNG\r\n\x1a\n" + bytes(8)


@pytest.fixture(autouse=True)
async def _closed_redis() -> Any:
    yield
    await redis_async_close()


async def run(person: Person, app_id: object, body: Any, token: str | None = None) -> Any:
    client = AsyncClient(raise_request_exception=False)
    key = person.token if token is None else token
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return await client.post(f"/api/v1/apps/{app_id}/runs", body, content_type="application/json", headers=headers)


async def make(owner: Person, mode: str = "chat", **draft: Any) -> str:
    return str((await in_database(app_published, mode, owner, **draft)).app.id)


async def events_of(response: Any) -> list[tuple[str, dict[str, Any]]]:
    frames = [frame for frame in (await raw_stream(response)).split("\n\n") if frame.startswith("id: ")]
    found = []
    for frame in frames:
        _, kind, data = frame.split("\n", 2)
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_a_run_of_the_draft_is_told_from_start_to_end(owner: Person, world: World) -> None:
    app_id = await make(owner, prompt="You are Bob.")
    response = await run(owner, app_id, {"query": "Who are you?"})
    events = await events_of(response)
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "run_started" and kinds[-1] == "run_finished"
    assert "".join(data["text"] for kind, data in events if kind == "text_delta") == "Hello there, friend."
    last = events[-1][1]
    assert last["outputs"] == {"answer": "Hello there, friend."} and last["usage"]["completion_tokens"] == 3
    assert response.headers["X-Run-Id"] == last["run_id"]
    seqs = [data["seq"] for _, data in events]
    assert seqs == sorted(set(seqs))
    stored = await in_database(Run.unscoped.get, id=last["run_id"])
    assert (stored.source, stored.user_id, stored.app_version) == ("console", owner.user.id, None)


async def test_an_image_that_goes_with_a_question_is_told_with_it(owner: Person, world: World) -> None:
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=8192, supports_images=True)
    app_id = await make(owner)
    upload = SimpleUploadedFile("sea.png", SEA)
    image = await in_database(lambda: file_store(workspace_id=owner.workspace.id, upload=upload, user=owner.user))
    files = FakeFiles({str(image.id): SEA})
    RUN_PORTS.fill(lambda spec: ports_of(world.model, knowledge=world.knowledge, files=files))
    started = (await events_of(await run(owner, app_id, {"query": "What is this?", "files": [str(image.id)]})))[0][1]
    told = [{"id": str(image.id), "name": "sea.png", "mime_type": "image/png", "size_bytes": 16}]

    def read() -> tuple[Any, Any]:
        path = f"/apps/{app_id}/conversations/{started['conversation_id']}/messages"
        return owner.request("get", path).json(), owner.request("get", f"/runs/{started['run_id']}").json()

    messages, trace = await in_database(read)
    assert [message["files"] for message in messages["results"]] == [told] and trace["files"] == told


async def test_a_second_question_goes_into_the_same_conversation_and_is_listed(owner: Person, world: World) -> None:
    app_id = await make(owner)
    first = await events_of(await run(owner, app_id, {"query": "one"}))
    conversation = first[0][1]["conversation_id"]
    await events_of(await run(owner, app_id, {"query": "two", "conversation_id": conversation}))
    assert [message.content for message in world.model.last_messages if message.role == "user"] == ["one", "two"]

    def read() -> tuple[Any, Any]:
        listed = owner.request("get", f"/apps/{app_id}/conversations").json()["results"]
        path = f"/apps/{app_id}/conversations/{conversation}"
        return listed, owner.request("get", f"{path}/messages").json()["results"]

    (listed,), messages = await in_database(read)
    assert (listed["id"], listed["name"], listed["messages"]) == (conversation, "one", 2)
    assert [(row["query"], row["answer"], row["status"]) for row in messages] == [
        ("one", "Hello there, friend.", "succeeded"),
        ("two", "Hello there, friend.", "succeeded"),
    ]
    run_id = messages[0]["id"]

    def judge() -> Any:
        owner.request("post", f"/runs/{run_id}/feedback", {"rating": "like", "comment": "good"})
        return owner.request("get", f"/apps/{app_id}/conversations/{conversation}/messages").json()["results"][0]

    judged = await in_database(judge)
    assert judged["feedback"] == {"rating": "like", "comment": "good"}

    def change() -> tuple[Any, int, list[Any]]:
        path = f"/apps/{app_id}/conversations/{conversation}"
        named = owner.request("patch", path, {"name": "Numbers"}).json()["name"]
        code = owner.request("delete", path).status_code
        return named, code, owner.request("get", f"/apps/{app_id}/conversations").json()["results"]

    assert await in_database(change) == ("Numbers", 204, [])


async def test_inputs_of_the_first_question_serve_the_later_ones(owner: Person, world: World) -> None:
    variables = [{"name": "who", "required": True}]
    opening = "Hi, I am {{who}}, and {{#sys.query#}} you."
    app_id = await make(owner, prompt="You are {{who}}.", variables=variables, opening_statement=opening)
    first = await events_of(await run(owner, app_id, {"query": "one", "inputs": {"who": "Bob", "more": 1}}))
    conversation = first[0][1]["conversation_id"]
    await events_of(await run(owner, app_id, {"query": "two", "conversation_id": conversation}))
    assert world.model.last_messages[0].content == "You are Bob."
    stored = await in_database(Conversation.unscoped.get, id=conversation)
    assert (stored.inputs, stored.introduction) == ({"who": "Bob"}, "Hi, I am Bob, and  you.")


async def test_a_version_and_changed_parts_run_without_being_saved(owner: Person, world: World) -> None:
    app_id = await make(owner, prompt="You are version one.")
    second = {"model": {"id": MODEL}, "prompt": "You are the draft.", "variables": [{"name": "who"}]}
    await in_database(owner.request, "put", f"/apps/{app_id}/draft", second)

    async def asked(**body: Any) -> tuple[str, float | None, int | None]:
        events = await events_of(await run(owner, app_id, {"query": "Who?", **body}))
        assert events[-1][0] == "run_finished", events[-1]
        request = world.model.requests[-1]
        stored = await in_database(Run.unscoped.get, id=events[-1][1]["run_id"])
        return request.messages[0].content, request.sampling.temperature, stored.app_version

    assert await asked() == ("You are the draft.", 0.7, None)
    assert await asked(version=1) == ("You are version one.", 0.7, 1)
    model = {"id": MODEL, "parameters": {"temperature": 0.1}}
    assert await asked(overrides={"model": model}) == ("You are the draft.", 0.1, None)
    changed = {"prompt": "You are {{who}}.", "variables": [{"name": "who"}], "model": model}
    assert await asked(version=1, overrides=changed, inputs={"who": "Eve"}) == ("You are Eve.", 0.1, None)
    assert (await in_database(owner.request, "get", f"/apps/{app_id}/draft")).json()["prompt"] == "You are the draft."


async def test_examples_stand_between_the_instructions_and_the_question(owner: Person, world: World) -> None:
    examples = [{"user": "Two plus {{n}}?", "assistant": "Four."}]
    app_id = await make(owner, prompt="Be brief.", examples=examples, variables=[{"name": "n"}])
    await events_of(await run(owner, app_id, {"query": "Three plus two?", "inputs": {"n": "two"}}))
    assert [(message.role, message.content) for message in world.model.last_messages] == [
        ("system", "Be brief."),
        ("user", "Two plus two?"),
        ("assistant", "Four."),
        ("user", "Three plus two?"),
    ]


SELECT = {"name": "tone", "type": "select", "options": ["kind", "cool"]}
SHORT = {"name": "a", "max_length": 2}
NUMBER = {"name": "a", "type": "number"}
WRONG: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, str]] = {
    "a missing input": ("chat", {"variables": [{"name": "a", "required": True}]}, {"query": "x"}, 400, "inputs.a"),
    "no option": ("chat", {"variables": [SELECT]}, {"query": "x", "inputs": {"tone": "hot"}}, 400, "inputs.tone"),
    "a long input": ("chat", {"variables": [SHORT]}, {"query": "x", "inputs": {"a": "abc"}}, 400, "inputs.a"),
    "a number that is none": ("chat", {"variables": [NUMBER]}, {"query": "x", "inputs": {"a": "ten"}}, 400, "inputs.a"),
    "a huge number": ("chat", {"variables": [NUMBER]}, {"query": "x", "inputs": {"a": 10**400}}, 400, "inputs.a"),
    "no question": ("chat", {}, {"query": " "}, 400, "query"),
    "an unknown key": ("chat", {}, {"query": "x", "mode": "fast"}, 400, "mode"),
    "a conversation of nobody": ("chat", {}, {"query": "x", "conversation_id": str(uuid.uuid4())}, 404, ""),
    "a conversation in a completion": ("completion", {}, {"query": "x", "conversation_id": str(uuid.uuid4())}, 404, ""),
    "a version that is not there": ("chat", {}, {"query": "x", "version": 7}, 404, ""),
    "a part that no draft has": ("chat", {}, {"query": "x", "overrides": {"colour": 1}}, 400, "overrides.colour"),
    "no such model": ("chat", {}, {"query": "x", "overrides": {"model": {"id": "x"}}}, 400, "overrides.model.id"),
    "an unknown variable": ("chat", {}, {"query": "x", "overrides": {"prompt": "{{who}}"}}, 400, "overrides.prompt"),
    "a version of a debugged run": ("chat", {}, {"query": "x", "version": 1, "mocks": {"llm": {}}}, 400, "version"),
    "changed parts of a graph": ("workflow", {}, {"overrides": {"prompt": "x"}}, 400, "overrides"),
    "a file of nobody": ("chat", {}, {"query": "x", "files": [str(uuid.uuid4())]}, 404, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=str)
async def test_a_wrong_request_is_a_4xx_before_the_stream(owner: Person, world: World, case: str) -> None:
    mode, draft, body, status, field = WRONG[case]
    app_id = await make(owner, mode, **draft)
    response = await run(owner, app_id, body)
    answer = response.json()
    assert response.status_code == status, answer
    assert not field or field in answer["extra"]["fields"], answer
    assert not await in_database(Run.unscoped.exists)
    assert not await in_database(Conversation.unscoped.exists)


async def test_an_overflow_names_the_numbers(owner: Person, world: World) -> None:
    world.model.info = ModelInfo(id=MODEL, kind="chat", context_tokens=500)
    app_id = await make(owner)
    response = await run(owner, app_id, {"query": "word " * 800})
    assert (response.status_code, response.json()["code"]) == (400, "context_length_exceeded")
    assert "500" in response.json()["message"]


async def test_a_model_that_went_away_is_named_before_the_stream(owner: Person, world: World) -> None:
    app_id = await make(owner)
    world.model.info = ModelInfo(id="another", kind="chat")
    response = await run(owner, app_id, {"query": "x"})
    assert (response.status_code, response.json()["code"]) == (400, "model_not_found")


@pytest.mark.parametrize("body", ["{", "[1]", '"x"', '{"query": "a\\u0000"}'])
async def test_malformed_json_is_a_400(owner: Person, world: World, body: str) -> None:
    app_id = await make(owner)
    response = await run(owner, app_id, body)
    assert response.status_code == 400 and response.json()["message"]


async def test_who_may_run_a_draft(owner: Person, stranger: Person, world: World) -> None:
    app_id = await make(owner)
    viewer = await in_database(person_create, Role.VIEWER, owner.workspace)
    codes = [(await run(person, app_id, {"query": "x"})).status_code for person in (viewer, stranger)]
    nobody = await run(owner, app_id, {"query": "x"}, token="")
    assert (codes, nobody.status_code) == ([403, 404], 401)
    assert not await in_database(Run.unscoped.exists)


async def test_r15_a_members_conversation_is_not_anothers(owner: Person, world: World) -> None:
    app_id = await make(owner)
    events = await events_of(await run(owner, app_id, {"query": "one"}))
    editor = await in_database(person_create, Role.EDITOR, owner.workspace)
    body = {"query": "two", "conversation_id": events[0][1]["conversation_id"]}
    assert (await run(editor, app_id, body)).status_code == 404
