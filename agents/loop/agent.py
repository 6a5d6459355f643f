"""The agent's loop: ask the model, call the tools it wants, tell it the results, until it answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from agents.errors import AgentStuck, ContextOverflow
from agents.events import Body, ToolCalled, ToolResult
from agents.loop.strategy import Answer, Calls, CallWish, Entry, Malformed, Outcome, Step, Strategy
from agents.loop.stream import StreamEnd, opened
from agents.ports import ChatModel
from agents.tools.spec import ToolContext
from agents.tools.toolset import Toolset
from agents.workflow.state import CallRecord, NodeRecord
from inference.types import FinishReason, GenerateRequest, Message, ToolSpec, Usage

MAX_CORRECTIONS = 2
UNKNOWN_OUTCOME = (
    "It is unknown whether this call ran: the run was interrupted while it was under way. "
    "Do not repeat it before you have checked."
)
FORGOTTEN = "[left out: the conversation grew too long for it]"


class Stage(Protocol):
    """Where a loop shows what it does."""

    @property
    def node_id(self) -> str:
        """The node that the loop runs in."""
        ...

    @property
    def emit_stored(self) -> Callable[[Body], Awaitable[None]]:
        """Sends an event and waits until it is stored."""
        ...

    async def show(self, text: str) -> None:
        """Append to the text that is shown."""
        ...

    async def reset(self, text: str) -> None:
        """Replace the text that is shown."""
        ...


class RequestBuilder(Protocol):
    """Makes a turn's request that fits into the model's context."""

    async def __call__(self, tail: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> GenerateRequest:
        """Return the prompt and the conversation, followed by `tail`."""
        ...


@dataclass(frozen=True, slots=True)
class AgentReply:
    """How an agent ended; `steps` is how many turns called tools."""

    text: str
    usage: Usage
    finish_reason: FinishReason
    steps: int


class AgentLoop:
    """One agent at work. `max_iterations` bounds the turns that may call tools; one more may only answer."""

    def __init__(
        self,
        *,
        model: ChatModel,
        strategy: Strategy,
        toolset: Toolset,
        request: RequestBuilder,
        context_of: Callable[[str], ToolContext],
        stage: Stage,
        max_iterations: int,
    ) -> None:
        self._model = model
        self._strategy = strategy
        self._toolset = toolset
        self._request = request
        self._context_of = context_of
        self._stage = stage
        self._max_iterations = max_iterations
        self._entries: list[Entry] = []
        self._usage = Usage()

    async def run(self, past: NodeRecord) -> AgentReply:
        """Run to the answer, going on after what `past` has already done."""
        kept = past.shown if self._model.info.supports_continuation else ""
        if past.attempts:
            await self._stage.reset(kept)
        for records in past.steps():
            self._entries.append(await self._recover(records))
        for _ in range(len(self._entries), self._max_iterations):
            outcome, reason, shown = await self._turn(kept, last=False)
            kept = ""
            match outcome:
                case Answer(text=text):
                    return self._reply(text, reason)
                case Calls(thought=thought, wishes=wishes):
                    await self._take_back(shown)
                    self._entries.append(await self._call_all(thought, wishes))
                case Malformed(text=text):
                    await self._take_back(shown)
                    self._entries.append(outcome)
                    if sum(isinstance(entry, Malformed) for entry in self._entries) > MAX_CORRECTIONS:
                        return await self._settle(text, reason)
        outcome, reason, shown = await self._turn(kept, last=True)
        if isinstance(outcome, Answer) and shown:
            return self._reply(outcome.text, reason)
        await self._take_back(shown)
        return await self._settle(outcome.thought if isinstance(outcome, Calls) else outcome.text, reason)

    def _reply(self, text: str, reason: FinishReason) -> AgentReply:
        return AgentReply(text, self._usage, reason, len(self._steps()))

    def _steps(self) -> list[Step]:
        return [entry for entry in self._entries if isinstance(entry, Step)]

    async def _settle(self, text: str, reason: FinishReason) -> AgentReply:
        """Take what the model said for its answer, although it is not of the format."""
        if not text.strip():
            raise AgentStuck(
                f"model {self._model.info.id!r} neither answered nor called a tool after {len(self._entries)} turns: "
                "raise max_iterations, simplify the prompt or choose a more capable model"
            )
        await self._stage.show(text)
        return self._reply(text, reason)

    async def _take_back(self, shown: str) -> None:
        if shown:
            await self._stage.reset("")

    async def _turn(self, kept: str, *, last: bool) -> tuple[Outcome, FinishReason, str]:
        """Return one turn of the model: what it is, why it stopped, and the text that it shows."""
        specs = self._toolset.specs
        request = await self._fitting_request(specs, last=last)
        stop = tuple(dict.fromkeys((*request.sampling.stop, *self._strategy.stop)))
        request = replace(request, sampling=replace(request.sampling, stop=stop))
        if kept:
            said = Message("assistant", self._strategy.prefix(kept))
            request = replace(request, messages=(*request.messages, said), continue_final_message=True)
        reader = self._strategy.reader(specs, last=last, shown=kept)
        shown = [kept]
        end = StreamEnd()
        deltas = 0
        async with opened(self._model, request) as stream:
            async for delta in stream:
                end.note(delta)
                deltas += 1
                if text := reader.feed(delta):
                    shown.append(text)
                    await self._stage.show(text)
                if reader.is_done:
                    break
        if reader.is_done and not end.usage.prompt_tokens:  # we left before the model could say what it cost
            end.usage = Usage(await self._model.count_tokens(request), deltas)
        self._usage += end.usage
        reason: FinishReason = "stop" if reader.is_done else end.reason(self._model.info.id)
        return reader.outcome(), reason, "".join(shown)

    async def _fitting_request(self, specs: tuple[ToolSpec, ...], *, last: bool) -> GenerateRequest:
        """Return the turn's request; when it does not fit, results are forgotten, the oldest first."""
        entries = list(self._entries)
        offered = self._strategy.offered(specs, last=last)
        for index, entry in enumerate(entries):
            try:
                return await self._request(self._strategy.tail(entries, last=last), offered)
            except ContextOverflow:
                entries[index] = _forgotten(entry)
        return await self._request(self._strategy.tail(entries, last=last), offered)

    async def _call_all(self, thought: str, wishes: Sequence[CallWish]) -> Step:
        """Announce all calls of a turn, then make them at once."""
        step = len(self._steps())
        used: set[str] = set()
        calls: list[ToolCalled] = []
        for index, wish in enumerate(wishes):
            call_id = wish.call_id if wish.call_id and wish.call_id not in used else f"call-{step}-{index}"
            used.add(call_id)
            arguments = {} if wish.arguments is None else wish.arguments
            calls.append(ToolCalled(self._stage.node_id, step, call_id, wish.name, arguments, thought))
        for call in calls:
            await self._stage.emit_stored(call)  # before it runs: after a crash we know that it may have run
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._call(call, wish)) for call, wish in zip(calls, wishes, strict=True)]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first to fail; the others were cancelled with it
        return Step(tuple((call, task.result()) for call, task in zip(calls, tasks, strict=True)))

    async def _call(self, call: ToolCalled, wish: CallWish | None = None) -> ToolResult:
        if wish is not None and wish.arguments is None:
            return await self._finish(call, f"the arguments are not a JSON object: {wish.raw[:500]!r}", "tool_retry", 0)
        began = time.perf_counter()
        outcome = await self._toolset.call(call.name, call.arguments, self._context_of(_call_key(call)))
        return await self._finish(call, outcome.output, outcome.error, (time.perf_counter() - began) * 1000)

    async def _finish(self, call: ToolCalled, output: str, error: str, elapsed_ms: float) -> ToolResult:
        result = ToolResult(call.node_id, call.step, call.call_id, call.name, output, error, elapsed_ms)
        await self._stage.emit_stored(result)
        return result

    async def _recover(self, records: Sequence[CallRecord]) -> Step:
        """Return a step of an earlier attempt; calls without a result are made again only where that is harmless."""
        done: list[tuple[ToolCalled, ToolResult]] = []
        for record in records:
            call, result = record.call, record.result
            if result is None and self._toolset.is_idempotent(call.name):
                result = await self._call(call)
            elif result is None:
                result = await self._finish(call, UNKNOWN_OUTCOME, "unknown_outcome", 0)
            done.append((call, result))
        return Step(tuple(done))


def _forgotten(entry: Entry) -> Entry:
    if isinstance(entry, Malformed):
        return replace(entry, text="")
    return Step(tuple((call, replace(result, output=FORGOTTEN)) for call, result in entry.calls))


def _call_key(call: ToolCalled) -> str:
    return f"{call.node_id}:{call.step}:{call.call_id}"
