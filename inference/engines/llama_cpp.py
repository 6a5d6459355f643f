"""The embedded engines: chat with continuous batching, and embeddings, both on llama.cpp."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Scheduler
from inference.batching.sequence import Sequence
from inference.chat_template import ChatTemplate, Conversation
from inference.config import ModelConfig
from inference.engines.llama_bindings import LlamaModel
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.engines.llama_executor import LlamaExecutor
from inference.errors import ContextOverflowError, InferenceError, InvalidRequestError, UnknownModelError
from inference.gguf_header import check_gguf
from inference.protocol import LocalEngine
from inference.stopping import StopFilter
from inference.tool_parsing import HermesParser, Parsed, PlainParser, ToolParser
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    FinishReason,
    GenerateRequest,
    ModelInfo,
    ToolCallDelta,
    Usage,
)

_LONG_TEXT = 20_000  # characters; longer prompts are prepared outside the event loop


def create(config: ModelConfig) -> LocalEngine:
    """Load the model and return its engine. Blocks for as long as loading takes."""
    check_gguf(config.path, config.sha256)
    for _, adapter in config.adapters:
        check_gguf(adapter)
    return LlamaCppEmbeddings(config) if config.kind == "embedding" else LlamaCppChat(config)


class LlamaCppChat:
    """One chat model; requests are batched with each other at every token."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._model = LlamaModel(config.path)
        self._context_tokens = min(config.context_tokens, self._model.trained_context_tokens)
        model = self._model
        self._template = ChatTemplate(model.chat_template(), bos=model.bos_text(), eos=model.eos_text())
        self._bos = model.bos_text()
        self._numbers = itertools.count()
        self._loop = EngineLoop(
            LlamaExecutor(config, model, self._context_tokens),
            Scheduler(
                kv_tokens=self._context_tokens,
                max_sequences=config.max_sequences,
                batch_tokens=config.batch_tokens,
                end_tokens=model.end_tokens(),
            ),
            max_in_flight=config.max_sequences + config.max_queued,
            name=config.id,
        )

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        tokens = await self.tokenize(request)
        room = self._context_tokens - len(tokens)
        if room < 1:
            raise ContextOverflowError.of(
                needed_tokens=len(tokens) + 1, allowed_tokens=self._context_tokens, model=self._config.id
            )
        # An answer may not be longer than the room that is left: it then ends with "length", as at max_tokens.
        wanted = request.sampling.max_tokens
        limit = room if wanted is None else max(1, min(wanted, room))
        sequence = Sequence(next(self._numbers), tokens, limit, request.sampling)
        stream = _Stream(self._model, StopFilter(request.sampling.stop))
        writer = _DeltaWriter(_parser(request))
        self._loop.submit(sequence, stream)
        try:
            while True:
                step = await stream.next()
                if step.error is not None:
                    raise step.error
                delta = writer.write(step, sequence)
                if delta is not None:
                    yield delta
                if step.finish_reason is not None:
                    return
        finally:
            self._loop.cancel(sequence.id)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        raise InvalidRequestError(f"{request.model!r} is a chat model: choose an embedding model.", param="model")

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        if any(message.images for message in request.messages):
            raise InvalidRequestError(
                f"{request.model!r} cannot see images: leave them out or use another model.", param="messages"
            )
        size = len(request.prompt or "") + sum(len(message.content) for message in request.messages)
        return await asyncio.to_thread(self._prepare, request) if size > _LONG_TEXT else self._prepare(request)

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self._config.id,
                kind="chat",
                context_tokens=self._context_tokens,
                supports_tools=True,
                supports_continuation=True,
            )
        ]

    def stats(self) -> EngineStats:
        return self._loop.stats()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End every generation and free the model; blocks until the engine thread is gone."""
        self._loop.stop()

    def _prepare(self, request: GenerateRequest) -> list[int]:
        if request.prompt is not None:
            tokens = self._model.tokenize(request.prompt, special=True, bos=True)
        else:
            text = self._template.render(
                Conversation(
                    request.messages,
                    tools=request.tools if request.tool_choice != "none" else (),
                    continues_final=request.continue_final_message,
                    forces_call=_forces_call(request),
                )
            )
            has_bos = bool(self._bos) and text.startswith(self._bos)
            tokens = self._model.tokenize(text, special=True, bos=not has_bos)
        if not tokens:
            raise InvalidRequestError("The prompt is empty: send some text.", param="prompt")
        return tokens


@dataclass(slots=True)
class _Step:
    """What came out since the consumer looked last."""

    text: str = ""
    finish_reason: FinishReason | None = None
    error: InferenceError | None = None


class _Stream:
    """Carries text from the engine thread to the event loop of one consumer."""

    def __init__(self, model: LlamaModel, stop_filter: StopFilter) -> None:
        self._model = model
        self._filter = stop_filter
        self._home = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._pending = _Step()

    async def next(self) -> _Step:
        """Wait for something new; pieces that came meanwhile are one."""
        await self._arrived.wait()
        self._arrived.clear()
        step, self._pending = self._pending, _Step()
        return step

    def token(self, token: int) -> bool:
        text = self._filter.push(self._model.piece(token))
        if text:
            self._send(_Step(text))
        return self._filter.is_stopped

    def finished(self, reason: FinishReason, sequence: Sequence) -> None:
        self._send(_Step(self._filter.flush(), reason))

    def failed(self, error: InferenceError) -> None:
        self._send(_Step(error=error))

    def _send(self, step: _Step) -> None:
        try:
            self._home.call_soon_threadsafe(self._receive, step)
        except RuntimeError:  # the consumer's event loop has ended: nobody listens
            return

    def _receive(self, step: _Step) -> None:
        self._pending.text += step.text
        self._pending.finish_reason = self._pending.finish_reason or step.finish_reason
        self._pending.error = self._pending.error or step.error
        self._arrived.set()


class _DeltaWriter:
    """Turns steps into deltas: calls are numbered, the last one carries reason and usage."""

    def __init__(self, parser: ToolParser) -> None:
        self._parser = parser
        self._calls = 0

    def write(self, step: _Step, sequence: Sequence) -> Delta | None:
        """Return the delta of one step, or None when nothing of it can be shown yet."""
        parsed = self._parser.push(step.text)
        if step.finish_reason is None:
            return Delta(parsed.text, tool_calls=self._number(parsed)) if parsed.text or parsed.calls else None
        rest = self._parser.finish()
        calls = (*self._number(parsed), *self._number(rest))
        reason: FinishReason = "tool_calls" if self._calls and step.finish_reason == "stop" else step.finish_reason
        usage = Usage(sequence.prompt_tokens, sequence.generated)
        return Delta(parsed.text + rest.text, tool_calls=calls, finish_reason=reason, usage=usage)

    def _number(self, parsed: Parsed) -> tuple[ToolCallDelta, ...]:
        first = self._calls
        self._calls += len(parsed.calls)
        return tuple(
            ToolCallDelta(first + i, call.id, call.name, call.arguments) for i, call in enumerate(parsed.calls)
        )


def _forces_call(request: GenerateRequest) -> bool:
    return bool(request.tools) and request.tool_choice == "required" and not request.continue_final_message


def _parser(request: GenerateRequest) -> ToolParser:
    if not request.tools or request.tool_choice == "none":
        return PlainParser()
    return HermesParser(is_open=_forces_call(request))
