"""What every Engine promises, run on each: embedded, scripted, and over HTTP to our own server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from inference.config import CHAT_MODEL, EMBEDDING_MODEL
from inference.engines.fake import FakeEngine, say
from inference.engines.openai_http import OpenAIHttpEngine
from inference.errors import InferenceError, UnknownModelError
from inference.protocol import Engine
from inference.types import Delta, EmbedRequest, GenerateRequest, Message, RerankRequest, SamplingParams
from tests.inference.serving import chat_engine, embedding_engine, server_url


@dataclass(frozen=True)
class Subject:
    """An engine for chat and one for vectors, which may be the same."""

    chat: Engine
    vectors: Engine
    chat_model: str = CHAT_MODEL
    embedding_model: str = EMBEDDING_MODEL


@pytest.fixture(
    params=["fake", pytest.param("llama_cpp", marks=pytest.mark.model), pytest.param("http", marks=pytest.mark.model)]
)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    match request.param:
        case "fake":
            fake = FakeEngine([say("a few words from the script")])
            yield Subject(fake, fake, fake.chat_model, fake.embedding_model)
        case "llama_cpp":
            yield Subject(chat_engine(), embedding_engine())
        case _:
            async with httpx.AsyncClient() as client:
                engine = OpenAIHttpEngine(client, f"{server_url()}/v1", dialect="atelier")
                yield Subject(engine, engine)


def ask(subject: Subject) -> GenerateRequest:
    return GenerateRequest(
        subject.chat_model, (Message("user", "Say a few words."),), sampling=SamplingParams(temperature=0, max_tokens=6)
    )


async def collect(deltas: AsyncIterator[Delta]) -> list[Delta]:
    return [delta async for delta in deltas]


async def test_only_the_last_delta_has_reason_and_usage(subject: Subject) -> None:
    *before, last = await collect(subject.chat.generate(ask(subject)))
    assert all(delta.finish_reason is None and delta.usage is None for delta in before)
    assert last.finish_reason in {"stop", "length"}
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0
    assert last.usage.completion_tokens > 0
    assert "".join(delta.text for delta in (*before, last))


async def test_a_closed_iterator_yields_nothing_more_and_the_engine_goes_on(subject: Subject) -> None:
    deltas = subject.chat.generate(ask(subject))
    await anext(deltas)
    await deltas.aclose()  # type: ignore[attr-defined]  # engines return generators; the port promises less
    with pytest.raises(StopAsyncIteration):
        await anext(deltas)
    assert await collect(subject.chat.generate(ask(subject)))


async def test_an_unknown_model_is_refused(subject: Subject) -> None:
    with pytest.raises(UnknownModelError):
        await collect(subject.chat.generate(replace(ask(subject), model="no-such-model")))
    with pytest.raises(UnknownModelError):
        await subject.vectors.embed(EmbedRequest("no-such-model", ("a",)))


async def test_no_messages_are_refused_with_an_error_of_the_tree(subject: Subject) -> None:
    with pytest.raises(InferenceError) as refused:
        await collect(subject.chat.generate(replace(ask(subject), messages=())))
    assert not refused.value.retryable


async def test_a_message_can_be_continued(subject: Subject) -> None:
    messages = (Message("user", "Count to five."), Message("assistant", "One, two,"))
    request = replace(ask(subject), messages=messages, continue_final_message=True)
    assert await collect(subject.chat.generate(request))
    broken = replace(request, messages=messages[:1])
    with pytest.raises(InferenceError):
        await collect(subject.chat.generate(broken))


async def test_vectors_have_unit_length_and_the_order_of_the_texts(subject: Subject) -> None:
    both = await subject.vectors.embed(EmbedRequest(subject.embedding_model, ("first", "second text")))
    (second,) = (await subject.vectors.embed(EmbedRequest(subject.embedding_model, ("second text",)))).vectors
    assert both.usage.prompt_tokens > 0
    assert len(both.vectors) == 2
    for vector in both.vectors:
        assert sum(value * value for value in vector) == pytest.approx(1.0, abs=1e-3)
    assert list(both.vectors[1]) == pytest.approx(list(second), abs=1e-2)


async def test_log_probabilities_come_only_when_asked_for(subject: Subject) -> None:
    request = ask(subject)
    assert all(not delta.logprobs for delta in await collect(subject.chat.generate(request)))
    deltas = await collect(
        subject.chat.generate(replace(request, sampling=replace(request.sampling, top_logprobs=2, max_tokens=4)))
    )
    entries = [entry for delta in deltas for entry in delta.logprobs]
    assert entries
    text = "".join(delta.text for delta in deltas)
    assert text.encode() in b"".join(entry.chosen.token for entry in entries)
    for entry in entries:
        assert len(entry.top) == 2
        assert entry.top[0].logprob >= entry.top[1].logprob
        assert entry.chosen.logprob <= 0


async def test_a_plain_prompt_may_be_token_ids(subject: Subject) -> None:
    request = replace(ask(subject), messages=(), prompt_tokens=(5, 6, 7))
    assert await subject.chat.count_tokens(request) == 3
    *_, last = await collect(subject.chat.generate(request))
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0
    with pytest.raises(InferenceError) as refused:
        await collect(subject.chat.generate(replace(request, prompt_tokens=(10**8,))))
    assert not refused.value.retryable


async def test_a_bias_on_a_token_that_does_not_exist_is_refused(subject: Subject) -> None:
    biased = replace(ask(subject), sampling=SamplingParams(logit_bias=((10**8, 1.0),)))
    with pytest.raises(InferenceError) as refused:
        await collect(subject.chat.generate(biased))
    assert not refused.value.retryable


async def test_token_lists_are_embedded_like_texts(subject: Subject) -> None:
    made = await subject.vectors.embed(EmbedRequest(subject.embedding_model, token_lists=((5, 6), (7,))))
    assert len(made.vectors) == 2
    with pytest.raises(InferenceError) as refused:
        await subject.vectors.embed(EmbedRequest(subject.embedding_model, token_lists=((10**8,),)))
    assert not refused.value.retryable


async def test_only_a_rerank_model_ranks(subject: Subject) -> None:
    with pytest.raises(InferenceError) as refused:
        await subject.chat.rerank(RerankRequest(subject.chat_model, "a", ("b",)))
    assert not refused.value.retryable


async def test_tokens_grow_with_the_text(subject: Subject) -> None:
    short, long = ask(subject), replace(ask(subject), messages=(Message("user", "Say a few words. " * 20),))
    assert 0 < await subject.chat.count_tokens(short) < await subject.chat.count_tokens(long)


async def test_models_are_listed_with_their_kind(subject: Subject) -> None:
    chat = {model.id: model for model in await subject.chat.models()}
    vectors = {model.id: model for model in await subject.vectors.models()}
    assert chat[subject.chat_model].kind == "chat"
    assert chat[subject.chat_model].context_tokens > 0
    assert chat[subject.chat_model].supports_continuation
    assert vectors[subject.embedding_model].kind == "embedding"
    assert vectors[subject.embedding_model].dimensions > 0
