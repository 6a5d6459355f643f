"""The agent's loop: ask the model, call the tools it wants, tell it the results, until it answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from agents.errors import AgentStuck, ContextOverflow, Paused
from agents.events import AgentNoted, Body, HumanInputGiven, ToolCalled, ToolResult
from agents.loop.approval import REFUSED, REFUSED_CODE, form_of, is_approved
from agents.loop.json_text import cleaned
from agents.loop.selection import offered_tools
from agents.loop.strategy import Answer, Calls, CallWish, Entry, Malformed, Outcome, Step, Strategy
from agents.loop.stream import StreamEnd, opened
from agents.loop.thinking import ThinkSplitter
from agents.ports import ChatModel
from agents.tools.spec import ToolContext
from agents.tools.toolset import Toolset
from agents.types import FileRef, JsonObject
from agents.workflow.state import CallRecord, NodeRecord
from agents.workflow.variables import file_value
from inference.types import Delta, FinishReason, GenerateRequest, Message, ToolSpec, Usage

Verdict = Literal["go", "refuse", "wait"]
MAX_CORRECTIONS = 2
NOTED_CHARS = 2_000
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
    def emit(self) -> Callable[[Body], Awaitable[None]]:
        """Sends an event."""
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

    async def ask(self, form: JsonObject, *, ask: str = "") -> HumanInputGiven:
        """Return a person's answer; raises `Paused` as long as there is none."""
        ...


class RequestBuilder(Protocol):
    """Makes a turn's request that fits into the model's context."""

    async def __call__(self, tail: tuple[Message, ...], tools: tuple[ToolSpec, ...], addition: str) -> GenerateRequest:
        """Return the prompt, with `addition` in its system part, and the conversation, followed by `tail`."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How many turns may call tools, and how many tokens an attempt may cost (0: any); then an answer is due."""

    max_iterations: int
    max_tokens: int = 0


@dataclass(frozen=True, slots=True)
class AgentReply:
    """How an agent ended; `steps` are the turns that called tools."""

    text: str
    usage: Usage
    finish_reason: FinishReason
    steps: tuple[Step, ...]


class AgentLoop:
    """One agent at work. After its budget one more turn may only answer.

    With `must_call` the first turn has to call a tool, if the model has a format for calls: a small one seldom does
    by itself. `is_tainted` says that the prompt has words of strangers: from then on, or from the first result that
    may have some, a tool that writes is called only after a person approved.
    """

    def __init__(  # noqa: PLR0913  # each is a seam of its own
        self,
        *,
        model: ChatModel,
        strategy: Strategy,
        toolset: Toolset,
        request: RequestBuilder,
        context_of: Callable[[str], ToolContext],
        stage: Stage,
        budget: Budget,
        question: str = "",
        is_tainted: bool = False,
        must_call: bool = False,
    ) -> None:
        self._model = model
        self._strategy = strategy
        self._toolset = toolset
        self._request = request
        self._context_of = context_of
        self._stage = stage
        self._budget = budget
        self._question = question
        self._starts_tainted = is_tainted
        self._must_call = must_call
        self._past = NodeRecord()
        self._entries: list[Entry] = []
        self._usage = Usage()

    async def run(self, past: NodeRecord) -> AgentReply:
        """Run to the answer, going on after what `past` has already done; raises `Paused` while a person is asked."""
        self._past = past
        kept = past.shown if self._model.info.supports_continuation else ""
        if past.attempts:
            await self._stage.reset(kept)
        for records in past.steps():
            self._entries.append(await self._recover(records))
        await self._note_offered()
        while len(self._entries) < self._budget.max_iterations and not await self._is_spent():
            outcome, reason, shown = await self._turn(kept, last=False)
            kept = ""
            match outcome:
                case Answer(text=text):
                    return self._reply(text, reason)
                case Calls(thought=thought, wishes=wishes):
                    await self._take_back(shown)
                    self._entries.append(await self._call_all(thought, wishes))
                case Malformed(text=text, complaint=complaint):
                    await self._take_back(shown)
                    await self._note("malformed", text[:NOTED_CHARS], complaint)
                    self._entries.append(outcome)
                    if sum(isinstance(entry, Malformed) for entry in self._entries) > MAX_CORRECTIONS:
                        return await self._settle(text, reason)
        outcome, reason, shown = await self._turn(kept, last=True)
        if isinstance(outcome, Answer) and shown:
            return self._reply(outcome.text, reason)
        await self._take_back(shown)
        return await self._settle(outcome.thought if isinstance(outcome, Calls) else outcome.text, reason)

    def _reply(self, text: str, reason: FinishReason) -> AgentReply:
        return AgentReply(text, self._usage, reason, tuple(self._steps()))

    def _steps(self) -> list[Step]:
        return [entry for entry in self._entries if isinstance(entry, Step)]

    async def _note(self, note: str, text: str, told: str = "") -> None:
        await self._stage.emit(AgentNoted(self._stage.node_id, len(self._steps()), note, text, told))

    async def _note_offered(self) -> None:
        offered = self._offered()
        if len(offered) < len(self._toolset.specs):
            await self._note("tools_offered", ", ".join(tool.name for tool in offered))

    async def _is_spent(self) -> bool:
        """Whether the tokens are used up; nothing is bounded before the first turn."""
        used, allowed = self._usage.prompt_tokens + self._usage.completion_tokens, self._budget.max_tokens
        if not allowed or used < allowed:
            return False
        await self._note("budget_spent", f"{used} of {allowed} tokens are used: only an answer is left")
        return True

    def _offered(self) -> tuple[ToolSpec, ...]:
        called = {call.name for step in self._steps() for call, _ in step.calls}
        return offered_tools(self._toolset.specs, self._question, called)

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
        request = await self._fitting_request(self._offered(), last=last)
        stop = tuple(dict.fromkeys((*request.sampling.stop, *self._strategy.stop)))
        request = replace(request, sampling=replace(request.sampling, stop=stop))
        if self._must_call and request.tools and not self._entries and not kept:
            request = replace(request, tool_choice="required")
        if kept:
            said = Message("assistant", self._strategy.prefix(kept))
            request = replace(request, messages=(*request.messages, said), continue_final_message=True)
        reader = self._strategy.reader(self._toolset.specs, last=last, shown=kept)
        splitter = ThinkSplitter(kept)
        shown = [kept]
        end = StreamEnd()
        deltas = 0
        async with opened(self._model, request) as stream:
            async for delta in stream:
                end.note(delta)
                deltas += 1
                part = splitter.feed(delta.text)
                if part.restarts:
                    await self._take_back("".join(shown))
                    shown, reader = [], self._strategy.reader(self._toolset.specs, last=last)
                if text := reader.feed(replace(delta, text=part.text)):
                    shown.append(text)
                    await self._stage.show(text)
                if reader.is_done:
                    break
        if text := reader.feed(Delta(text=splitter.rest().text)):
            shown.append(text)
            await self._stage.show(text)
        if reader.is_done and not end.usage.prompt_tokens:  # we left before the model could say what it cost
            end.usage = Usage(await self._model.count_tokens(request), deltas)
        self._usage += end.usage
        reason: FinishReason = "stop" if reader.is_done else end.reason(self._model.info.id)
        return reader.outcome(), reason, "".join(shown)

    async def _fitting_request(self, specs: tuple[ToolSpec, ...], *, last: bool) -> GenerateRequest:
        """Return the turn's request; when it does not fit, results are forgotten, the oldest first."""
        entries = list(self._entries)
        offered, addition = self._strategy.offered(specs, last=last), self._strategy.addition(specs)
        for index, entry in enumerate(entries):
            try:
                return await self._request(self._strategy.tail(entries, last=last), offered, addition)
            except ContextOverflow:
                entries[index] = _forgotten(entry)
        return await self._request(self._strategy.tail(entries, last=last), offered, addition)

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
        return await self._make(calls, [wish.raw if wish.arguments is None else None for wish in wishes])

    async def _make(self, calls: Sequence[ToolCalled], malformed: Sequence[str | None]) -> Step:
        """Make calls at once; `malformed` is what was written where arguments are no JSON object.

        Raises `Paused` after the others have ended, when a person has not yet said a word on one.
        """
        verdicts = [
            "go" if raw is not None else await self._verdict(call) for call, raw in zip(calls, malformed, strict=True)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    call.call_id: group.create_task(self._call(call, raw, verdict))
                    for call, raw, verdict in zip(calls, malformed, verdicts, strict=True)
                    if verdict != "wait"
                }
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the first to fail; the others were cancelled with it
        if "wait" in verdicts:
            raise Paused(f"{self._stage.node_id!r} waits for a person to approve a call")
        return Step(tuple((call, tasks[call.call_id].result()) for call in calls))

    async def _verdict(self, call: ToolCalled) -> Verdict:
        """Return whether the call is made, refused, or waits for a person."""
        if not self._is_guarded(call):
            return "go"
        try:
            given = await self._stage.ask(form_of(call), ask=_ask_of(call))
        except Paused:
            return "wait"
        return "go" if is_approved(given) else "refuse"

    def _is_guarded(self, call: ToolCalled) -> bool:
        """Whether a person must approve: it writes, and the model may have read what a stranger wrote."""
        if not self._toolset.writes(call.name):
            return False
        if self._starts_tainted:
            return True
        known = [made for step in self._steps() for made, _ in step.calls if made.step < call.step]
        return not all(self._toolset.is_trusted(made.name) for made in known)

    async def _call(self, call: ToolCalled, raw: str | None, verdict: Verdict) -> ToolResult:
        if raw is not None:
            return await self._finish(call, f"the arguments are not a JSON object: {raw[:500]!r}", "tool_retry", 0)
        if verdict == "refuse":
            return await self._finish(call, REFUSED, REFUSED_CODE, 0)
        began = time.perf_counter()
        outcome = await self._toolset.call(call.name, call.arguments, self._context_of(_call_key(call)))
        elapsed_ms = (time.perf_counter() - began) * 1000
        return await self._finish(call, outcome.output, outcome.error, elapsed_ms, outcome.files)

    async def _finish(
        self, call: ToolCalled, output: str, error: str, elapsed_ms: float, files: Sequence[FileRef] = ()
    ) -> ToolResult:
        made = tuple(file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes) for ref in files)
        result = ToolResult(call.node_id, call.step, call.call_id, call.name, cleaned(output), error, elapsed_ms, made)
        await self._stage.emit_stored(result)
        return result

    async def _recover(self, records: Sequence[CallRecord]) -> Step:
        """Return a step of an earlier attempt; calls without a result are made again only where that is harmless."""
        results = {record.call.call_id: record.result for record in records if record.result is not None}
        open_calls = [record.call for record in records if record.result is None]
        for call in [call for call in open_calls if self._may_have_run(call)]:
            open_calls.remove(call)
            results[call.call_id] = await self._finish(call, UNKNOWN_OUTCOME, "unknown_outcome", 0)
        made = await self._make(open_calls, [None] * len(open_calls))
        results |= {call.call_id: result for call, result in made.calls}
        return Step(tuple((record.call, results[record.call.call_id]) for record in records))

    def _may_have_run(self, call: ToolCalled) -> bool:
        """Whether a call without a result may have had an effect that must not be had twice."""
        if self._toolset.is_idempotent(call.name):
            return False
        if not self._is_guarded(call):
            return True
        # It could run only from the attempt on that found an approval, and this is the first one after it, or not.
        asked = _ask_of(call)
        given = self._past.answered.get(asked)
        return given is not None and is_approved(given) and self._past.attempts > self._past.answered_after[asked]


def _forgotten(entry: Entry) -> Entry:
    if isinstance(entry, Malformed):
        return replace(entry, text="")
    return Step(tuple((call, replace(result, output=FORGOTTEN)) for call, result in entry.calls))


def _ask_of(call: ToolCalled) -> str:
    return f"{call.step}:{call.call_id}"


def _call_key(call: ToolCalled) -> str:
    return f"{call.node_id}:{call.step}:{call.call_id}"
