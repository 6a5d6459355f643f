"""The outside world of a run: the workspace's models, knowledge and files behind the ports of `agents`."""

import asyncio
import uuid

from agents.errors import ModelNotFound
from agents.ports import ChatModel, Ports
from agents.types import FileRef, RunSpec
from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.datasets.knowledge import DatasetKnowledge
from backend.files.models import StoredFile
from backend.files.services import file_path
from backend.providers.access import chat_model


class WorkspaceModels:
    """Finds the chat models that a workspace may use."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    async def chat(self, model_id: str) -> ChatModel:
        """Return the model; raises `ModelNotFound`."""
        try:
            return await chat_model(self._workspace_id, model_id)
        except ApiError as error:
            raise ModelNotFound(error.message) from error


class WorkspaceFiles:
    """Reads the files that a run was started with: their owner was checked then, their workspace is checked here."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    async def read(self, ref: FileRef) -> bytes:
        """Return the bytes; raises `FileNotFoundError`."""
        stored = await in_database(self._find, ref.id)
        if stored is None:
            raise FileNotFoundError(f"the file {ref.name!r} is gone: upload it again")
        return await asyncio.to_thread(file_path(stored).read_bytes)

    def _find(self, file_id: str) -> StoredFile | None:
        return StoredFile.objects.within(self._workspace_id).filter(id=uuid.UUID(file_id)).first()


def ports_of(spec: RunSpec) -> Ports:
    """Return the ports of a run, bound to its workspace."""
    return Ports(
        models=WorkspaceModels(spec.scope), knowledge=DatasetKnowledge(spec.scope), files=WorkspaceFiles(spec.scope)
    )
