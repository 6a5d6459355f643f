"""The models and the sandbox that evaluators of a workspace may use."""

import uuid

from agents.ports import CodeRunner
from backend.common.database import in_database
from backend.common.sandbox import code_runner
from backend.datasets.ports import EMBEDDERS, WRITERS
from rag.ports import Embedder, Write


class WorkspaceOutside:
    """`Outside` for one workspace."""

    def __init__(self, workspace_id: uuid.UUID) -> None:
        self._workspace_id = str(workspace_id)

    async def writer(self, model: str) -> Write:
        """Return what asks a chat model; raises `ApiError` for an unknown one."""
        return await in_database(WRITERS.get(), self._workspace_id, model)

    async def embedder(self, model: str) -> Embedder:
        """Return an embedding model; raises `ApiError` for an unknown one."""
        return await in_database(EMBEDDERS.get(), self._workspace_id, model)

    @property
    def code(self) -> CodeRunner:
        """The sandboxes of this process."""
        return code_runner()
