"""Our side of `bench embed`: the embedding engine in a process of its own, asked over standard input."""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path

import numpy as np

from inference.config import EMBEDDING_MODEL, builtin_models
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.types import EmbedRequest


async def serve(home: Path) -> None:
    """Answer every line of standard input; the end of it is the end."""
    config = next(model for model in builtin_models(home) if model.id == EMBEDDING_MODEL)
    engine = LlamaCppEmbeddings(config)
    try:
        for line in sys.stdin:
            question = json.loads(line)
            started = time.perf_counter()
            made = await engine.embed(EmbedRequest(EMBEDDING_MODEL, tuple(question["texts"])))
            answer: dict[str, object] = {"seconds": time.perf_counter() - started}
            if question.get("wants_vectors"):
                answer["vectors"] = base64.b64encode(np.array(made.vectors, np.float32).tobytes()).decode()
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        await engine.aclose()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
