"""The rerank engine on llama.cpp: a cross-encoder reads query and document together and scores the pair."""

import asyncio
import math
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


class LlamaCppReranker:
    """One cross-encoder with a context and a thread of its own.

    A score is the sigmoid of the classifier's logit, from 0 to 1, as sentence-transformers, vLLM, Cohere and Jina
    report it (llama-server reports the logit itself); the order is the same.
    """

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._encoder = LlamaEmbedder(config)
        if not self._encoder.is_cross_encoder or self._encoder.dimensions != 1:
            self._encoder.close()
            raise EngineFailedError(
                f"{config.id!r} is no cross-encoder with one score: convert one with a classifier head of one label."
            )
        self._queue = EmbeddingQueue(self._encoder, max_queued=config.max_queued)

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        raise InvalidRequestError(f"{request.model!r} is a rerank model: choose a chat model.", param="model")

    async def embed(self, request: EmbedRequest) -> Embeddings:
        raise InvalidRequestError(f"{request.model!r} is a rerank model: choose an embedding model.", param="model")

    async def rerank(self, request: RerankRequest) -> Ranking:
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        size = len(request.query) * len(request.documents) + sum(map(len, request.documents))
        pairs = await asyncio.to_thread(self._pairs, request) if size > _LONG_TEXT else self._pairs(request)
        logits = await self._queue.embed(pairs)
        return Ranking(tuple(map(_sigmoid, logits[:, 0].tolist())), Usage(prompt_tokens=sum(map(len, pairs))))

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        if request.model != self._config.id:
            raise UnknownModelError.of(request.model, (self._config.id,))
        if request.prompt is None:
            raise InvalidRequestError(f"{request.model!r} has no chat template: send 'prompt'.", param="messages")
        return self._encoder.tokenize(request.prompt)

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo(id=self._config.id, kind="rerank", context_tokens=self._encoder.context_tokens)]

    def stats(self) -> EngineStats:
        return self._queue.stats()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Fail what waits and free the model; blocks until the thread is gone."""
        self._queue.stop()

    def _pairs(self, request: RerankRequest) -> list[list[int]]:
        """Return the tokens of every pair; a query takes at most half of the room, a document what is left."""
        encoder, frame = self._encoder, self._encoder.frame
        room = encoder.context_tokens - frame.size - len(frame.between)
        query = encoder.text_tokens(request.query, room // 2)
        head = [*frame.before, *query, *frame.between]
        second = encoder.second_segment
        return [
            [*head, *second(encoder.text_tokens(document, room - len(query))), *second(frame.after)]
            for document in request.documents
        ]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
