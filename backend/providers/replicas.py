"""One model at several servers: `any/<name>` is whichever of them is well and least busy.

A chat model that two or more providers of a workspace list under the same name, the platform's own models included,
has replicas. To drain one, take the model off its provider's list: what it answers now goes on.
"""

import threading
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from backend.providers.adapters import KeylessEngine, with_model
from backend.providers.selectors import ANY, ModelRecord
from inference.routing import Router, routed
from inference.types import Delta, GenerateRequest, ModelInfo

_ROUTERS: dict[tuple[str, str], Router] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class ChatReplica:
    """One server's copy of the model."""

    engine: KeylessEngine
    name: str
    workspace_id: str

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield what this server says."""
        return self.engine.generate(with_model(request, self.name, self.workspace_id))

    async def models(self) -> list[ModelInfo]:
        """Ask whether it is there at all."""
        return await self.engine.models()


@dataclass(frozen=True, slots=True)
class ReplicatedChatModel:
    """A chat model that several servers have; each request goes to one of them."""

    info: ModelInfo
    router: Router
    replicas: Mapping[str, ChatReplica]

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield what the chosen server says; one that fails before its first word is replaced by another."""
        stream = routed(self.router, self.replicas, request)
        try:
            async for _, delta in stream:
                yield delta
        finally:
            await stream.aclose()

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return what the prompt costs, as the first server counts."""
        first = next(iter(self.replicas.values()))
        return await first.engine.count_tokens(with_model(request, first.name, first.workspace_id))


def router_of(workspace_id: str | uuid.UUID, name: str, replicas: Sequence[str]) -> Router:
    """Return what this process knows of the replicas of a model."""
    with _LOCK:
        router = _ROUTERS.setdefault((str(workspace_id), name), Router(()))
        router.keep(replicas)
    return router


def replicated(
    workspace_id: str, name: str, engines: Mapping[str, tuple[ModelRecord, KeylessEngine]]
) -> ReplicatedChatModel:
    """Return the model over these replicas, by the id of each."""
    records = [record for record, _ in engines.values()]
    info = ModelInfo(
        id=f"{ANY}/{name}",
        kind="chat",
        context_tokens=min(record.context_tokens for record in records),
        supports_tools=all(record.supports_tools for record in records),
        supports_images=all(record.supports_images for record in records),
        supports_schema=True,
    )
    copies = {key: ChatReplica(engine, record.name, workspace_id) for key, (record, engine) in engines.items()}
    return ReplicatedChatModel(info, router_of(workspace_id, name, list(copies)), copies)
