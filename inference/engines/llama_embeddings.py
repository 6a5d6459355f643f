"""The embedding engine on llama.cpp: texts in, unit-length vectors out."""

import asyncio
from collections.abc import AsyncIterator

from inference.config import ModelConfig
from inference.engines.embedding_queue import EmbeddingQueue
from inference.engines.llama_embedder import LlamaEmbedder
from inference.errors import InvalidRequestError, UnknownModelError
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
    Usage,
)

_LONG_TEXT = 20_000  # characters; longer texts are prepared outside the event loop


class LlamaCppEmbeddings:
    """One embedding model with a context and a thread of its own."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._embedder = LlamaEmbedder(config)
        self._queue = EmbeddingQueue(self._embedder, max_queued=config.max_queued)

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        raise InvalidRequestError(f"{request.model!r} is an embedding model: choose a chat model.", param="model")

    async def embed(self, request: EmbedRequest) -> Embeddings:
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        inputs = await self._tokenize(request.texts)
        vectors = await self._queue.embed(inputs)
        return Embeddings(vectors, Usage(prompt_tokens=sum(map(len, inputs))))

    async def rerank(self, request: RerankRequest) -> Ranking:
        raise InvalidRequestError(f"{request.model!r} is an embedding model: choose a rerank model.", param="model")

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        if request.prompt is None:
            raise InvalidRequestError(f"{request.model!r} has no chat template: send 'prompt'.", param="messages")
        return (await self._tokenize((request.prompt,)))[0]

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [
            ModelInfo(
                id=self._config.id,
                kind="embedding",
                context_tokens=self._embedder.context_tokens,
                dimensions=self._embedder.dimensions,
            )
        ]

    def stats(self) -> EngineStats:
        texts, tokens = self._queue.queued
        active = self._queue.active_texts
        return EngineStats(active=active, queued=max(0, texts - active), queued_tokens=tokens)

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Fail what waits and free the model; blocks until the thread is gone."""
        self._queue.stop()

    async def _tokenize(self, texts: tuple[str, ...]) -> list[list[int]]:
        def work() -> list[list[int]]:
            return [self._embedder.tokenize(text) for text in texts]

        return await asyncio.to_thread(work) if sum(map(len, texts)) > _LONG_TEXT else work()
