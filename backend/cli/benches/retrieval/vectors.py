"""The vectors of the bench: made by the embedded model once, kept below the home, and added to by later runs."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.cli.screen import say
from backend.embedded.home import REPOSITORY, Home
from inference.config import EMBEDDING_MODEL, builtin_models
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.types import EmbedRequest, GenerateRequest

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 384
MOST_TOKENS = 250
_BATCH = 256
_SAID_EVERY = 5_000


class VectorCache:
    """Vectors by text in two files that only grow: digests and vectors, row by row."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._digests, self._vectors = folder / "digests.bin", folder / "vectors.f32"
        for path in (self._digests, self._vectors):
            path.touch()
        digests = self._digests.read_bytes()
        # A run that was stopped between the two writes leaves rows that only one of them has.
        rows = min(len(digests) // 16, self._vectors.stat().st_size // (4 * DIMENSIONS))
        for path, width in ((self._digests, 16), (self._vectors, 4 * DIMENSIONS)):
            with path.open("r+b") as file:
                file.truncate(rows * width)
        self._rows = {digests[16 * row : 16 * row + 16]: row for row in range(rows)}

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Return the texts that have no vector yet."""
        return [text for text in dict.fromkeys(texts) if _digest(text) not in self._rows]

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors, one per text."""
        with self._vectors.open("ab") as file:
            file.write(vectors.astype(np.float32).tobytes())
        with self._digests.open("ab") as file:
            file.write(b"".join(map(_digest, texts)))
        for text in texts:
            self._rows[_digest(text)] = len(self._rows)

    def get(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts that are all there, of unit length."""
        stored = np.memmap(self._vectors, np.float32, "r", shape=(len(self._rows), DIMENSIONS))
        taken: Vectors = np.asarray(stored[[self._rows[_digest(text)] for text in texts]])
        return taken / np.linalg.norm(taken, axis=1, keepdims=True)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]


class Model:
    """The embedded embedding model, loaded into this process; `close` frees it."""

    def __init__(self, home: Home) -> None:
        config = next(model for model in builtin_models(home.root) if model.id == EMBEDDING_MODEL)
        if not config.path.exists():
            config.path.parent.mkdir(parents=True, exist_ok=True)
            module = "inference.quantization.convert"
            assert config.convert_from is not None
            subprocess.run([sys.executable, "-m", module, config.convert_from, config.path], cwd=REPOSITORY, check=True)
        self._engine = LlamaCppEmbeddings(config)
        self._cache = VectorCache(home.root / "bench" / "retrieval" / "vectors")

    async def tokens(self, text: str) -> list[int]:
        """Return the ids of the tokens of a text."""
        return await self._engine.tokenize(GenerateRequest(EMBEDDING_MODEL, prompt=text))

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, from the cache where they are there."""
        missing = self._cache.missing(texts)
        for first in range(0, len(missing), _BATCH):
            batch = missing[first : first + _BATCH]
            made = await self._engine.embed(EmbedRequest(EMBEDDING_MODEL, tuple(batch)))
            self._cache.add(batch, np.array(made.vectors, np.float32))
            if len(missing) > _SAID_EVERY and first % _SAID_EVERY < _BATCH:
                say(f"  embedded {first + len(batch):,} of {len(missing):,} passages")
        return self._cache.get(texts)

    async def parts(self, text: str) -> list[str]:
        """Cut a text into halves until the model reads each whole."""
        if len(text) < 80 or len(await self.tokens(text)) <= MOST_TOKENS:
            return [text]
        half = len(text) // 2
        cut = text.rfind(" ", half - 40, half + 40) + 1 or half
        return [*await self.parts(text[:cut]), *await self.parts(text[cut:])]

    async def close(self) -> None:
        """Free the model."""
        await self._engine.aclose()


def embed_all(home: Home, texts: Sequence[str]) -> Vectors:
    """Embed texts in this process and free the model again."""

    async def run() -> Vectors:
        model = Model(home)
        try:
            return await model.embed(texts)
        finally:
            await model.close()

    return asyncio.run(run())
