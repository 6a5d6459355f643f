"""The embedded chat engine: from a request to a sequence for the engine thread, and back to deltas."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import cached_property

from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Limits, Scheduler
from inference.batching.sequence import Sequence
from inference.chat_template import ChatTemplate, Conversation
from inference.config import ModelConfig
from inference.engines.llama_adapters import LlamaAdapters, unknown_adapter
from inference.engines.llama_bindings import LlamaModel
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.engines.llama_executor import LlamaExecutor
from inference.engines.llama_reranker import LlamaCppReranker
from inference.engines.llama_stream import DeltaWriter, Step, TokenStream
from inference.errors import ContextOverflowError, InvalidRequestError, UnknownModelError
from inference.gguf_header import check_gguf
from inference.protocol import LocalEngine
from inference.structured.grammars import Grammars
from inference.structured.vocabulary import Vocabulary
from inference.tool_parsing import CallParser, PlainParser, ToolParser, detect
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    FinishReason,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
    TokenChance,
)

_LONG_TEXT = 20_000  # characters; longer prompts are prepared outside the event loop


def create(config: ModelConfig) -> LocalEngine:
    """Load the model and return its engine. Blocks for as long as loading takes."""
    check_gguf(config.path, config.sha256)
    for _, adapter in config.adapters:
        check_gguf(adapter)
    match config.kind:
        case "chat":
            return LlamaCppChat(config)
        case "embedding":
            return LlamaCppEmbeddings(config)
        case "rerank":
            return LlamaCppReranker(config)


class LlamaCppChat:
    """One chat model; requests are batched with each other at every token."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        model = self._model = LlamaModel(config.path)
        self._adapters = LlamaAdapters(model, config.adapters)
        self._context_tokens = min(config.context_tokens, model.trained_context_tokens)
        template = model.chat_template()
        self._template = ChatTemplate(template, bos=model.bos_text(), eos=model.eos_text())
        self._dialect = detect(template)
        self._bos = model.bos_text()
        self._numbers = itertools.count()
        executor = LlamaExecutor(config, model, self._adapters, self._context_tokens)
        limits = Limits(
            kv_tokens=self._context_tokens,
            max_sequences=config.max_sequences,
            batch_tokens=config.batch_tokens,
            slots=executor.slots,
            shares_prefixes=model.can_rewind,
            scheduling=config.scheduling,
        )
        self._loop = EngineLoop(
            executor,
            Scheduler(limits, end_tokens=model.end_tokens),
            max_queued=config.max_queued,
            name=config.id,
        )

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        sequence = await self._sequence(request)
        stream = TokenStream(self._pieces(request), request.sampling.stop)
        writer = DeltaWriter(self._parser(request), None if request.sampling.top_logprobs is None else self._chance)
        writer.replay(stream.replay(request.resume_tokens))
        if stream.is_stopped or sequence.remaining <= 0:
            # The engine before this one had finished, only its last words were lost.
            reason: FinishReason = "stop" if stream.is_stopped else "length"
            yield writer.last(Step(stream.flush(), finish_reason=reason), sequence)
            return
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

    async def rerank(self, request: RerankRequest) -> Ranking:
        raise InvalidRequestError(f"{request.model!r} is a chat model: choose a rerank model.", param="model")

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
                supports_schema=True,
                adapters=self._adapters.names,
            )
        ]

    def stats(self) -> EngineStats:
        return self._loop.stats()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End every generation and free the model; blocks until the engine thread is gone."""
        self._loop.stop()

    async def _sequence(self, request: GenerateRequest) -> Sequence:
        """Return what the engine thread is to generate; everything that the request may get wrong is checked here."""
        if request.adapter is not None and request.adapter not in self._adapters.names:
            raise unknown_adapter(request.adapter, self._adapters.names)
        self._check_tokens("logit_bias", tuple(token for token, _ in request.sampling.logit_bias))
        self._check_tokens("resume_tokens", request.resume_tokens)
        tokens = await self.tokenize(request)
        room = self._context_tokens - len(tokens)
        if room < 1:
            raise ContextOverflowError.of(
                needed_tokens=len(tokens) + 1, allowed_tokens=self._context_tokens, model=self._config.id
            )
        # An answer may not be longer than the room that is left: it then ends with "length", as at max_tokens.
        wanted, resumed = request.sampling.max_tokens, request.resume_tokens[:room]
        constraint, sampling = None, request.sampling
        if request.response_schema is not None or _reads_calls(request):
            constraint = await asyncio.to_thread(lambda: self._grammars.constraint_for(request))
            sampling = replace(sampling, ignore_eos=False)  # a grammar must be able to end
        return Sequence(
            next(self._numbers),
            [*tokens, *resumed],
            room if wanted is None else max(1, min(wanted, room)),
            sampling,
            tenant=request.tenant,
            priority=request.priority,
            adapter=request.adapter,
            constraint=constraint,
            resumed=len(resumed),
        )

    @cached_property
    def _grammars(self) -> Grammars:
        model = self._model
        vocabulary = Vocabulary(
            pieces=model.pieces(),
            ends=model.end_tokens,
            control=model.control_tokens(),
            tokenize=lambda text: model.tokenize(text, special=False),
        )
        return Grammars(vocabulary, self._dialect)

    def _prepare(self, request: GenerateRequest) -> list[int]:
        if request.prompt_tokens:
            self._check_tokens("prompt", request.prompt_tokens)
            return list(request.prompt_tokens)
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

    def _check_tokens(self, param: str, tokens: tuple[int, ...]) -> None:
        """Refuse ids that the vocabulary does not have: llama.cpp would read past its tables."""
        size = self._model.vocabulary_size
        for token in tokens:
            if not 0 <= token < size:
                raise InvalidRequestError(
                    f"The token {token!r} does not exist: {self._config.id!r} knows 0 to {size - 1}.", param=param
                )

    def _pieces(self, request: GenerateRequest) -> Callable[[int], bytes]:
        """Return how tokens become text: the marks of a dialect's calls are shown to the parser, if one reads."""
        model = self._model
        return (
            model.piece if not _reads_calls(request) else lambda token: model.piece(token, special=token in self._marks)
        )

    def _parser(self, request: GenerateRequest) -> ToolParser:
        if not _reads_calls(request):
            return PlainParser()
        return CallParser(self._dialect, is_open=_forces_call(request))

    @cached_property
    def _marks(self) -> frozenset[int]:
        """The control tokens with which the model opens and closes calls."""
        marks = {mark.encode() for mark in self._dialect.markers}
        return frozenset(
            token for token in self._model.control_tokens() if self._model.piece(token, special=True) in marks
        )

    def _chance(self, token: int, logprob: float) -> TokenChance:
        return TokenChance(self._model.piece(token, special=True), logprob)


def _reads_calls(request: GenerateRequest) -> bool:
    return bool(request.tools) and request.tool_choice != "none"


def _forces_call(request: GenerateRequest) -> bool:
    return bool(request.tools) and request.tool_choice == "required" and not request.continue_final_message
