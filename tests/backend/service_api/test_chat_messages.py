"""chat-messages: real runs through queue, worker, journal and stream, told in Dify's words."""

import asyncio
import uuid
from decimal import Decimal

import pytest

from backend.common.database import in_database
from backend.datasets.models import Dataset
from backend.runs import stream
from backend.runs.models import Run
from inference.types import ToolCall
from tests.agents.fakes import Reply, always, in_turn, passage
from tests.backend.apps.running import LIVE, MODEL, KeyClient, World, chunks_of, published, raw_stream
from tests.backend.conftest import Person

pytestmark = LIVE

ASK = {"inputs": {}, "query": "Who are you?", "user": "ann"}
STREAMING = {**ASK, "response_mode": "streaming"}


async def run_of(run_id: str) -> Run:
    return await in_database(Run.unscoped.get, id=run_id)


async def test_a_blocking_answer_has_difys_fields_in_difys_order(owner: Person, world: World) -> None:
    client = await published(owner)
    response = await client.post("/chat-messages", ASK)
    body = response.json()
    assert response.status_code == 200, body
    ids = ["task_id", "id", "message_id", "conversation_id"]
    assert list(body) == ["event", *ids, "mode", "answer", "metadata", "created_at"]
    assert (body["event"], body["mode"], body["answer"]) == ("message", "chat", "Hello there, friend.")
    assert body["task_id"] == body["id"] == body["message_id"]
    usage = body["metadata"]["usage"]
    run = await run_of(body["message_id"])
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (run.prompt_tokens, run.completion_tokens)
    assert usage["completion_tokens"] == 3 and usage["total_tokens"] == usage["prompt_tokens"] + 3
    assert usage["completion_price"] == "0.0000060" and Decimal(usage["completion_unit_price"]) == 2
    assert usage["total_price"] == f"{run.cost:.7f}" and usage["currency"] == "USD"
    assert (run.source, run.end_user, run.app_version) == ("service_api", "ann", 1)


async def test_a_stream_says_the_same_as_the_blocking_answer(owner: Person, world: World) -> None:
    client = await published(owner)
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    assert [chunk["event"] for chunk in chunks] == ["message"] * 3 + ["message_end"]
    common = ["event", "conversation_id", "message_id", "created_at", "task_id", "id"]
    assert list(chunks[0]) == [*common, "answer", "from_variable_selector"]
    assert "".join(chunk["answer"] for chunk in chunks[:-1]) == "Hello there, friend."
    assert list(chunks[-1]) == [*common, "metadata", "files"]
    assert chunks[-1]["metadata"]["usage"]["completion_tokens"] == 3
    assert len({chunk["conversation_id"] for chunk in chunks}) == 1


async def test_a_conversation_goes_on_with_what_was_said(owner: Person, world: World) -> None:
    client = await published(owner, prompt="You are {{who}}.", variables=[{"name": "who", "required": True}])
    first = (await client.post("/chat-messages", {**ASK, "inputs": {"who": "Bob"}})).json()
    again = {**ASK, "query": "And now?", "conversation_id": first["conversation_id"]}
    second = (await client.post("/chat-messages", again)).json()
    assert second["conversation_id"] == first["conversation_id"]
    said = [(message.role, message.content) for message in world.model.last_messages]
    assert said == [
        ("system", "You are Bob."),
        ("user", "Who are you?"),
        ("assistant", "Hello there, friend."),
        ("user", "And now?"),
    ]


async def test_passages_are_told_with_their_pages(owner: Person, world: World) -> None:
    dataset = await in_database(Dataset.objects.create, workspace=owner.workspace, name="Manuals")
    world.knowledge.passages = (passage("c1", "Press the red button.", page=7, dataset_id=str(dataset.id)),)
    world.model.script = always("Press it [1].")
    client = await published(owner, datasets=[str(dataset.id)])
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    (found,) = chunks[-1]["metadata"]["retriever_resources"]
    assert (found["position"], found["document_name"], found["page"]) == (1, "manual.pdf", 7)
    assert (found["segment_id"], found["content"], found["dataset_id"]) == (
        "c1",
        "Press the red button.",
        str(dataset.id),
    )
    listed = (await client.get(f"/messages?user=ann&conversation_id={chunks[0]['conversation_id']}")).json()
    assert listed["data"][0]["retriever_resources"] == [found]


async def test_an_agent_streams_thoughts_and_refuses_blocking(owner: Person, world: World) -> None:
    call = ToolCall("c1", "calculator", '{"expression": "6*7"}')
    world.model.script = in_turn(Reply("I will compute.", (call,), "tool_calls"), Reply("It is 42."))
    client = await published(owner, "agent", tools=[{"name": "calculator"}])
    refused = await client.post("/chat-messages", ASK)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_param")
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    answer = ""
    for chunk in chunks:
        if chunk["event"] == "agent_message":
            answer += chunk["answer"]
        elif chunk["event"] == "message_replace":
            answer = chunk["answer"]
    assert answer == "It is 42."
    thoughts = [chunk for chunk in chunks if chunk["event"] == "agent_thought"]
    assert [thought["observation"] for thought in thoughts] == ["", '{"calculator": "42"}']
    assert thoughts[0]["id"] == thoughts[1]["id"]
    assert (thoughts[1]["tool"], thoughts[1]["thought"], thoughts[1]["position"]) == (
        "calculator",
        "I will compute.",
        1,
    )
    assert thoughts[1]["tool_input"] == '{"calculator": {"expression": "6*7"}}'
    listed = (await client.get(f"/messages?user=ann&conversation_id={chunks[0]['conversation_id']}")).json()
    (kept,) = listed["data"][0]["agent_thoughts"]
    assert (kept["tool"], kept["observation"]) == ("calculator", '{"calculator": "42"}')


async def test_stop_ends_the_stream_with_what_there_is(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("Half of an", blocks=True)
    client = await published(owner)
    response = await client.post("/chat-messages", STREAMING)
    task_id = response.headers["X-Run-Id"]
    reading = asyncio.create_task(chunks_of(response))
    while len(world.model.generated) < 3:
        await asyncio.sleep(0.01)
    foreign = await client.post(f"/chat-messages/{task_id}/stop", {"user": "eve"})
    assert foreign.status_code == 404
    stopped = await client.post(f"/chat-messages/{task_id}/stop", {"user": "ann"})
    assert (stopped.status_code, stopped.json()) == (200, {"result": "success"})
    chunks = await asyncio.wait_for(reading, 20)
    assert chunks[-1]["event"] == "message_end"
    assert "".join(chunk["answer"] for chunk in chunks[:-1]) == "Half of an"
    run = await run_of(task_id)
    assert (run.status, run.outputs) == ("cancelled", {"answer": "Half of an"})


async def test_a_client_that_leaves_does_not_end_its_run(owner: Person, world: World) -> None:
    gate = asyncio.Event()
    client = await published(owner)
    response = await client.post("/chat-messages", STREAMING)
    async for _piece in response.streaming_content:
        break
    await response.streaming_content.aclose()
    gate.set()
    run_id = response.headers["X-Run-Id"]
    while (await run_of(run_id)).status in ("queued", "running"):
        await asyncio.sleep(0.01)
    run = await run_of(run_id)
    assert (run.status, run.outputs["answer"]) == ("succeeded", "Hello there, friend.")


async def test_a_silent_run_pings_in_two_lines(owner: Person, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.05)
    monkeypatch.setattr(stream, "BLOCK_MS", 50)
    world.model.script = lambda request: Reply("", blocks=True)
    client = await published(owner)
    response = await client.post("/chat-messages", STREAMING)
    assert response.headers["X-Accel-Buffering"] == "no"
    async for piece in response.streaming_content:
        assert piece == b"event: ping\n\n"
        break
    await response.streaming_content.aclose()


async def test_a_model_that_breaks_is_an_error_event_in_a_stream_and_a_400_otherwise(
    owner: Person, world: World
) -> None:
    class ProviderGone(Exception):
        code, retryable, http_status = "upstream_unreachable", False, 502

    world.model.script = lambda request: Reply("Well", error=ProviderGone("no connection to the model server"))
    client = await published(owner)
    chunks = await chunks_of(await client.post("/chat-messages", STREAMING))
    assert list(chunks[-1]) == ["event", "conversation_id", "message_id", "created_at", "code", "status", "message"]
    assert (chunks[-1]["event"], chunks[-1]["code"], chunks[-1]["status"]) == ("error", "completion_request_error", 400)
    response = await client.post("/chat-messages", ASK)
    assert (response.status_code, response.json()["code"]) == (400, "completion_request_error")


NOBODYS = str(uuid.uuid4())
WRONG = {
    "no user": ({**ASK, "user": None}, 400, "invalid_param"),
    "an empty question": ({**ASK, "query": "  "}, 400, "invalid_param"),
    "a mode that is none": ({**ASK, "response_mode": "fast"}, 400, "invalid_param"),
    "inputs that are a list": ({**ASK, "inputs": []}, 400, "invalid_param"),
    "an unknown conversation": ({**ASK, "conversation_id": str(uuid.uuid4())}, 404, "not_found"),
    "a conversation that is no id": ({**ASK, "conversation_id": "new"}, 404, "not_found"),
    "an unknown file": ({**ASK, "files": [{"upload_file_id": NOBODYS}]}, 404, "not_found"),
    "a file without its address": ({**ASK, "files": [{"transfer_method": "remote_url"}]}, 400, "invalid_param"),
    "a NUL": ({**ASK, "query": "a\0b"}, 400, "invalid_param"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=str)
async def test_a_wrong_request_is_refused_before_anything_is_stored(owner: Person, world: World, case: str) -> None:
    body, status, code = WRONG[case]
    client = await published(owner)
    response = await client.post("/chat-messages", {**body, "response_mode": body.get("response_mode", "streaming")})
    assert (response.status_code, response.json()["code"], response.json()["status"]) == (status, code, status)
    assert not await in_database(Run.unscoped.exists)


async def test_a_missing_user_has_difys_own_words(owner: Person, world: World) -> None:
    client = await published(owner)
    response = await client.post("/chat-messages", {"inputs": {}, "query": "hi"})
    assert response.json() == {"code": "invalid_param", "message": "Arg user must be provided.", "status": 400}


async def test_a_question_longer_than_the_context_is_refused_with_numbers(owner: Person, world: World) -> None:
    world.model.info = type(world.model.info)(id=MODEL, kind="chat", context_tokens=1000)
    client = await published(owner)
    response = await client.post("/chat-messages", {**STREAMING, "query": "word " * 1200})
    assert (response.status_code, response.json()["code"]) == (400, "completion_request_error")
    assert "1000" in response.json()["message"] and "12" in response.json()["message"]
    assert not await in_database(Run.unscoped.exists)


async def test_r15_a_conversation_of_another_user_or_app_is_unknown(owner: Person, world: World) -> None:
    client, other = await published(owner), await published(owner)
    mine = (await client.post("/chat-messages", ASK)).json()["conversation_id"]
    as_eve = await client.post("/chat-messages", {**ASK, "user": "eve", "conversation_id": mine})
    by_other_app = await other.post("/chat-messages", {**ASK, "conversation_id": mine})
    assert (as_eve.status_code, by_other_app.status_code) == (404, 404)


async def test_a_completion_app_answers_completion_messages_only(owner: Person, world: World) -> None:
    client = await published(
        owner, "completion", prompt="Write about {{topic}}.", variables=[{"name": "topic", "required": True}]
    )
    refused = await client.post("/chat-messages", ASK)
    assert (refused.status_code, refused.json()["code"]) == (400, "not_chat_app")
    body = (await client.post("/completion-messages", {"inputs": {"topic": "tea"}, "user": "ann"})).json()
    assert list(body) == ["event", "task_id", "id", "message_id", "mode", "answer", "metadata", "created_at"]
    assert body["mode"] == "completion"
    assert [(m.role, m.content) for m in world.model.last_messages] == [("user", "Write about tea.")]
    missing = await client.post("/completion-messages", {"inputs": {}, "user": "ann"})
    assert (missing.status_code, missing.json()["params"]) == (400, "inputs.topic")
    chunks = await chunks_of(
        await client.post(
            "/completion-messages", {"inputs": {"topic": "tea"}, "user": "ann", "response_mode": "streaming"}
        )
    )
    assert "conversation_id" not in chunks[0] and chunks[-1]["event"] == "message_end"


async def test_the_default_completion_app_takes_its_text_as_input_or_as_query(owner: Person, world: World) -> None:
    client = await published(owner, "completion")
    for body in ({"inputs": {"query": "Translate: tea"}}, {"inputs": {}, "query": "Translate: tea"}):
        response = await client.post("/completion-messages", {**body, "user": "ann"})
        assert response.status_code == 200, response.json()
        assert [(m.role, m.content) for m in world.model.last_messages] == [("user", "Translate: tea")]


async def test_an_app_that_was_never_published_is_unavailable(owner: Person, world: World) -> None:
    client = await published(owner)

    def unpublish() -> None:
        client.app.published_version = None
        client.app.save()

    await in_database(unpublish)
    response = await client.post("/chat-messages", ASK)
    assert (response.status_code, response.json()["code"]) == (400, "app_unavailable")


async def test_the_published_version_runs_and_not_the_draft(owner: Person, world: World) -> None:
    client = await published(owner, prompt="Version one.")
    await in_database(owner.request, "put", f"/apps/{client.app.id}/draft", {"prompt": "Not yet."})
    await client.post("/chat-messages", ASK)
    assert world.model.last_messages[0].content == "Version one."


async def test_every_line_of_a_stream_is_data_or_ping(owner: Person, world: World) -> None:
    client: KeyClient = await published(owner)
    text = await raw_stream(await client.post("/chat-messages", STREAMING))
    assert all(frame.startswith("data: {") for frame in text.split("\n\n") if frame)
