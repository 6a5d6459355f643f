"""A model of 135 million parameters, asked to call random tools, calls them validly every time."""

import asyncio
import json
import random

import jsonschema
import openai
import pytest

from inference.config import CHAT_MODEL
from tests.inference.random_tools import random_tool
from tests.inference.serving import server_url

pytestmark = pytest.mark.model
CASES = 32
CLIENTS = 8


async def call(client: openai.AsyncOpenAI, case: int) -> None:
    rng = random.Random(10_000 + case)
    tools = {name: random_tool(rng, name) for name in ("get", "get_more")}
    answer = await client.chat.completions.create(
        model=CHAT_MODEL,
        messages=[{"role": "user", "content": f"Call a tool with anything that fits. Number {case}."}],
        tools=[
            {"type": "function", "function": {"name": name, "parameters": dict(tool.parameters)}}
            for name, tool in tools.items()
        ],
        tool_choice="required",
        parallel_tool_calls=case % 3 == 0,
        temperature=1.0,
        seed=case,
        max_tokens=300,
    )
    [choice] = answer.choices
    assert choice.finish_reason == "tool_calls", (case, choice)
    assert choice.message.tool_calls, (case, choice)
    for made in choice.message.tool_calls:
        assert made.type == "function"
        jsonschema.validate(json.loads(made.function.arguments), tools[made.function.name].parameters)


async def call_all(cases: range) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server_url()}/v1", api_key="unused", max_retries=0) as client:
        clients = asyncio.Semaphore(CLIENTS)

        async def one(case: int) -> None:
            async with clients:
                await call(client, case)

        await asyncio.gather(*(one(case) for case in cases))


async def test_random_tools_of_four_levels_are_always_called_validly_by_the_embedded_model() -> None:
    await call_all(range(CASES))
