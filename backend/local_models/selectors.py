"""The reads of local models: what is installed, what is loaded, which jobs are on their way."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from backend.accounts.selectors import machine_admins
from backend.common.errors import ApiError, NotFound
from backend.local_models.adapters import inference_ask, store
from backend.local_models.models import ModelJob
from inference.store.engines import DEFAULT, ENGINES, is_installed
from inference.store.files import BUILT_IN
from inference.store.manifest import Manifest

PENDING = Q(status__in=[ModelJob.Status.QUEUED, ModelJob.Status.RUNNING])


def jobs_list(workspace_id: uuid.UUID) -> QuerySet[ModelJob]:
    """Return the jobs of the workspace, newest first."""
    return ModelJob.objects.within(workspace_id)


def job_get(workspace_id: uuid.UUID, job_id: uuid.UUID) -> ModelJob:
    """Return the job; raises `NotFound`."""
    found = jobs_list(workspace_id).filter(id=job_id).first()
    if found is None:
        raise NotFound(f"there is no job {str(job_id)!r}")
    return found


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine: what is on disk (`manifest`), and what the inference server says of it now."""

    id: str
    manifest: Manifest | None
    live: Mapping[str, object]

    @property
    def engine(self) -> str:
        """The name of the engine that serves it, empty for a model that is only kept."""
        if self.manifest is None:
            return DEFAULT
        return self.manifest.served_by.name if self.manifest.is_servable else ""

    def value(self, key: str) -> object:
        """Return what the server says, else what the manifest does."""
        return self.live[key] if key in self.live else getattr(self.manifest, key, None)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of this machine, and the local models that it serves."""

    name: str
    is_builtin: bool
    is_installed: bool
    formats: tuple[str, ...]
    install_command: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """All local models, and the memory that they share; `reason` says why nothing is known of that."""

    models: tuple[LocalModel, ...]
    budget_bytes: int
    room_bytes: int
    reason: str
    machine_admins: tuple[str, ...]


def inventory(workspace_id: uuid.UUID) -> Inventory:
    """Return what is here, and whom the workspace may ask to change it.

    Never raises for an inference server that does not answer: files are listed without it.
    """
    try:
        answer, reason = inference_ask("GET", "/admin/models"), ""
    except ApiError as error:
        answer, reason = {}, error.message
    listed = answer.get("models")
    live = {str(one["id"]): one for one in listed} if isinstance(listed, list) else {}
    manifests = {manifest.id: manifest for manifest in store().list()}
    names = [*live, *(name for name in manifests if name not in live)]
    return Inventory(
        tuple(LocalModel(name, manifests.get(name), live.get(name, {})) for name in names),
        _integer(answer.get("budget_bytes")),
        _integer(answer.get("room_bytes")),
        reason,
        tuple(machine_admins(workspace_id)),
    )


def engines_list() -> list[Engine]:
    """Return every engine, the built-in one first, whether it is installed or not."""
    served: dict[str, list[str]] = {DEFAULT: list(BUILT_IN)}
    for manifest in store().list():
        if manifest.is_servable:
            served.setdefault(manifest.served_by.name, []).append(manifest.id)
    home = settings.ENVIRONMENT.home
    return [
        Engine(
            kind.name,
            kind.is_builtin,
            is_installed(home, kind),
            tuple(sorted(kind.formats)),
            kind.install_command,
            tuple(sorted(served.get(kind.name, []))),
        )
        for kind in ENGINES.values()
    ]


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
