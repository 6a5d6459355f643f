"""The applications of a workspace as runs see them: workflows that can be called, and the environment in clear."""

import uuid
from collections.abc import Mapping

from agents.errors import InvalidGraph, InvalidInput
from agents.ports import CalledWorkflow
from agents.types import JsonValue, RunSpec
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import App, AppMode, AppVersion
from backend.apps.selectors import app_draft, version_draft
from backend.apps.variable_secrets import environment_values
from backend.common.database import in_database
from backend.common.secrets import UndecryptableSecret

Values = Mapping[str, JsonValue]


class AppEnvironment:
    """The environment variables of the run's own application, as its version fixed them."""

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec

    async def values(self) -> Values:
        """Return the values by name; raises `InvalidInput` for a secret of another installation."""
        if not self._spec.environment:
            return {}
        values = await in_database(_environment, self._spec.scope, self._spec.app_id, self._spec.app_version)
        return {item.name: values.get(item.name, item.value) for item in self._spec.environment}


class WorkspaceWorkflows:
    """Finds published workflows of the run's workspace."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    async def find(self, app_id: str, version: int | None = None) -> CalledWorkflow:
        """Return that version, the published one for None; raises `InvalidInput`."""
        return await in_database(self._find, app_id, version)

    async def environment(self, called: CalledWorkflow) -> Values:
        """Return the environment variables of the called workflow, secrets in clear."""
        if not called.environment:
            return {}
        return await in_database(_environment, self._workspace_id, called.app_id, called.version)

    def _find(self, app_id: str, version: int | None) -> CalledWorkflow:
        app = _app(self._workspace_id, app_id)
        if app is None or app.mode != AppMode.WORKFLOW:
            raise InvalidInput(f"there is no workflow {app_id!r} in this workspace: choose another one")
        found = _version(app, version)
        if found is None:
            which = f"has no version {version}" if version else "was never published: publish it first"
            raise InvalidInput(f"the workflow {app.name!r} {which}")
        draft = version_draft(found)
        assert isinstance(draft, GraphDraft), "a workflow is a graph"
        try:
            saved = draft.saved()
        except InvalidGraph as error:
            raise InvalidInput(f"the workflow {app.name!r} cannot run: {error}") from error
        return CalledWorkflow(str(app.id), app.name, found.number, saved.nodes, saved.edges, draft.environment())


def _app(workspace_id: str, app_id: str) -> App | None:
    try:
        wanted = uuid.UUID(app_id)
    except ValueError:
        return None
    return App.objects.within(workspace_id).select_related("published_version").filter(id=wanted).first()


def _version(app: App, number: int | None) -> AppVersion | None:
    versions = AppVersion.objects.within(app.workspace_id).select_related("app").filter(app=app)
    return (
        versions.filter(id=app.published_version_id).first()
        if number is None
        else versions.filter(number=number).first()
    )


def _environment(workspace_id: str, app_id: str, number: int | None) -> Values:
    app = _app(workspace_id, app_id)
    if app is None:
        raise InvalidInput("the application of this run was deleted, and its environment variables with it")
    if number is None:
        draft, secrets = app_draft(app), app.draft_secrets
    else:
        version = _version(app, number)
        if version is None:
            raise InvalidInput(f"version {number} of the application {app.name!r} is gone")
        draft, secrets = version_draft(version), version.secrets
    assert isinstance(draft, GraphDraft), "only graphs have environment variables"
    try:
        return environment_values(draft, secrets)
    except UndecryptableSecret as error:
        raise InvalidInput(f"an environment variable of {app.name!r}: {error}") from error
