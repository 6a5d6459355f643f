"""The openai SDK, unmodified, against a real server process."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from inference.config import CHAT_MODEL, EMBEDDING_MODEL
from tests.inference.serving import server_url

pytestmark = pytest.mark.model
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}


class Person(BaseModel):
    """What a model fills in."""

    name: str
    age: int
    mood: Literal["good", "bad"]


@pytest.fixture
def client() -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server_url()}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_several_answers_come_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=CHAT_MODEL, messages=HELLO, n=2, seed=1, max_tokens=6)
    assert [choice.index for choice in whole.choices] == [0, 1]
    assert whole.usage is not None
    assert whole.usage.completion_tokens <= 12
    assert whole.system_fingerprint
    texts: dict[int, str] = defaultdict(str)
    for chunk in client.chat.completions.create(
        model=CHAT_MODEL, messages=HELLO, n=2, seed=1, max_tokens=6, stream=True
    ):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert set(texts) == {0, 1}
    assert all(texts.values())


def test_log_probabilities_are_read(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=CHAT_MODEL, messages=HELLO, max_tokens=4, temperature=0, logprobs=True, top_logprobs=3
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    for entry in logprobs.content:
        assert len(entry.top_logprobs) == 3
        assert entry.logprob <= 0
        assert entry.token == entry.top_logprobs[0].token, "at temperature 0 the likeliest token is taken"
    shown = b"".join(bytes(entry.bytes or ()) for entry in logprobs.content).decode()
    assert (answer.choices[0].message.content or "") in shown
    plain = client.completions.create(model=CHAT_MODEL, prompt="Once upon", max_tokens=4, temperature=0, logprobs=2)
    legacy = plain.choices[0].logprobs
    assert legacy is not None
    assert "".join(legacy.tokens or ()) == plain.choices[0].text
    assert legacy.text_offset
    assert legacy.text_offset[0] == 0


@pytest.mark.parametrize("choice", ["required", "named"])
def test_tools_are_called_whole_and_streamed(client: openai.OpenAI, choice: str) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the weather in Oslo?"}]
    named: openai.types.chat.ChatCompletionToolChoiceOptionParam = (
        "required" if choice == "required" else {"type": "function", "function": {"name": "get_weather"}}
    )
    whole = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=messages,
        tools=[WEATHER],
        tool_choice=named,
        parallel_tool_calls=False,
        max_tokens=80,
        temperature=0,
    )
    (call,) = whole.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["unit"] in {"celsius", "fahrenheit"}
    with client.chat.completions.stream(
        model=CHAT_MODEL,
        messages=messages,
        tools=[WEATHER],
        tool_choice=named,
        parallel_tool_calls=False,
        max_tokens=80,
        temperature=0,
    ) as stream:
        final = stream.get_final_completion()
    (streamed,) = final.choices[0].message.tool_calls or []
    assert streamed.type == "function"
    assert streamed.function.name == "get_weather"
    assert set(json.loads(streamed.function.arguments)) == {"city", "unit"}


def test_parallel_calls_all_obey_their_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[{"role": "user", "content": "What is the weather in Oslo and in Rome?"}],
        tools=[WEATHER],
        tool_choice="required",
        max_tokens=120,
        temperature=0,
    )
    calls = answer.choices[0].message.tool_calls or []
    assert calls
    assert len({call.id for call in calls}) == len(calls)
    for call in calls:
        assert call.type == "function"
        assert set(json.loads(call.function.arguments)) == {"city", "unit"}


def test_a_schema_is_obeyed_and_parsed(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(
        model=CHAT_MODEL,
        messages=[{"role": "user", "content": "Ada Lovelace, 36, is in a good mood. Describe her."}],
        response_format=Person,
        max_tokens=80,
        temperature=0,
    )
    person = answer.choices[0].message.parsed
    assert isinstance(person, Person)
    any_object = client.chat.completions.create(
        model=CHAT_MODEL, messages=HELLO, response_format={"type": "json_object"}, max_tokens=60, temperature=0
    )
    assert isinstance(json.loads(any_object.choices[0].message.content or ""), dict)


def test_vectors_are_the_same_packed_or_not_and_from_ids(client: openai.OpenAI) -> None:
    (packed,) = client.embeddings.create(model=EMBEDDING_MODEL, input="a small cat").data
    (plain,) = client.embeddings.create(model=EMBEDDING_MODEL, input=["a small cat"], encoding_format="float").data
    assert packed.embedding == pytest.approx(plain.embedding, abs=1e-6)
    ids = client.post(
        "../tokenize", body={"model": EMBEDDING_MODEL, "prompt": "a small cat"}, cast_to=dict[str, object]
    )
    tokens = ids["tokens"]
    assert isinstance(tokens, list)
    (from_ids,) = client.embeddings.create(model=EMBEDDING_MODEL, input=[tokens[1:-1]]).data
    assert from_ids.embedding == pytest.approx(plain.embedding, abs=1e-2)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=EMBEDDING_MODEL, input=[[99_999]])


def test_prompts_may_be_many_and_token_ids(client: openai.OpenAI) -> None:
    # Prompts that leave no doubt: how many are computed together moves the last digits of what is likely.
    counted = "1, 2, 3, 4, 5, 6, 7,"
    two = client.completions.create(model=CHAT_MODEL, prompt=[counted, "A, B, C, D, E,"], max_tokens=3, temperature=0)
    assert [choice.index for choice in two.choices] == [0, 1]
    ids = client.post("../tokenize", body={"model": CHAT_MODEL, "prompt": counted}, cast_to=dict[str, object])
    tokens = ids["tokens"]
    assert isinstance(tokens, list)
    same = client.completions.create(model=CHAT_MODEL, prompt=tokens, max_tokens=3, temperature=0)
    assert same.choices[0].text == two.choices[0].text
