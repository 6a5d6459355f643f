"""What knowledge needs from other rooms: models that embed and write, and who uses a dataset."""

import uuid
from collections.abc import Callable

from backend.common.slots import Slot
from rag.ports import Embedder, Reranker, Write

EmbedderFactory = Callable[[str, str], Embedder]
"""(workspace id, embedding model id) → embedder; raises `ApiError` for an unknown model."""

EMBEDDERS: Slot[EmbedderFactory] = Slot("datasets.EMBEDDERS")

WriterFactory = Callable[[str, str], Write]
"""(workspace id, chat model id) → what the model writes to a prompt; raises `ApiError` for an unknown model."""

WRITERS: Slot[WriterFactory] = Slot("datasets.WRITERS")

RerankerFactory = Callable[[str], Reranker | None]
"""workspace id → its reranker, None where no provider has a rerank model."""

RERANKERS: Slot[RerankerFactory] = Slot("datasets.RERANKERS")

CountUsers = Callable[[uuid.UUID, uuid.UUID], int]
"""(workspace id, dataset id) → how many applications search the dataset."""

DATASET_USERS: Slot[CountUsers] = Slot("datasets.DATASET_USERS")
