"""What knowledge needs from other rooms: an embedder for the model that a dataset names, and who uses a dataset."""

import uuid
from collections.abc import Callable

from backend.common.slots import Slot
from rag.ports import Embedder

EmbedderFactory = Callable[[str, str], Embedder]
"""(workspace id, embedding model id) → embedder; raises `ApiError` for an unknown model."""

EMBEDDERS: Slot[EmbedderFactory] = Slot("datasets.EMBEDDERS")

CountUsers = Callable[[uuid.UUID, uuid.UUID], int]
"""(workspace id, dataset id) → how many applications search the dataset."""

DATASET_USERS: Slot[CountUsers] = Slot("datasets.DATASET_USERS")
