"""Embedders that are interrupted: what people and accidents do while a document is indexed."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from backend.datasets.ports import EMBEDDERS
from tests.backend.datasets.embedding import WordEmbedder

LONG_TEXT = "\n\n".join(f"Paragraph {n} tells what happened on day {n} of the journey. " * 20 for n in range(60))


class InterruptedEmbedder(WordEmbedder):
    """Does something before the n-th call of the model, counted from 1 over both of its methods."""

    def __init__(self, at_call: int, interrupt: Callable[[], None], model: str = "all-minilm-l6-v2") -> None:
        super().__init__(model)
        self._calls = itertools.count(1)
        self._at_call = at_call
        self._interrupt = interrupt

    def _step(self) -> None:
        if next(self._calls) == self._at_call:
            self._interrupt()

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self._step()
        return await super().embed(texts)

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self._step()
        return await super().count_tokens(texts)


class EmbedInterrupt(WordEmbedder):
    """Does something before the n-th batch is embedded, where Django's connection may be used; keeps all texts."""

    def __init__(self, at_batch: int, interrupt: Callable[[], None], model: str = "all-minilm-l6-v2") -> None:
        super().__init__(model)
        self.texts: list[str] = []
        self._batches = itertools.count(1)
        self._at_batch = at_batch
        self._interrupt = interrupt

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if next(self._batches) == self._at_batch:
            elsewhere(self._interrupt)
        self.texts += texts
        return await super().embed(texts)


def elsewhere(call: Callable[[], None]) -> None:
    """Call on a thread of its own, and close its connection."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def fill(embedder: WordEmbedder) -> None:
    """Let the next jobs use this embedder."""
    EMBEDDERS.fill(lambda workspace_id, model: embedder)
