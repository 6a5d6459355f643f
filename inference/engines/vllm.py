"""vLLM inside our process: the engine for models in safetensors, on GPUs and, for small ones, on processors."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Sequence

from inference.config import ModelConfig
from inference.engines.chat_only import ChatOnly
from inference.engines.chat_prompts import ChatPrompts, reads_calls
from inference.engines.folder import spoken
from inference.engines.vllm_answer import Writer
from inference.engines.vllm_core import Core, VllmCore
from inference.engines.vllm_wire import StepStats, priority_of, sampling_of
from inference.errors import (
    EngineDiedError,
    EngineFailedError,
    InvalidRequestError,
    OverloadedError,
)
from inference.protocol import LocalEngine
from inference.structured.lark import lark_of
from inference.types import (
    Delta,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Usage,
)


def create(config: ModelConfig) -> LocalEngine:
    """Start vLLM with the model and return its engine. Blocks for as long as loading takes, a minute or more.

    Raises EngineFailedError where vLLM is not installed, or cannot load the model.
    """
    if config.kind != "chat":
        raise EngineFailedError(f"{config.id!r} is no model that generates text: vLLM serves only those here.")
    stats = StepStats()
    return VllmChat(config, VllmCore(config, stats), stats)


class VllmChat(ChatOnly):
    """One chat model; vLLM batches its requests. Prompts, tool calls and grammars are ours, as with every engine."""

    def __init__(self, config: ModelConfig, core: Core, stats: StepStats) -> None:
        self._config = config
        self._core = core
        self._stats = stats
        told = spoken(config.path)
        self._prompts = ChatPrompts(
            config,
            told.template,
            bos=told.bos,
            eos=told.eos,
            vocabulary_size=core.vocabulary_size,
            encode_text=lambda text: self._encoded(text, with_marks=True),
            encode_chat=lambda text: self._encoded(text, with_marks=False),
        )
        self._numbers = itertools.count()
        self._outstanding = 0
        self._encoding = threading.Lock()  # a fast tokenizer may not be used by two threads at once

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        self._check_alive()
        if self._outstanding >= self._config.max_sequences + self._config.max_queued:
            raise OverloadedError(
                f"{self._outstanding} requests wait for {self._config.id!r} already: try again in 1 s.",
                retry_after_s=1.0,
            )
        answer = await self._begin(request)
        if answer is None:
            yield Delta(finish_reason="length", usage=Usage(completion_tokens=len(request.resume_tokens)))
            return
        tokens, sampling, grammar, writer = answer
        name = f"{self._config.id}-{next(self._numbers)}"
        outputs = self._core.generate(tokens, sampling, grammar, name=name, priority=priority_of(request))
        if not self._outstanding:
            self._stats.begin()
        self._outstanding += 1
        try:
            async for output in outputs:
                delta = writer.write(output)
                if delta is not None:
                    yield delta
        finally:
            self._outstanding -= 1
            await outputs.aclose()

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        return await self._prompts.tokens(request)

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self._config.id,
                kind="chat",
                context_tokens=self._config.context_tokens,
                supports_tools=True,
                supports_continuation=True,
                supports_schema=True,
            )
        ]

    def stats(self) -> EngineStats:
        """Return how busy vLLM is. Raises EngineDiedError once its processes are gone."""
        self._check_alive()
        return self._stats.of(self._outstanding)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._core.shutdown)

    async def _begin(
        self, request: GenerateRequest
    ) -> "tuple[list[int], dict[str, object], str | None, Writer] | None":
        """Return what to ask of vLLM and what writes the answer; None when an engine before had finished it."""
        if request.adapter is not None:
            raise InvalidRequestError(f"vLLM serves {request.model!r} without adapters here.", param="model")
        self._prompts.tokens_check("logit_bias", tuple(token for token, _ in request.sampling.logit_bias))
        tokens = await self.tokenize(request)
        grammar = await asyncio.to_thread(lark_of, request, self._prompts.dialect)
        if grammar is not None and request.resume_tokens:
            raise EngineFailedError("vLLM ended while it answered under a schema: ask again.")
        room = self._prompts.room_after(tokens, self._config.context_tokens)
        wanted, resumed = request.sampling.max_tokens, request.resume_tokens[:room]
        left = (room if wanted is None else max(1, min(wanted, room))) - len(resumed)
        if left < 1:
            return None
        has_calls = reads_calls(request)
        sampling = sampling_of(request, max_tokens=left, reads_calls=has_calls)
        if grammar is not None:
            sampling["ignore_eos"] = False  # a grammar must be able to end
        top = request.sampling.top_logprobs
        writer = Writer(self._prompts.parser(request), len(tokens), len(resumed), top, self._core.piece)
        if resumed:
            writer.replay(self._decoded(resumed, skips=not has_calls))
        return [*tokens, *resumed], sampling, grammar, writer

    def _encoded(self, text: str, *, with_marks: bool) -> list[int]:
        with self._encoding:
            return self._core.encode(text, with_marks=with_marks)

    def _decoded(self, tokens: Sequence[int], *, skips: bool) -> str:
        with self._encoding:
            return self._core.decode(tokens, skips_marks=skips)

    def _check_alive(self) -> None:
        if self._core.is_dead:
            raise EngineDiedError(f"The processes of vLLM for {self._config.id!r} have ended: it must be loaded anew.")
