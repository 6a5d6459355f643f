"""The annotation reply through every door: runs through queue, worker, journal and stream, with a counting model."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import AsyncClient

from backend.annotations.models import AnnotationHit
from backend.apps.services import app_publish, draft_put
from backend.common.database import in_database
from backend.datasets.ports import EMBEDDERS
from backend.runs.models import Run
from inference.errors import UpstreamUnreachableError
from tests.backend.annotations.conftest import Desk
from tests.backend.apps.running import LIVE, MODEL, KeyClient, World, chunks_of, published
from tests.backend.conftest import Person
from tests.backend.datasets.embedding import WordEmbedder

pytestmark = LIVE
QUESTION, ANSWER = "How long is the warranty?", "Three years."
ASK = {"inputs": {}, "query": QUESTION, "user": "ann"}


async def annotated(person: Person, mode: str = "chat", **draft: Any) -> tuple[KeyClient, Desk, Any]:
    """Publish an app that answers with one annotation."""
    client = await published(person, mode, **draft)
    desk = Desk(person, client.app.id)
    await in_database(lambda: desk.switch(is_on=True, threshold=0.9))
    return client, desk, await in_database(desk.add, QUESTION, ANSWER)


async def trace_of(person: Person, run_id: str) -> Any:
    return (await in_database(person.request, "GET", f"/runs/{run_id}")).json()


async def test_a_hit_is_answered_without_the_model_and_dify_s_clients_are_told(
    owner: Person, annotating: World
) -> None:
    client, desk, made = await annotated(owner)
    body = (await client.post("/chat-messages", ASK)).json()
    assert body["answer"] == ANSWER and annotating.model.requests == []
    author = {"id": str(owner.user.id), "name": owner.user.email.partition("@")[0]}
    assert body["metadata"]["annotation_reply"] == {"id": made["id"], "account": author}
    assert body["metadata"]["usage"]["total_tokens"] == 0
    chunks = await chunks_of(await client.post("/chat-messages", {**ASK, "response_mode": "streaming"}))
    assert [chunk["event"] for chunk in chunks] == ["message", "message_end"]
    assert chunks[0]["answer"] == ANSWER and chunks[1]["metadata"]["annotation_reply"]["id"] == made["id"]
    row = await in_database(desk.told, "GET", f"/{made['id']}")
    assert row["hit_count"] == 2 and row["last_hit_at"]
    hits = (await in_database(desk.told, "GET", f"/{made['id']}/hits"))["results"]
    assert [(hit["question"], hit["score"]) for hit in hits] == [(QUESTION, 1.0)] * 2
    assert hits[1]["run_id"] == body["message_id"]
    assert (await client.get("/parameters")).json()["annotation_reply"] == {"enabled": True}


async def test_the_trace_shows_the_step_and_the_run_cost_nothing(owner: Person, annotating: World) -> None:
    client, _, made = await annotated(owner)
    run_id = (await client.post("/chat-messages", ASK)).json()["message_id"]
    trace = await trace_of(owner, run_id)
    [step] = trace["nodes"]
    assert (step["kind"], step["status"], step["text"]) == ("annotation_reply", "succeeded", ANSWER)
    assert (step["outputs"]["outcome"], step["outputs"]["score"]) == ("hit", 1.0)
    assert (step["outputs"]["annotation_id"], step["outputs"]["question"]) == (made["id"], QUESTION)
    assert (trace["status"], trace["answer"], trace["prompt_tokens"], trace["cost"]) == (
        "succeeded",
        ANSWER,
        0,
        "0.00000000",
    )


async def test_a_question_that_is_not_near_enough_goes_to_the_model(owner: Person, annotating: World) -> None:
    client, desk, _ = await annotated(owner)
    body = (await client.post("/chat-messages", {**ASK, "query": "How long is the trial?"})).json()
    assert body["answer"] == "Hello there, friend." and len(annotating.model.requests) == 1
    assert body["metadata"]["annotation_reply"] is None
    step = (await trace_of(owner, body["message_id"]))["nodes"][0]
    assert step["outputs"]["outcome"] == "miss" and 0.5 < step["outputs"]["score"] < 0.9
    assert not await in_database(AnnotationHit.unscoped.exists)
    await in_database(lambda: desk.switch(is_on=False))
    body = (await client.post("/chat-messages", ASK)).json()
    assert body["answer"] == "Hello there, friend."
    assert (await trace_of(owner, body["message_id"]))["nodes"][0]["kind"] != "annotation_reply"


async def test_an_embedding_model_that_is_down_leaves_the_run_to_the_chat_model(
    owner: Person, annotating: World
) -> None:
    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise UpstreamUnreachableError("the model server does not answer; start it")

    client, _, _ = await annotated(owner)
    EMBEDDERS.fill(lambda workspace_id, model: Down(model))
    body = (await client.post("/chat-messages", ASK)).json()
    assert body["answer"] == "Hello there, friend."
    step = (await trace_of(owner, body["message_id"]))["nodes"][0]
    assert (step["status"], step["outputs"]["outcome"]) == ("exception", "failed")
    assert "does not answer" in step["error"]["message"]


@pytest.mark.parametrize("mode", ["completion", "agent"])
async def test_other_apps_that_are_asked_in_words_answer_too(owner: Person, annotating: World, mode: str) -> None:
    client, _, made = await annotated(owner, mode)
    path = "/completion-messages" if mode == "completion" else "/chat-messages"
    inputs = {"inputs": {"query": QUESTION}} if mode == "completion" else {}
    chunks = await chunks_of(await client.post(path, {**ASK, **inputs, "response_mode": "streaming"}))
    assert chunks[0]["answer"] == ANSWER and annotating.model.requests == []
    assert chunks[-1]["metadata"]["annotation_reply"]["id"] == made["id"]


async def test_a_chatflow_answers_before_its_graph_runs(owner: Person, annotating: World) -> None:
    nodes = [
        {"id": "s", "data": {"type": "start", "variables": []}},
        {"id": "a", "data": {"type": "answer", "answer": "From the graph."}},
    ]
    graph = {"graph": {"nodes": nodes, "edges": [{"source": "s", "target": "a"}]}}
    client = await published(owner, "chatflow")

    def publish() -> None:
        draft_put(app=client.app, data=graph)
        app_publish(app=client.app, actor=owner.user)

    await in_database(publish)
    desk = Desk(owner, client.app.id)
    await in_database(lambda: desk.switch(is_on=True))
    await in_database(desk.add, QUESTION, ANSWER)
    chunks = await chunks_of(await client.post("/chat-messages", {**ASK, "response_mode": "streaming"}))
    assert [chunk["event"] for chunk in chunks] == ["workflow_started", "message", "message_end", "workflow_finished"]
    assert chunks[1]["answer"] == ANSWER and chunks[2]["metadata"]["annotation_reply"]


async def test_openai_s_endpoint_and_the_console_s_draft_answer_too(owner: Person, annotating: World) -> None:
    client, desk, made = await annotated(owner)
    asked = {"model": "x", "messages": [{"role": "user", "content": QUESTION}]}
    body = (await client.post("/chat/completions", asked)).json()
    assert body["choices"][0]["message"]["content"] == ANSWER and body["usage"]["total_tokens"] == 0
    answer = await _console(owner, desk, {"query": QUESTION})
    assert answer[-1]["outputs"] == {"answer": ANSWER}
    assert annotating.model.requests == []
    row = await in_database(desk.told, "GET", f"/{made['id']}")
    assert row["hit_count"] == 2


async def test_who_compares_models_asks_the_models(owner: Person, annotating: World) -> None:
    _, desk, _ = await annotated(owner)
    overrides = {"model": {"id": MODEL, "parameters": {"temperature": 0.1}}}
    answer = await _console(owner, desk, {"query": QUESTION, "overrides": overrides})
    assert answer[-1]["outputs"] == {"answer": "Hello there, friend."}


async def _console(person: Person, desk: Desk, body: dict[str, object]) -> Any:
    """Run the draft, wait for its end, and return its events."""
    response = await AsyncClient().post(
        f"/api/v1/apps/{desk.app_id}/runs",
        {"inputs": {}, **body},
        content_type="application/json",
        headers={"Authorization": f"Bearer {person.token}"},
    )
    chunks = await chunks_of(response)
    assert await in_database(Run.unscoped.filter(id=response.headers["X-Run-Id"]).exists)
    return chunks
