"""The clients that people already have, `openai` and `dify-client` from PyPI, unmodified, against a live server."""

import asyncio
import io
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import requests
import uvicorn
from dify_client import ChatClient, CompletionClient

from backend.common.redis import redis_async_close
from backend.config.asgi import application
from tests.agents.fakes import always
from tests.backend.apps import running
from tests.backend.apps.running import LIVE, KeyClient, World, app_published

pytestmark = LIVE
world = running.world
ANSWER = "Hello there, friend."


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """The web application behind uvicorn, on a port of its own."""
    # With its protocol named, asyncio turns off Nagle: otherwise each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="warning"))

    async def serve() -> None:
        await server.serve(sockets=[listener])
        await redis_async_close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def chat(world: World) -> KeyClient:
    return app_published("chat")


@pytest.fixture
def completion(world: World) -> KeyClient:
    return app_published("completion")


def openai_client(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)


def test_openai_completes_a_chat(chat: KeyClient, server_url: str) -> None:
    with openai_client(server_url, chat.key) as client:
        answer = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Hi"}])
        assert answer.choices[0].message.content == ANSWER
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 3


def test_openai_streams_a_chat_with_usage(chat: KeyClient, server_url: str) -> None:
    with openai_client(server_url, chat.key) as client:
        stream = client.chat.completions.create(
            model="any",
            messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ANSWER
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3


def test_openai_lists_the_app_as_its_one_model(chat: KeyClient, server_url: str) -> None:
    with openai_client(server_url, chat.key) as client:
        (model,) = client.models.list()
        assert model.id == chat.app.slug
        assert client.models.retrieve(model.id).id == model.id
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")


def test_openai_raises_its_own_errors(chat: KeyClient, server_url: str) -> None:
    with openai_client(server_url, "app-wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    with openai_client(server_url, chat.key) as client, pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Hi"}], n=2)
    assert caught.value.param == "n"


def dify_events(response: requests.Response) -> list[dict[str, Any]]:
    with response:
        lines = [line.decode() for line in response.iter_lines() if line]
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def dify_chat(url: str, key: str) -> ChatClient:
    client = ChatClient(key)
    client.base_url = f"{url}/v1"
    return client


def test_dify_holds_a_conversation(chat: KeyClient, server_url: str) -> None:
    client = dify_chat(server_url, chat.key)
    first = client.create_chat_message(inputs={}, query="Who are you?", user="ann").json()
    assert first["answer"] == ANSWER
    events = dify_events(
        client.create_chat_message({}, "And now?", "ann", "streaming", conversation_id=first["conversation_id"])
    )
    assert "".join(event["answer"] for event in events if event["event"] == "message") == ANSWER
    assert events[-1]["event"] == "message_end"
    assert client.message_feedback(first["message_id"], "like", "ann").json() == {"result": "success"}
    (conversation,) = client.get_conversations("ann", limit=10).json()["data"]
    assert conversation["name"] == "Who are you?"
    renamed = client.rename_conversation(conversation["id"], "Names", "ann").json()
    assert renamed["name"] == "Names"
    messages = client.get_conversation_messages("ann", conversation["id"]).json()["data"]
    assert [message["query"] for message in messages] == ["Who are you?", "And now?"]
    assert messages[0]["feedback"] == {"rating": "like"}


def test_dify_reads_parameters_and_uploads(chat: KeyClient, server_url: str) -> None:
    client = dify_chat(server_url, chat.key)
    assert client.get_application_parameters("ann").json()["user_input_form"] == []
    files = {"file": ("note.txt", io.BytesIO(b"remember the milk"), "text/plain")}
    uploaded = client.file_upload("ann", files)
    assert (uploaded.status_code, uploaded.json()["mime_type"]) == (201, "text/plain")
    refused = dify_chat(server_url, "app-wrong").get_application_parameters("ann")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_dify_completes_a_text(completion: KeyClient, world: World, server_url: str, mode: str) -> None:
    world.model.script = always("Thé.")
    client = CompletionClient(completion.key)
    client.base_url = f"{server_url}/v1"
    response = client.create_completion_message({"query": "Translate: tea"}, mode, "ann")
    if mode == "blocking":
        assert response.json()["answer"] == "Thé."
    else:
        events = dify_events(response)
        assert "".join(event["answer"] for event in events if event["event"] == "message") == "Thé."
