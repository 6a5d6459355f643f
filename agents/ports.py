"""What a run needs from outside: models, knowledge and files, each already bound to the run's workspace."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.types import FileRef, Source
from inference.types import Delta, GenerateRequest, ModelInfo


class ChatModel(Protocol):
    """One chat model. Errors it raises carry `code`, `retryable` and `http_status`."""

    info: ModelInfo

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield deltas until one carries `finish_reason`; closing the iterator stops the model."""
        ...

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return how many prompt tokens the request would cost."""
        ...


class Models(Protocol):
    """Finds a model by the id that an application's draft names."""

    async def chat(self, model_id: str) -> ChatModel:
        """Return the model; raises `ModelNotFound`."""
        ...


class Knowledge(Protocol):
    """Finds passages in datasets of the workspace and lays them out for a prompt."""

    async def search(
        self, query: str, dataset_ids: Sequence[str], *, top_k: int, mode: str, score_threshold: float | None
    ) -> tuple[Source, ...]:
        """Return passages, best first, with positions from 1. A dataset that is gone yields none."""
        ...

    def pack(self, sources: Sequence[Source]) -> str:
        """Return the numbered passages as one text for a prompt."""
        ...

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        """Return the positions that `answer` cites as `[n]`."""
        ...


class Files(Protocol):
    """Reads files that belong to the run's owner."""

    async def read(self, ref: FileRef) -> bytes:
        """Return the bytes; raises `FileNotFoundError` for a file of somebody else."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of one run."""

    models: Models
    knowledge: Knowledge
    files: Files
