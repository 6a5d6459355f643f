"""Chat models as knowledge uses them: one prompt, one short text, behind everybody who waits for an answer."""

from backend.providers.access import chat_model
from backend.providers.selectors import model_get
from inference.types import GenerateRequest, Message, SamplingParams
from rag.ports import Write


def writer(workspace_id: str, model_id: str) -> Write:
    """Return what asks the chat model of this id. Reads the database (from async code: `in_database(writer, …)`).

    Raises `ApiError` (model_not_found) for one that the workspace has not.
    """
    model_get(workspace_id, model_id, kind="chat")

    async def write(prompt: str, max_tokens: int) -> str:
        model = await chat_model(workspace_id, model_id)
        request = GenerateRequest(
            model=model_id,
            messages=(Message("user", prompt),),
            sampling=SamplingParams(temperature=0.0, max_tokens=max_tokens),
            priority="workflow",
        )
        return "".join([delta.text async for delta in model.generate(request)])

    return write
