"""Tells a run in OpenAI's wire format: chat completion chunks, or one completion, from the same events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from agents.events import Event, NodeFinished, RunCancelled, RunFailed, RunFinished, TextDelta, TextReset, ToolCalled
from agents.workflow.state import RunState
from backend.common.errors import ApiError
from backend.runs.sse import sse_frame

Chunk = dict[str, object]

PING = ": ping\n\n"
DONE = "data: [DONE]\n\n"
PARAGRAPH = "\n\n"
# Ends of a run that asking again the same way will not change.
CALLERS_FAULTS = frozenset({"context_length_exceeded", "images_unsupported", "model_not_found", "run_cancelled"})


@dataclass(frozen=True, slots=True)
class CompletionFacts:
    """What every chunk of a run repeats; `model` is the app's slug."""

    run_id: str
    model: str
    created: int
    include_usage: bool = False


def error_body(message: str, *, code: str, status: int, param: str | None = None) -> Chunk:
    """Return OpenAI's error shape."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class ChatCompletion:
    """Translates one run, event by event. Nothing that was sent can be taken back here.

    After a crash a model may write another text than the one that the client has: as long as the new text repeats
    what was sent, nothing goes out; when it differs, the stream ends with an error instead of a garbled answer.
    What an agent says before it calls a tool stays in the stream, as a paragraph of its own.
    """

    def __init__(self, facts: CompletionFacts) -> None:
        self.facts = facts
        self.state = RunState()
        self.finish_reason = "stop"
        self.ended = False
        self._sent = ""

    def translate(self, event: Event) -> list[Chunk]:
        """Return the chunks that this event adds; after an end there are none."""
        if self.ended:
            return []
        body = event.body
        self.state.add(body)
        match body:
            case TextDelta() | TextReset():
                return self._catch_up(self.state.answer, is_final=False)
            case ToolCalled(thought=thought) if thought and self._sent == thought and not self.state.answer:
                self._sent = ""
                return [self._chunk({"content": PARAGRAPH}, None)]
            case NodeFinished(outputs=outputs) if outputs.get("finish_reason") == "length":
                self.finish_reason = "length"
            case RunFinished() | RunCancelled() | RunFailed():
                return self._finish(body)
        return []

    def _finish(self, body: RunFinished | RunCancelled | RunFailed) -> list[Chunk]:
        match body:
            case RunFinished(outputs=outputs):
                answer = outputs.get("answer")
                rest = self._catch_up(answer if isinstance(answer, str) else self.state.answer, is_final=True)
                return rest if self.ended else [*rest, *self._end()]
            case RunFailed(code=code, message=message):
                return self._fail(message, code=code, status=400 if code in CALLERS_FAULTS else 500)
            case RunCancelled():
                return self._fail("the run was cancelled", code="run_cancelled", status=400)

    def opening(self) -> Chunk:
        """Return the first chunk, which names the role."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def _chunk(self, delta: Chunk, finish_reason: str | None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk", [choice]) | ({"usage": None} if self.facts.include_usage else {})

    def _envelope(self, kind: str, choices: list[Chunk]) -> Chunk:
        return {
            "id": f"chatcmpl-{self.facts.run_id}",
            "object": kind,
            "created": self.facts.created,
            "model": self.facts.model,
            "choices": choices,
        }

    def _catch_up(self, answer: str, *, is_final: bool) -> list[Chunk]:
        if answer.startswith(self._sent):
            added = answer[len(self._sent) :]
            self._sent = answer
            return [self._chunk({"content": added}, None)] if added else []
        if self._sent.startswith(answer) and not is_final:
            return []
        return self._fail(
            "the answer was started anew and differs from what was sent: ask again", code="answer_restarted", status=500
        )

    def _fail(self, message: str, *, code: str, status: int) -> list[Chunk]:
        self.ended = True
        return [error_body(message, code=code, status=status)]

    def _end(self) -> list[Chunk]:
        self.ended = True
        last = self._chunk({}, self.finish_reason)
        if not self.facts.include_usage:
            return [last]
        return [last, self._envelope("chat.completion.chunk", []) | {"usage": self._usage()}]

    def _usage(self) -> Chunk:
        usage = self.state.usage
        return {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
        }

    def completion(self, answer: str) -> Chunk:
        """Return the whole completion."""
        message = {"role": "assistant", "content": answer, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return self._envelope("chat.completion", [choice]) | {"usage": self._usage()}


async def lines(facts: CompletionFacts, events: AsyncIterator[Event | None]) -> AsyncIterator[str]:
    """Yield the stream's lines up to `[DONE]`; a silence of the run becomes a comment."""
    translator = ChatCompletion(facts)
    yield sse_frame(translator.opening())
    async for event in events:
        if event is None:
            yield PING
            continue
        for chunk in translator.translate(event):
            yield sse_frame(chunk)
        if translator.ended:
            break
    yield DONE


async def collect(facts: CompletionFacts, events: AsyncIterator[Event | None]) -> Chunk:
    """Return the completion; raises `ApiError` with the run's own error when it failed."""
    translator = ChatCompletion(facts)
    async for event in events:
        if event is None:
            continue
        translator.state.add(event.body)
        match event.body:
            case NodeFinished(outputs=outputs) if outputs.get("finish_reason") == "length":
                translator.finish_reason = "length"
            case RunFailed(code=code, message=message):
                raise _as_error(code, message)
            case RunFinished(outputs=outputs):
                answer = outputs.get("answer")
                return translator.completion(answer if isinstance(answer, str) else translator.state.answer)
            case RunCancelled():
                raise _as_error("run_cancelled", "the run was cancelled before it ended")
    raise _as_error("internal_error", f"the run {facts.run_id} ended without a result: ask again")


def _as_error(code: str, message: str) -> ApiError:
    error = ApiError(message, code=code)
    error.http_status = 400 if code in CALLERS_FAULTS else 500
    return error
