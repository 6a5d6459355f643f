"""The models and the sandbox that evaluators of a workspace may use, and what those models took."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from agents.ports import CodeRunner
from backend.common.database import in_database
from backend.common.sandbox import code_runner
from backend.datasets.ports import EMBEDDERS
from backend.evaluations.ports import JUDGES
from backend.runs.ports import COST_OF
from inference.types import Usage
from rag.ports import Embedder, Write


@dataclass(frozen=True, slots=True)
class Spent:
    """What judges took: tokens, and their cost in USD."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)


class WorkspaceOutside:
    """`Outside` for one workspace. It counts what its writers take, whatever the evaluators make of their texts."""

    def __init__(self, workspace_id: uuid.UUID) -> None:
        self._workspace_id = str(workspace_id)
        self._usage: dict[str, Usage] = {}

    async def writer(self, model: str) -> Write:
        """Return what asks a chat model; raises `ApiError` for an unknown one."""
        ask = await in_database(JUDGES.get(), self._workspace_id, model)

        async def write(prompt: str, max_tokens: int) -> str:
            written = await ask(prompt, max_tokens)
            self._usage[model] = self._usage.get(model, Usage()) + written.usage
            return written.text

        return write

    async def embedder(self, model: str) -> Embedder:
        """Return an embedding model; raises `ApiError` for an unknown one."""
        return await in_database(EMBEDDERS.get(), self._workspace_id, model)

    @property
    def code(self) -> CodeRunner:
        """The sandboxes of this process."""
        return code_runner()

    def spent(self) -> Spent:
        """Return what the chat models took so far; reads their prices from the database."""
        used = self._usage
        return Spent(
            sum(usage.prompt_tokens for usage in used.values()),
            sum(usage.completion_tokens for usage in used.values()),
            sum((self._cost(model, usage) for model, usage in used.items()), Decimal(0)),
        )

    def _cost(self, model: str, usage: Usage) -> Decimal:
        return COST_OF.get()(self._workspace_id, model, usage.prompt_tokens, usage.completion_tokens)
