"""An embedder that needs no model: texts that share words are near. The same in every process."""

import math
import re
import zlib
from collections.abc import Sequence

from backend.common.errors import Invalid
from rag.ports import Embedder

DIMENSIONS = 384
MODELS = {"all-minilm-l6-v2": DIMENSIONS, "words-64": 64}


class WordEmbedder:
    """Hashes words into dimensions. A token is a word or a mark."""

    max_tokens = 256

    def __init__(self, model: str = "all-minilm-l6-v2") -> None:
        self.model = model
        self.dimensions = MODELS[model]

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector per text."""
        return [self.vector(text) for text in texts]

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words and marks."""
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    def vector(self, text: str) -> list[float]:
        """Return the vector of one text."""
        vector = [1e-3] * self.dimensions
        for word in re.findall(r"\w+", text.lower()):
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        norm = math.hypot(*vector)
        return [value / norm for value in vector]


def word_embedder(workspace_id: str, model: str) -> Embedder:
    """Fill `EMBEDDERS` with this."""
    if model not in MODELS:
        raise Invalid(f"there is no embedding model {model!r}", code="model_not_found")
    return WordEmbedder(model)
