"""The store on disk, the admin routes of the inference server, the hub, and the broker."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from celery import current_app
from django.conf import settings

from backend.common.egress import hub_client
from backend.common.errors import ApiError
from backend.providers.adapters import inference_client
from inference.errors import InferenceError
from inference.store.access import ADMIN_HEADER, admin_secret
from inference.store.files import ModelStore
from inference.store.hub import Hub

RUNS_QUEUE = "runs"  # threads that wait for the network; the jobs' processes compute
LOAD_TIMEOUT_S = 600.0
LOOK_TIMEOUT_S = 3.0


class InferenceUnreachable(ApiError):
    """The inference server does not answer."""

    code = "inference_unreachable"
    http_status = 503


def store() -> ModelStore:
    """Return the models of this installation."""
    return ModelStore(settings.ENVIRONMENT.home)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the inference server said."""

    status: int
    body: Mapping[str, object]


def inference_ask(
    method: str, path: str, body: Mapping[str, object] | None = None, *, timeout_s: float = LOOK_TIMEOUT_S
) -> Mapping[str, object]:
    """Ask an admin route; raises `ApiError` with the server's own words and code."""
    try:
        answer = asyncio.run(_ask(method, path, body, timeout_s))
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise InferenceUnreachable(
            f"the inference server does not answer ({type(error).__name__}): `./atelier logs inference` says why"
        ) from error
    if answer.status < 400:
        return answer.body
    said = answer.body.get("error")
    told: Mapping[str, object] = said if isinstance(said, Mapping) else {}
    problem = ApiError(str(told.get("message") or "it failed"), code=str(told.get("code") or "inference_error"))
    problem.http_status = answer.status if answer.status in (400, 404, 409, 422, 503, 507) else 502
    raise problem


async def _ask(method: str, path: str, body: Mapping[str, object] | None, timeout_s: float) -> Answer:
    headers = {ADMIN_HEADER: admin_secret(settings.ENVIRONMENT.home)}
    async with inference_client() as (client, base, own):
        response = await client.request(method, base + path, json=body, headers=own | headers, timeout=timeout_s)
    return Answer(response.status_code, response.json())


@asynccontextmanager
async def hub() -> AsyncIterator[Hub]:
    """Open the hub that this installation pulls from."""
    environment = settings.ENVIRONMENT
    async with hub_client(environment.hub_endpoint) as client:
        yield Hub(client, environment.hub_endpoint, environment.hub_token)


def job_send(task: str, job_id: uuid.UUID) -> None:
    """Ask a worker to do a job; a message that is lost is sent again by the sweep."""
    current_app.send_task(task, [str(job_id)], queue=RUNS_QUEUE, retry=False)


def api_error(error: InferenceError) -> ApiError:
    """Return the store's error as an edge shows it."""
    made = ApiError(error.message, code=error.code)
    # A file that is refused, or an engine that nobody installed, is no failure of the server.
    made.http_status = 422 if error.http_status in (500, 501) else error.http_status
    return made
