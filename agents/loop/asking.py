"""Asks a model for one reply that nobody sees before it is whole."""

from dataclasses import dataclass

from agents.loop.stream import StreamEnd, opened
from agents.loop.thinking import ThinkSplitter
from agents.ports import ChatModel
from inference.errors import ContextOverflowError, InvalidRequestError
from inference.types import FinishReason, GenerateRequest, ToolCall, Usage


@dataclass(frozen=True, slots=True)
class Said:
    """A reply: its text without the model's reasoning, the calls that it asks for, and what it cost."""

    text: str
    calls: tuple[ToolCall, ...]
    finish_reason: FinishReason
    usage: Usage


async def ask(model: ChatModel, request: GenerateRequest) -> Said:
    """Return what the model says to `request`; raises what its stream raises, and `ModelStreamEnded`."""
    splitter, end = ThinkSplitter(), StreamEnd()
    pieces: list[str] = []
    calls: dict[int, list[str]] = {}
    async with opened(model, request) as stream:
        async for delta in stream:
            end.note(delta)
            part = splitter.feed(delta.text)
            if part.restarts:
                pieces.clear()
            pieces.append(part.text)
            for piece in delta.tool_calls:
                known = calls.setdefault(piece.index, ["", "", ""])
                known[0] = piece.id or known[0]
                known[1] = piece.name or known[1]
                known[2] += piece.arguments
    pieces.append(splitter.rest().text)
    made = tuple(ToolCall(*calls[index]) for index in sorted(calls))
    return Said("".join(pieces), made, end.reason(model.info.id), end.usage)


async def ask_held(model: ChatModel, held: GenerateRequest, plain: GenerateRequest) -> Said:
    """Return what the model says to `held`, which holds it to a format, or to `plain` where its server knows no such.

    No list of models says which servers take a schema or a tool that must be called: some answer that they do not.
    """
    if held == plain:
        return await ask(model, plain)
    try:
        return await ask(model, held)
    except ContextOverflowError:
        raise
    except InvalidRequestError:
        return await ask(model, plain)
