"""The embedding engine on llama.cpp: texts in, unit-length vectors out."""

import asyncio
from array import array
from collections.abc import AsyncIterator

from inference.config import ModelConfig
from inference.engines.embedding_queue import EmbeddingQueue
from inference.engines.llama_embedder import LlamaEmbedder
from inference.errors import EngineFailedError, InvalidRequestError, UnknownModelError
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
        if self._embedder.is_cross_encoder:
            self._embedder.close()
            raise EngineFailedError(f"{config.id!r} is a cross-encoder: configure it with the kind 'rerank'.")
        self._queue = EmbeddingQueue(self._embedder, max_queued=config.max_queued)

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        raise InvalidRequestError(f"{request.model!r} is an embedding model: choose a chat model.", param="model")

    async def embed(self, request: EmbedRequest) -> Embeddings:
        """Return the vectors as arrays of float32, which travel as bytes."""
        self._require_model(request.model)
        inputs = [self._embedder.surround(tokens) for tokens in request.token_lists]
        inputs += await self._tokenize(request.texts)
        rows = await self._queue.embed(inputs)
        vectors = [array("f", row.tobytes()) for row in rows]
        return Embeddings(vectors, Usage(prompt_tokens=sum(map(len, inputs))))

    async def rerank(self, request: RerankRequest) -> Ranking:
        raise InvalidRequestError(f"{request.model!r} is an embedding model: choose a rerank model.", param="model")

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        self._require_model(request.model)
        if request.prompt is None:
            raise InvalidRequestError(f"{request.model!r} has no chat template: send 'prompt'.", param="messages")
        if len(request.prompt) > _LONG_TEXT:
            return await asyncio.to_thread(self._embedder.all_tokens, request.prompt)
        return self._embedder.all_tokens(request.prompt)

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
        return self._queue.stats()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Fail what waits and free the model; blocks until the thread is gone."""
        self._queue.stop()

    def _require_model(self, model: str) -> None:
        if model != self._config.id:
            raise UnknownModelError.of(model, (self._config.id,))

    async def _tokenize(self, texts: tuple[str, ...]) -> list[list[int]]:
        def work() -> list[list[int]]:
            return [self._embedder.tokenize(text) for text in texts]

        return await asyncio.to_thread(work) if sum(map(len, texts)) > _LONG_TEXT else work()
