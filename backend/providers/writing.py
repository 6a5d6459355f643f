"""Chat models as knowledge and judges use them: one prompt, one short text, behind everybody who waits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backend.providers.access import chat_model
from backend.providers.selectors import model_get
from inference.types import GenerateRequest, Message, SamplingParams, Usage
from rag.ports import Write


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, and the tokens that it took."""

    text: str
    usage: Usage


Ask = Callable[[str, int], Awaitable[Written]]
"""(prompt, most tokens of the answer) → what the model wrote."""


def asker(workspace_id: str, model_id: str) -> Ask:
    """Return what asks the chat model of this id. Reads the database (from async code: `in_database(asker, …)`).

    Raises `ApiError` (model_not_found) for one that the workspace has not.
    """
    model_get(workspace_id, model_id, kind="chat")

    async def ask(prompt: str, max_tokens: int) -> Written:
        model = await chat_model(workspace_id, model_id)
        request = GenerateRequest(
            model=model_id,
            messages=(Message("user", prompt),),
            sampling=SamplingParams(temperature=0.0, max_tokens=max_tokens),
            priority="workflow",
        )
        pieces, usage = [], Usage()
        async for delta in model.generate(request):
            pieces.append(delta.text)
            usage = delta.usage or usage
        return Written("".join(pieces), usage)

    return ask


def writer(workspace_id: str, model_id: str) -> Write:
    """Return what asks the chat model for a text alone; reads and raises as `asker` does."""
    ask = asker(workspace_id, model_id)

    async def write(prompt: str, max_tokens: int) -> str:
        return (await ask(prompt, max_tokens)).text

    return write
