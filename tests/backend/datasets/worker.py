"""The Celery app of a real worker for tests, with the words' embedder."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import django

django.setup()

from backend.config.celery import app  # noqa: E402 - Django's models must be loaded first
from backend.datasets.ports import EMBEDDERS  # noqa: E402
from rag.ports import Embedder  # noqa: E402
from tests.backend.datasets.embedding import WordEmbedder  # noqa: E402

__all__ = ["app"]
MARKER = Path(os.environ["ATELIER_TEST_MARKER"])


class StallingEmbedder(WordEmbedder):
    """Says who it is and then waits to be killed, the first time; works ever after."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector per text."""
        if not MARKER.exists():
            part = MARKER.with_suffix(".part")
            part.write_text(str(os.getpid()))
            part.rename(MARKER)
            time.sleep(120)
        return await super().embed(texts)


def stalling_embedder(workspace_id: str, model: str) -> Embedder:
    """Return the embedder for any model."""
    return StallingEmbedder(model)


EMBEDDERS.fill(stalling_embedder)
