"""One model on our inference server, asked greedily; what it says is read as an application would read it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx

from inference.chat_template import ChatTemplate, Conversation
from inference.engines.openai_http import OpenAIHttpEngine
from inference.tool_parsing.parser import CallParser
from inference.types import Delta, EmbedRequest, GenerateRequest, Message, ModelInfo, SamplingParams, ToolCall, ToolSpec

AT_ONCE = 8
MOST_TOKENS = 160
Case = TypeVar("Case")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Said:
    """What a model answered: text, and the calls in it."""

    text: str
    calls: tuple[ToolCall, ...] = ()


class Asker:
    """Asks one model by its name; implements the agents' `ChatModel` too."""

    def __init__(self, engine: OpenAIHttpEngine, info: ModelInfo, template: ChatTemplate) -> None:
        self.info = info
        self._engine = engine
        self._template = template

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        async for delta in self._engine.generate(request):
            yield delta

    async def count_tokens(self, request: GenerateRequest) -> int:
        return await self._engine.count_tokens(request)

    async def ask(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> Said:
        """Return the answer, with grammars for calls as the server sets them."""
        request = GenerateRequest(self.info.id, tuple(messages), tools=tuple(tools), sampling=_greedy())
        text: list[str] = []
        calls: dict[int, ToolCall] = {}
        async for delta in self._engine.generate(request):
            text.append(delta.text)
            for piece in delta.tool_calls:
                known = calls.get(piece.index, ToolCall("", "", ""))
                calls[piece.index] = ToolCall(
                    piece.id or known.id, known.name + piece.name, known.arguments + piece.arguments
                )
        return Said("".join(text), tuple(calls.values()))

    async def ask_freely(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Said:
        """Return the answer to the same prompt without a grammar: what the model would write by itself."""
        prompt = self._template.render(Conversation(tuple(messages), tuple(tools)))
        parser = CallParser(self._template.dialect)
        request = GenerateRequest(self.info.id, prompt=prompt, sampling=_greedy())
        raw = "".join([delta.text async for delta in self._engine.generate(request)])
        text = ""
        names: dict[int, str] = {}
        arguments: dict[int, str] = {}
        for parsed in (parser.push(raw), parser.finish()):
            text += parsed.text
            for piece in parsed.calls:
                names[piece.index] = names.get(piece.index, "") + piece.name
                arguments[piece.index] = arguments.get(piece.index, "") + piece.arguments
        return Said(text, tuple(ToolCall("", names[index], arguments[index]) for index in names))

    async def embed(self, model: str, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """Return one vector per text, made by the embedded model."""
        made = await self._engine.embed(EmbedRequest(model, tuple(texts)))
        return [tuple(vector) for vector in made.vectors]


@asynccontextmanager
async def asking(port: int, name: str, template: ChatTemplate) -> AsyncIterator[Asker]:
    """Open a model on our server."""
    limits = httpx.Limits(max_connections=2 * AT_ONCE)
    async with httpx.AsyncClient(limits=limits) as client:
        engine = OpenAIHttpEngine(client, f"http://127.0.0.1:{port}/v1", dialect="atelier")
        yield Asker(engine, ModelInfo(name, "chat", context_tokens=8192, supports_tools=True), template)


async def each(cases: Iterable[Case], ask: Callable[[Case], Awaitable[Told]]) -> list[Told]:
    """Ask all cases, so many at once as a batch holds, and return what was told in their order."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> Told:
        async with free:
            return await ask(case)

    return list(await asyncio.gather(*map(one, cases)))


def _greedy() -> SamplingParams:
    return SamplingParams(temperature=0.0, max_tokens=MOST_TOKENS)
