"""The seam between whoever wants tokens and whatever makes them."""

from collections.abc import AsyncIterator
from typing import Protocol

from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
)


class Engine(Protocol):
    """Makes tokens or vectors for one or more models.

    Every method may raise an `InferenceError`; its `retryable` says whether the same request may work later.
    """

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield deltas until one carries `finish_reason`. Closing the iterator stops the generation at once."""
        ...

    async def embed(self, request: EmbedRequest) -> Embeddings:
        """Return one vector of shape `(dimensions,)`, L2-normalised, per text."""
        ...

    async def rerank(self, request: RerankRequest) -> Ranking:
        """Score every document against the query."""
        ...

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return how many prompt tokens `request` would cost, chat template and tools included."""
        ...

    async def models(self) -> list[ModelInfo]:
        """Return the models that can be asked now."""
        ...

    async def aclose(self) -> None:
        """Free what the engine holds; running generations end."""
        ...


class LocalEngine(Engine, Protocol):
    """An engine inside this process: it can also be looked into."""

    def stats(self) -> EngineStats:
        """Return how busy the engine is; cheap enough for every scrape."""
        ...

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        """Return the prompt tokens of `request`, chat template and tools included."""
        ...
