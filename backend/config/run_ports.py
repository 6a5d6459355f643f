"""The outside world of a run: what its workspace owns, behind the ports of `agents`."""

from agents.errors import ModelNotFound
from agents.ports import ChatModel, NoAnnotations, Ports
from agents.types import RunSpec
from backend.annotations.replying import AppAnnotations
from backend.common.errors import ApiError
from backend.common.sandbox import code_runner
from backend.config.run_documents import IsolatedDocuments
from backend.config.run_files import OwnedFiles
from backend.config.run_workflows import AppEnvironment, WorkspaceWorkflows
from backend.datasets.knowledge import DatasetKnowledge
from backend.providers.access import chat_model
from backend.runs.values import RunValues
from backend.tools.ports import WorkspaceCredentials, WorkspaceWeb


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


def ports_of(spec: RunSpec) -> Ports:
    """Return the ports of a run, bound to its workspace and its owner."""
    return Ports(
        models=WorkspaceModels(spec.scope),
        knowledge=DatasetKnowledge(spec.scope),
        files=OwnedFiles(spec),
        documents=IsolatedDocuments(),
        environment=AppEnvironment(spec),
        values=RunValues(spec.run_id, spec.scope),
        workflows=WorkspaceWorkflows(spec.scope),
        web=WorkspaceWeb(spec.scope),
        credentials=WorkspaceCredentials(spec.scope),
        code=code_runner(),
        annotations=AppAnnotations(spec) if spec.annotation_model else NoAnnotations(),
    )
