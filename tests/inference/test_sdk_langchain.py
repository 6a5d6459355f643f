"""LangChain's OpenAI classes, unmodified, against a real server process."""

import os
from typing import Literal

import httpx
import pytest
import tiktoken
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field, SecretStr

from inference.config import CHAT_MODEL, EMBEDDING_MODEL
from tests.inference.serving import server_url

pytestmark = pytest.mark.model
os.environ.setdefault("LANGSMITH_TRACING", "false")


class Weather(BaseModel):
    """Tell the weather of a city."""

    city: str = Field(description="the city")
    unit: Literal["celsius", "fahrenheit"]


def chat() -> ChatOpenAI:
    return ChatOpenAI(
        model=CHAT_MODEL,
        base_url=f"{server_url()}/v1",
        api_key=SecretStr("unused"),
        temperature=0,
        max_completion_tokens=80,
        max_retries=0,
    )


def embeddings(*, sends_ids: bool) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(
        model=EMBEDDING_MODEL,
        base_url=f"{server_url()}/v1",
        api_key=SecretStr("unused"),
        check_embedding_ctx_length=sends_ids,
        max_retries=0,
    )


def test_chat_answers_and_streams_the_same() -> None:
    whole = chat().invoke("Say hello.")
    assert whole.content
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] > 0
    assert "".join(str(chunk.content) for chunk in chat().stream("Say hello.")) == whole.content


def test_bound_tools_are_called() -> None:
    answer = (
        chat()
        .bind_tools([Weather], tool_choice="required", parallel_tool_calls=False)
        .invoke("What is the weather in Oslo?")
    )
    (call,) = answer.tool_calls
    assert call["name"] == "Weather"
    Weather.model_validate(call["args"])
    pieces = (
        chat()
        .bind_tools([Weather], tool_choice="Weather", parallel_tool_calls=False)
        .stream("What is the weather in Oslo?")
    )
    whole = next(pieces)
    for piece in pieces:
        whole = whole + piece  # type: ignore[assignment]  # chunks add up to a chunk
    (streamed,) = whole.tool_calls
    Weather.model_validate(streamed["args"])


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_is_what_was_asked_for(method: Literal["json_schema", "function_calling"]) -> None:
    found = chat().with_structured_output(Weather, method=method).invoke("What is the weather in Oslo?")
    assert isinstance(found, Weather)


def test_texts_are_embedded() -> None:
    made = embeddings(sends_ids=False)
    cat, kitten, stock = made.embed_documents(["a cat", "a kitten", "the stock exchange"])
    assert len(cat) == 384
    assert dot(cat, kitten) > dot(cat, stock)
    assert made.embed_query("a cat") == pytest.approx(cat, abs=1e-2)


def test_token_ids_of_this_model_are_embedded_as_their_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain counts and sends ids of OpenAI's tokenizer; here it is given the model's own."""

    class Own:
        def encode_ordinary(self, text: str) -> list[int]:
            asked = {"model": EMBEDDING_MODEL, "prompt": text}
            tokens: list[int] = httpx.post(f"{server_url()}/tokenize", json=asked).json()["tokens"]
            return tokens[1:-1]

    monkeypatch.setattr(tiktoken, "get_encoding", lambda _name: Own())
    texts = ["a cat on the roof", "the stock exchange"]
    as_ids = embeddings(sends_ids=True).embed_documents(texts)
    as_texts = embeddings(sends_ids=False).embed_documents(texts)
    for number in range(2):
        assert as_ids[number] == pytest.approx(as_texts[number], abs=1e-2)


def dot(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))
