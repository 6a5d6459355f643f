"""`models`: what is on this machine, brought, loaded and removed through the running platform."""

import json
import time
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING
from uuid import UUID

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from backend.cli.errors import CommandError
from backend.cli.health import http_get
from backend.cli.in_process import django_ready
from backend.cli.screen import say
from backend.common.errors import ApiError
from backend.embedded.home import Home
from backend.embedded.state import state_running
from inference.errors import InferenceError
from inference.store.engines import ENGINES, is_installed
from inference.store.files import ModelStore

if TYPE_CHECKING:
    # Models of Django can only be imported once it knows its settings, which name the home that is given.
    from backend.local_models.models import ModelJob

LOOK_EVERY_S = 0.3
ENDS = ("finished", "failed", "cancelled")


def models_list(home: Home) -> None:
    """Print a line for each model that can be asked; raises CommandError when the server does not answer."""
    state = state_running(home)
    if state is None:
        raise CommandError(f"no platform is running in {str(home.root)!r}: `./atelier up --detach` starts it")
    status, body = http_get(state.inference_url, "/v1/models")
    if status != 200:
        raise CommandError(f"the inference server answers HTTP {status}: `./atelier logs inference` says why")
    for model in json.loads(body)["data"]:
        print(model["id"])


def model_pull(home: Home, *, repository: str, file: str, revision: str, name: str, engine: str = "") -> None:
    """Pull a model from the hub and wait for it; Ctrl-C leaves it to the platform, which goes on."""
    _bring(home, kind="pull", source=repository, file=file, revision=revision, model=name, engine=engine)


def model_add(home: Home, *, path: str, name: str, engine: str = "") -> None:
    """Add a GGUF or a folder of safetensors of this machine, for an engine that is not the usual one."""
    _bring(home, kind="add", source=path, model=name, engine=engine)


def model_serve(home: Home, *, name: str, engine: str) -> None:
    """Have a model served by an engine, from its next loading on."""
    try:
        ModelStore(home.root).engine_set(name, engine)
    except InferenceError as error:
        raise CommandError(error.message) from error
    say(f"{name} is served by {engine}.")
    if not is_installed(home.root, ENGINES[engine]):
        say(f"  {engine} is not installed yet: `{ENGINES[engine].install_command}` brings it.")


def model_load(home: Home, *, name: str, keep_alive_s: int | None, context_tokens: int | None) -> None:
    """Load a model."""
    services, workspace = _ready(home)
    _told(
        services.model_load,
        workspace_id=workspace,
        model=name,
        keep_alive_s=keep_alive_s,
        context_tokens=context_tokens,
    )
    say(f"{name} is loaded.")


def model_unload(home: Home, *, name: str) -> None:
    """Unload a model."""
    services, workspace = _ready(home)
    _told(services.model_unload, workspace_id=workspace, model=name)
    say(f"{name} is unloaded.")


def model_remove(home: Home, *, name: str) -> None:
    """Remove a model from the disk."""
    services, workspace = _ready(home)
    _told(services.model_remove, workspace_id=workspace, model=name)
    say(f"{name} is removed.")


def _ready(home: Home) -> tuple[ModuleType, UUID]:
    """Return the services of local models, and the first workspace: whose name stands in the audit log."""
    django_ready(home)
    workspace = import_module("backend.accounts.models").Workspace.objects.order_by("created_at").first()
    if workspace is None:
        raise CommandError("there is no workspace yet: open the page and set it up, or use `./atelier admin create`")
    return import_module("backend.local_models.services"), workspace.id


def _told(service: object, **values: object) -> object:
    assert callable(service)
    try:
        return service(**values)
    except ApiError as error:
        raise CommandError(error.message) from error


def _bring(home: Home, **values: str) -> None:
    services, workspace = _ready(home)
    job = _told(services.job_start, workspace_id=workspace, wanted=services.NewModel(**values))
    selectors = import_module("backend.local_models.selectors")
    ended = _followed(lambda: selectors.job_get(workspace, job.id))  # type: ignore[attr-defined]
    if ended.status != "finished":
        raise CommandError(ended.reason or f"it was {ended.status}")
    say(f"{ended.model} is installed.")


def _followed(look: Callable[[], "ModelJob"]) -> "ModelJob":
    """Show how far the job is until it ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, transient=True) as progress:
        job = look()
        shown = progress.add_task(job.source, total=None)
        while job.status not in ENDS:
            waits = f"{job.source} (waits: {job.reason})" if job.reason else job.source
            progress.update(shown, description=waits, completed=job.done_bytes, total=job.total_bytes or None)
            time.sleep(LOOK_EVERY_S)
            job = look()
    return job
