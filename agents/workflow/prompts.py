"""Tells what a node asks its models: every model that a node gets says so before it answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields, replace
from itertools import takewhile
from typing import cast

from agents.events import Body, PromptSent
from agents.loop.stream import opened
from agents.ports import ChatModel, Models, Ports
from agents.types import JsonObject, JsonValue
from inference.types import Delta, GenerateRequest, Message, ModelInfo, SamplingParams

Tell = Callable[[Body], Awaitable[None]]
UNSET = SamplingParams()


def telling(ports: Ports, node_id: str, tell: Tell) -> Ports:
    """Return the ports of one node, whose models tell what they are asked."""
    return replace(ports, models=_Models(ports.models, node_id, tell))


class _Models:
    """The models of one node. An agent asks again and again: of each prompt only what is new in it is told."""

    def __init__(self, models: Models, node_id: str, tell: Tell) -> None:
        self._models = models
        self._node_id = node_id
        self._tell = tell
        self._before: tuple[Message, ...] = ()

    async def chat(self, model_id: str) -> ChatModel:
        """Return the model; raises `ModelNotFound`."""
        return _Model(await self._models.chat(model_id), self.tell)

    async def tell(self, request: GenerateRequest) -> None:
        """Send what is asked."""
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self._before, request.messages, strict=False))
        kept = sum(1 for _ in same)
        self._before = request.messages
        told: list[JsonValue] = [message_json(message) for message in request.messages[kept:]]
        if request.prompt is not None:
            told.append({"role": "prompt", "content": request.prompt})
        names = tuple(tool.name for tool in request.tools)
        await self._tell(PromptSent(self._node_id, request.model, told, kept, names, parameters_of(request)))


class _Model:
    """A model that tells each request before the first word of its answer."""

    def __init__(self, model: ChatModel, tell: Callable[[GenerateRequest], Awaitable[None]]) -> None:
        self.info: ModelInfo = model.info
        self._model = model
        self._tell = tell

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield the model's deltas."""
        await self._tell(request)
        async with opened(self._model, request) as stream:
            async for delta in stream:
                yield delta

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return how many prompt tokens the request would cost."""
        return await self._model.count_tokens(request)


def message_json(message: Message) -> dict[str, JsonValue]:
    """Return a message as the trace keeps it; of images only how many: their bytes are in the run's files."""
    told: dict[str, JsonValue] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    if message.images:
        told["images"] = len(message.images)
    return told


def parameters_of(request: GenerateRequest) -> JsonObject:
    """Return the parameters that differ from the defaults, and the schema that the answer must obey."""
    set_ones: dict[str, JsonValue] = {}
    for item in fields(SamplingParams):
        value = getattr(request.sampling, item.name)
        if value != getattr(UNSET, item.name):
            set_ones[item.name] = _json(value)
    if request.response_schema is not None:
        set_ones["response_schema"] = cast(JsonValue, request.response_schema)
    return set_ones


def _json(value: object) -> JsonValue:
    """Return a parameter as JSON: tuples become lists."""
    return [_json(item) for item in value] if isinstance(value, tuple) else cast(JsonValue, value)
