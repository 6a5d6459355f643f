"""What tools need from other rooms, and what runs get from here: the network and the credentials of a workspace."""

from collections.abc import Callable, Mapping

import httpx

from agents.errors import ToolFailed
from agents.ports import Ports
from agents.types import RunSpec
from backend.common.database import in_database
from backend.common.egress import public_client
from backend.common.secrets import UndecryptableSecret
from backend.common.slots import Slot
from backend.tools.selectors import credential_values

TOOL_PORTS: Slot[Callable[[RunSpec], Ports]] = Slot("tools.TOOL_PORTS")
"""The outside world of a run, for a tool that is tried without one."""


class WorkspaceWeb:
    """The door to the network with the rules of a workspace."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        """Return a client that reaches what the workspace may reach."""
        return public_client(self._workspace_id, verify=verify)


class WorkspaceCredentials:
    """What administrators entered for the tools of a workspace."""

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id

    async def of_tool(self, name: str) -> Mapping[str, str]:
        """Return the values by name; raises `ToolFailed` when they cannot be read any more."""
        try:
            return await in_database(credential_values, self._workspace_id, name)
        except UndecryptableSecret as error:
            raise ToolFailed(f"the credentials of the tool {name!r} cannot be read: {error}") from error
