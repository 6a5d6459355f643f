"""Models as runs and knowledge use them: by id, per workspace, in any event loop."""

import asyncio
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.common.database import in_database
from backend.common.errors import Invalid
from backend.providers import access, adapters, selectors
from backend.providers.access import chat_model, embedder
from backend.providers.adapters import Endpoint, engine_for
from backend.providers.models import Provider
from backend.providers.selectors import cost_of, model_get, models_list
from backend.providers.services import ModelDraft, provider_create, provider_update
from inference.errors import UpstreamAuthError
from inference.types import GenerateRequest, Message
from tests.backend.conftest import Person, person_create
from tests.backend.providers.conftest import KEY, Server

CHAT = ModelDraft("big", context_tokens=32000, input_price=Decimal("2.5"), output_price=Decimal(10))
VECTORS = ModelDraft("vec/tors", kind="embedding", context_tokens=512)
ASK = GenerateRequest("ignored", messages=(Message("user", "hi"),))


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_INFOS", {})
    monkeypatch.setattr(selectors, "_PRICES", {})


@pytest.fixture
def own_server(server: Server, settings: Any) -> Server:
    """The stand-in in the place of our inference server."""
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url=server.origin, inference_key="")
    server.models = [
        {"id": "smollm2-135m-instruct", "kind": "chat", "max_model_len": 2048, "supports_continuation": True},
        {"id": "all-minilm-l6-v2", "kind": "embedding", "max_model_len": 256, "dimensions": 384},
    ]
    return server


def connect(person: Person, server: Server, key: str = "", name: str = "house") -> Provider:
    return provider_create(
        workspace_id=person.workspace.id,
        name=name,
        base_url=f"{server.origin}/v1",
        api_key=key,
        models=[CHAT, VECTORS],
        actor=None,
    )


async def answer_of(workspace_id: Any, model_id: str) -> str:
    model = await chat_model(str(workspace_id), model_id)
    return "".join([delta.text async for delta in model.generate(ASK)])


async def test_the_embedded_model_is_asked_in_our_dialect_without_a_query(own_server: Server) -> None:
    # No database mark: a query would fail this test.
    model = await chat_model("ws-1", "smollm2-135m-instruct")
    assert model.info.context_tokens == 2048 and model.info.supports_continuation
    assert [delta.text async for delta in model.generate(ASK) if delta.text] == ["Hello"]
    assert await model.count_tokens(ASK) == 7
    sent = next(body for path, _, body in own_server.seen if path == "/v1/chat/completions")
    assert (sent["model"], sent["cache_salt"]) == ("smollm2-135m-instruct", "ws-1")
    await chat_model("ws-2", "smollm2-135m-instruct")
    assert [path for path, _, _ in own_server.seen].count("/v1/models") == 1


async def test_the_inference_servers_key_is_sent_when_there_is_one(own_server: Server, settings: Any) -> None:
    own_server.key = "inner-key"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_key="inner-key")
    assert await answer_of("ws", "smollm2-135m-instruct") == "Hello"


async def test_the_embedded_embedder_makes_unit_vectors_and_counts_exactly(own_server: Server) -> None:
    made = embedder("ws-1", "all-minilm-l6-v2")
    assert (made.model, made.max_tokens) == ("all-minilm-l6-v2", 256)
    texts = [f"text {number}" for number in range(70)]
    vectors = await made.embed(texts)
    assert len(vectors) == 70 and all(math.isclose(math.hypot(*vector), 1) for vector in vectors)
    assert await made.count_tokens(["one", "one two three", "one two"]) == [1, 3, 2]
    assert [path for path, _, _ in own_server.seen].count("/tokenize") == 1, "one request counts many texts"
    batches = [body for path, _, body in own_server.seen if path == "/v1/embeddings"]
    assert [len(body["input"]) for body in batches] == [32, 32, 6] and batches[0]["cache_salt"] == "ws-1"


def test_an_embedder_works_in_loops_that_come_and_go(own_server: Server) -> None:
    made = embedder("ws-1", "all-minilm-l6-v2")
    before = len(adapters._BY_LOOP)
    for _ in range(3):
        assert len(asyncio.run(made.embed(["a"]))) == 1
    # Connections left open would be reported as errors here, since warnings are.
    assert all(not opened for opened in list(adapters._BY_LOOP.values())[before:])


@pytest.mark.django_db(transaction=True)
async def test_a_providers_model_is_asked_with_its_key_and_nothing_of_ours(server: Server) -> None:
    server.key = KEY
    person = await in_database(person_create)
    await in_database(connect, person, server, KEY)
    assert await answer_of(person.workspace.id, "house/big") == "Hello"
    sent = server.seen[-1]
    assert (sent[1], sent[2]["model"]) == (f"Bearer {KEY}", "big") and "cache_salt" not in sent[2]
    made = await in_database(embedder, str(person.workspace.id), "house/vec/tors")
    assert made.max_tokens == 512 and math.isclose(math.hypot(*(await made.embed(["a"]))[0]), 1)


@pytest.mark.django_db(transaction=True)
async def test_r19_a_refusal_that_repeats_the_key_is_passed_on_without_it(server: Server) -> None:
    server.key = "another"
    person = await in_database(person_create)
    await in_database(connect, person, server, KEY)
    with pytest.raises(UpstreamAuthError) as refused:
        await answer_of(person.workspace.id, "house/big")
    assert KEY not in str(refused.value) and "[key]" in refused.value.message
    assert KEY not in repr(Endpoint("n", "http://x", KEY))


@pytest.mark.django_db(transaction=True)
async def test_a_new_key_is_used_at_once_and_what_runs_goes_on(server: Server) -> None:
    server.key = "first"
    person = await in_database(person_create)
    provider = await in_database(connect, person, server, "first")
    model = await chat_model(str(person.workspace.id), "house/big")
    running = model.generate(ASK)
    assert (await anext(running)).text == "Hello"
    await in_database(lambda: provider_update(provider=provider, api_key="second", actor=None))
    server.key = "second"
    assert await answer_of(person.workspace.id, "house/big") == "Hello"
    assert [delta.finish_reason async for delta in running][-1] == "stop"


async def test_one_engine_serves_a_server_in_a_loop(server: Server) -> None:
    endpoint = Endpoint("house", f"{server.origin}/v1")
    assert await engine_for(endpoint) is await engine_for(endpoint)
    assert await engine_for(replace(endpoint, api_key="x")) is not await engine_for(endpoint)


def test_an_unknown_model_is_refused_with_those_that_exist(owner: Person, stranger: Person, server: Server) -> None:
    connect(owner, server)
    for person, known in ((owner, "'house/big'"), (stranger, "'smollm2-135m-instruct'")):
        with pytest.raises(Invalid) as refused:
            model_get(person.workspace.id, "house/none")
        assert refused.value.code == "model_not_found" and known in refused.value.message
    with pytest.raises(Invalid):
        model_get(stranger.workspace.id, "house/big")
    with pytest.raises(Invalid, match="no chat model"):
        model_get(owner.workspace.id, "all-minilm-l6-v2", kind="chat")
    with pytest.raises(Invalid, match="no embedding model"):
        embedder(str(owner.workspace.id), "smollm2-135m-instruct")


@pytest.mark.django_db(transaction=True)
async def test_a_chat_model_that_embeds_is_refused(own_server: Server) -> None:
    person = await in_database(person_create)
    with pytest.raises(Invalid):
        await chat_model(str(person.workspace.id), "all-minilm-l6-v2")


def test_models_are_those_of_the_workspace(owner: Person, stranger: Person, server: Server) -> None:
    connect(owner, server)
    own = ["smollm2-135m-instruct", "all-minilm-l6-v2", "smollm2-135m-instruct-base"]
    assert [model.id for model in models_list(owner.workspace.id)] == [*own, "house/big", "house/vec/tors"]
    assert [model.id for model in models_list(stranger.workspace.id)] == own


def test_tokens_cost_what_the_model_costs(owner: Person, stranger: Person, server: Server) -> None:
    connect(owner, server)
    assert cost_of(owner.workspace.id, "house/big", 1_000_000, 100_000) == Decimal("3.5")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert cost_of(owner.workspace.id, "house/big", 2, 0) == Decimal("0.000005")
    assert not queries.captured_queries
    assert cost_of(owner.workspace.id, "smollm2-135m-instruct", 10**6, 10**6) == 0
    assert cost_of(owner.workspace.id, "gone/model", 10**6, 10**6) == 0
    assert cost_of(stranger.workspace.id, "house/big", 10**6, 10**6) == 0


@pytest.mark.django_db(transaction=True)
async def test_a_model_that_two_servers_have_is_answered_by_the_one_that_is_there(server: Server) -> None:
    person = await in_database(person_create)
    workspace_id = person.workspace.id
    await in_database(connect, person, server, KEY)
    server.key = KEY
    with pytest.raises(Invalid, match="any/none"):
        await answer_of(workspace_id, "any/none")
    gone = {"base_url": "http://127.0.0.1:9/v1", "models": [ModelDraft("big", context_tokens=512)]}
    await in_database(
        lambda: provider_create(workspace_id=workspace_id, name="gone", actor=person.user, **gone)  # type: ignore[arg-type]
    )
    record = await in_database(model_get, workspace_id, "any/big")
    assert (record.context_tokens, record.embedded, record.provider_id) == (512, False, None)
    listed = person.client.get
    assert "any/big" in {one["id"] for one in (await in_database(listed, "/api/v1/models")).json()["results"]}
    for text in "abcdefgh":
        request = replace(ASK, messages=(Message("user", text),))
        model = await chat_model(str(workspace_id), "any/big")
        assert "".join([delta.text async for delta in model.generate(request)]) == "Hello"


def test_no_provider_may_be_called_any(owner: Person) -> None:
    answer = owner.request("POST", "/providers", {"name": "any", "base_url": "http://127.0.0.1:9/v1"})
    assert answer.status_code == 400 and "name" in answer.json()["extra"]["fields"]
