"""Tells a run in Dify's wire format: chunks of a stream, or one blocking answer, from the same events."""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from agents.events import Event, RunCancelled, RunFailed, RunFinished, RunPaused, TextDelta, TextReset, ToolCalled
from agents.events import ToolResult as ToolAnswered
from agents.types import JsonObject, Source
from agents.workflow.paths import node_of
from agents.workflow.state import CallRecord, RunState
from backend.common.errors import ApiError
from backend.runs.sse import sse_frame

Mode = Literal["chat", "completion", "agent-chat", "advanced-chat", "workflow"]
Chunk = dict[str, object]

PING = "event: ping\n\n"
TOKENS_PER_PRICE = 1_000_000
PRICE_UNIT = Decimal(1) / TOKENS_PER_PRICE
CENT = Decimal("0.0000001")

# What a failed run is called in Dify's error table; all that is not the caller's to mend is a server error.
ERROR_CODES: Mapping[str, str] = {
    "model_not_found": "model_currently_not_support",
    "upstream_auth": "provider_not_initialize",
    "upstream_rate_limit": "provider_quota_exceeded",
    "unknown_variable": "invalid_param",
    "invalid_graph": "app_unavailable",
}
OUR_FAULTS = frozenset({"run_failed", "unknown_event", "internal_error", "worker_lost"})


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per million tokens of the run's model."""

    prompt: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What every chunk of a run repeats. A message is a run, so one id serves as task, message and answer."""

    run_id: str
    mode: Mode
    created_at: int
    conversation_id: str = ""
    prices: Prices = field(default_factory=Prices)


def dify_failure(code: str, message: str) -> tuple[str, int, str]:
    """Return Dify's code, status and message for a run that failed."""
    if code in OUR_FAULTS:
        return "internal_server_error", 500, f"Internal Server Error, please contact support. ({message})"
    return ERROR_CODES.get(code, "completion_request_error"), 400, message


def retriever_resource(source: Source) -> Chunk:
    """Return a passage as Dify shows it; what we do not count is null."""
    return {
        "position": source.position,
        "dataset_id": source.dataset_id,
        "dataset_name": source.dataset_name,
        "document_id": source.document_id,
        "document_name": source.document_name,
        "data_source_type": "upload_file",
        "segment_id": source.chunk_id,
        "retriever_from": "api",
        "score": source.score,
        "hit_count": None,
        "word_count": len(source.text),
        "segment_position": None,
        "index_node_hash": None,
        "content": source.text,
        "page": source.page,
    }


def usage_block(
    prices: Prices, *, prompt_tokens: int, completion_tokens: int, total: Decimal, latency_s: float
) -> Chunk:
    """Return Dify's usage: prices are decimal strings, a price is tokens × unit price × price unit."""
    return {
        "prompt_tokens": prompt_tokens,
        "prompt_unit_price": decimal_text(prices.prompt),
        "prompt_price_unit": decimal_text(PRICE_UNIT),
        "prompt_price": decimal_text((prompt_tokens * prices.prompt * PRICE_UNIT).quantize(CENT)),
        "completion_tokens": completion_tokens,
        "completion_unit_price": decimal_text(prices.completion),
        "completion_price_unit": decimal_text(PRICE_UNIT),
        "completion_price": decimal_text((completion_tokens * prices.completion * PRICE_UNIT).quantize(CENT)),
        "total_tokens": prompt_tokens + completion_tokens,
        "total_price": decimal_text(total.quantize(CENT)),
        "currency": "USD",
        "latency": round(latency_s, 3),
    }


def decimal_text(value: Decimal) -> str:
    """Return the number without an exponent."""
    return f"{value:f}"


def agent_thoughts(state: RunState, facts: MessageFacts) -> list[Chunk]:
    """Return the agent's steps so far, one thought each: what it said, which tools it called, what they answered."""
    found = []
    for record in state.nodes.values():
        for calls in record.steps():
            found.append(_thought(calls, position=len(found) + 1, facts=facts))
    return found


def _thought(calls: tuple[CallRecord, ...], *, position: int, facts: MessageFacts) -> Chunk:
    names = [record.call.name for record in calls]
    arguments: JsonObject = {record.call.name: dict(record.call.arguments) for record in calls}
    answers = {record.call.name: record.result.output for record in calls if record.result is not None}
    return {
        "id": str(uuid.uuid5(uuid.UUID(facts.run_id), f"thought:{position}")),
        "position": position,
        "thought": next((record.call.thought for record in calls if record.call.thought), ""),
        "observation": json.dumps(answers, ensure_ascii=False) if answers else "",
        "tool": ";".join(names),
        "tool_labels": {name: {"en_US": name} for name in names},
        "tool_input": json.dumps(arguments, ensure_ascii=False),
        "message_files": [],
    }


class DifyMessages:
    """Translates one run, event by event; the text of its `message` chunks, replacements applied, is the answer."""

    def __init__(self, facts: MessageFacts) -> None:
        self.facts = facts
        self.state = RunState()
        self._out = ""

    def translate(self, event: Event) -> list[Chunk]:
        """Return the chunks that this event adds to the stream."""
        body = event.body
        self.state.add(body)
        match body:
            case TextDelta():
                return self._catch_up(self.state.answer, node_of(body.source or body.node_id))
            case TextReset():
                return self._catch_up(self.state.answer)
            case ToolCalled() | ToolAnswered():
                return self._tell_step(body)
            case RunFinished() | RunCancelled() | RunFailed():
                return self._tell_end(body)
            case _:
                return []

    def _tell_end(self, body: RunFinished | RunCancelled | RunFailed) -> list[Chunk]:
        match body:
            case RunFinished():
                answer = body.outputs.get("answer")
                rest = self._catch_up(answer) if isinstance(answer, str) else []
                return [*rest, self._end(body)]
            case RunCancelled():
                return [self._end(None)]
            case RunFailed():
                return [self.error(body.code, body.message)]

    def _chunk(self, kind: str, payload: Chunk) -> Chunk:
        facts = self.facts
        conversation = {"conversation_id": facts.conversation_id} if facts.mode != "completion" else {}
        common: Chunk = {"event": kind, **conversation, "message_id": facts.run_id, "created_at": facts.created_at}
        return {**common, **payload}

    def _catch_up(self, answer: str, node_id: str = "") -> list[Chunk]:
        """Go from what the client has to `answer`: an addition where that is enough, else a replacement."""
        if answer == self._out:
            return []
        is_longer = answer.startswith(self._out)
        added = answer[len(self._out) :]
        self._out = answer
        task = {"task_id": self.facts.run_id}
        if not is_longer:
            return [self._chunk("message_replace", {**task, "answer": answer, "reason": "restarted"})]
        text: Chunk = {**task, "id": self.facts.run_id, "answer": added}
        if self.facts.mode == "agent-chat":
            return [self._chunk("agent_message", text)]
        is_graph = self.facts.mode == "advanced-chat" and node_id
        return [self._chunk("message", {**text, "from_variable_selector": [node_id, "text"] if is_graph else None})]

    def _tell_step(self, body: ToolCalled | ToolAnswered) -> list[Chunk]:
        if self.facts.mode != "agent-chat":
            return []
        position = 0
        for record in self.state.nodes.values():
            for calls in record.steps():
                position += 1
                if calls[0].call.node_id == body.node_id and calls[0].call.step == body.step:
                    told = _thought(calls, position=position, facts=self.facts)
                    return [self._chunk("agent_thought", {"task_id": self.facts.run_id, **told})]
        return []

    def _sources(self) -> tuple[Source, ...]:
        return tuple(source for record in self.state.nodes.values() for source in record.sources)

    def metadata(self, finished: RunFinished | None) -> Chunk:
        """Return usage and passages; a cancelled run counts what its finished nodes used."""
        usage = self.state.usage
        total = (
            Decimal(finished.cost)
            if finished
            else _cost(self.facts.prices, usage.prompt_tokens, usage.completion_tokens)
        )
        resources = {(item.dataset_id, item.chunk_id): retriever_resource(item) for item in self._sources()}
        return {
            "annotation_reply": _annotation_reply(self.state),
            "retriever_resources": list(resources.values()),
            "usage": usage_block(
                self.facts.prices,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                total=total,
                latency_s=finished.elapsed_ms / 1000 if finished else 0.0,
            ),
        }

    def _end(self, finished: RunFinished | None) -> Chunk:
        payload = {
            "task_id": self.facts.run_id,
            "id": self.facts.run_id,
            "metadata": self.metadata(finished),
            "files": None,
        }
        return self._chunk("message_end", payload)

    def error(self, code: str, message: str) -> Chunk:
        """Return the chunk that ends a stream whose run failed."""
        dify_code, status, text = dify_failure(code, message)
        return self._chunk("error", {"code": dify_code, "status": status, "message": text})

    def answer(self, finished: RunFinished | None) -> Chunk:
        """Return the blocking answer of a run that ended well or was stopped."""
        facts = self.facts
        conversation = {"conversation_id": facts.conversation_id} if facts.mode != "completion" else {}
        return {
            "event": "message",
            "task_id": facts.run_id,
            "id": facts.run_id,
            "message_id": facts.run_id,
            **conversation,
            "mode": facts.mode,
            "answer": self._out,
            "metadata": self.metadata(finished),
            "created_at": facts.created_at,
        }


def _annotation_reply(state: RunState) -> Chunk | None:
    """Return which annotation answered the run, and who wrote it."""
    reply = state.annotation
    if reply is None or reply.outcome != "hit":
        return None
    return {"id": reply.annotation_id, "account": {"id": reply.author_id, "name": reply.author}}


def _cost(prices: Prices, prompt_tokens: int, completion_tokens: int) -> Decimal:
    return (prompt_tokens * prices.prompt + completion_tokens * prices.completion) * PRICE_UNIT


async def lines(facts: MessageFacts, events: AsyncIterator[Event | None]) -> AsyncIterator[str]:
    """Yield the stream's lines; a silence of the run becomes a ping."""
    translator = DifyMessages(facts)
    async for event in events:
        if event is None:
            yield PING
            continue
        for chunk in translator.translate(event):
            yield sse_frame(chunk)


async def collect(facts: MessageFacts, events: AsyncIterator[Event | None]) -> Chunk:
    """Return the blocking answer; raises `ApiError` with the run's own error when it failed."""
    translator = DifyMessages(facts)
    return translator.answer(await finish_of(facts.run_id, translator.translate, events))


async def finish_of(
    run_id: str,
    translate: Callable[[Event], object],
    events: AsyncIterator[Event | None],
    *,
    ends_at_pause: bool = False,
) -> RunFinished | None:
    """Have a run told to its end and return that, None for a cancelled or paused one; raises `ApiError` of its own."""
    async for event in events:
        if event is None:
            continue
        translate(event)
        match event.body:
            case RunFailed(code=code, message=message):
                raise as_error(code, message)
            case RunFinished():
                return event.body
            case RunCancelled():
                return None
            case RunPaused() if ends_at_pause:
                return None
    raise ended_without(run_id)


def ended_without(run_id: str) -> ApiError:
    """Return the error of a run whose events stopped before its end."""
    return as_error("internal_error", f"the run {run_id} ended without a result: ask again")


def as_error(code: str, message: str) -> ApiError:
    """Return the error of a run that failed, as Dify words it."""
    dify_code, status, text = dify_failure(code, message)
    error = ApiError(text, code=dify_code)
    error.http_status = status
    return error
