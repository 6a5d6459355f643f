"""Guards around a tool, each of which is a tool: arguments, time and size of the output."""

import asyncio
import json
from dataclasses import dataclass, replace

from jsonschema import Draft202012Validator

from agents.errors import ToolFailed, ToolRetry
from agents.tools.spec import Tool, ToolAnswer, ToolContext, ToolOutput, is_trusted, writes
from agents.types import JsonObject


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """Passes everything on to `inner`."""

    inner: Tool

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def description(self) -> str:
        return self.inner.description

    @property
    def parameters(self) -> JsonObject:
        return self.inner.parameters

    @property
    def idempotent(self) -> bool:
        return self.inner.idempotent

    @property
    def writes(self) -> bool:
        return writes(self.inner)

    @property
    def trusted(self) -> bool:
        return is_trusted(self.inner)

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolAnswer:
        return await self.inner.call(arguments, ctx)


@dataclass(frozen=True, slots=True)
class Validated(_Wrapper):
    """Refuses arguments that are not of the tool's schema, before the tool is called."""

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolAnswer:
        errors = sorted(Draft202012Validator(dict(self.parameters)).iter_errors(dict(arguments)), key=str)
        if errors:
            found = "; ".join(f"{error.json_path}: {error.message}" for error in errors[:5])
            schema = json.dumps(self.parameters, ensure_ascii=False)
            raise ToolRetry(f"the arguments of {self.name!r} are not valid: {found}. Their JSON schema is {schema}")
        return await self.inner.call(arguments, ctx)


@dataclass(frozen=True, slots=True)
class TimeLimited(_Wrapper):
    """Gives up after `limit_s` seconds."""

    limit_s: float

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolAnswer:
        clock = asyncio.timeout(self.limit_s)
        try:
            async with clock:
                return await self.inner.call(arguments, ctx)
        except TimeoutError as error:
            if not clock.expired():
                raise ToolFailed(f"the tool {self.name!r} failed: something it waited for took too long") from error
            raise ToolFailed(f"the tool {self.name!r} did not answer within {self.limit_s:g} s") from error


@dataclass(frozen=True, slots=True)
class OutputLimited(_Wrapper):
    """Turns the result into text of at most `limit_chars` characters and says when it cuts; fields and files stay."""

    limit_chars: int

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        answer = await self.inner.call(arguments, ctx)
        text = text_of(answer)
        whole = answer if isinstance(answer, ToolOutput) else ToolOutput(text)
        if len(text) > self.limit_chars:
            left_out = len(text) - self.limit_chars
            text = f"{text[: self.limit_chars]}\n[cut: {left_out} of {len(text)} characters left out]"
        return replace(whole, text=text)


def text_of(answer: ToolAnswer) -> str:
    """Return what a model reads of an answer."""
    match answer:
        case ToolOutput(text=text) | (str() as text):
            return text
        case _:
            return json.dumps(answer, ensure_ascii=False)
