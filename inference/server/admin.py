"""The admin routes: installed and loaded models, load, unload, remove, what one would take. For the platform alone."""

import asyncio
import hmac
from pathlib import Path

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inference.errors import AdminRefusedError, InvalidRequestError
from inference.server.edge import Handler, answer_json, guarded, read
from inference.server.metrics import Metrics
from inference.server.residency import Residency, Resident, Wish
from inference.server.wire import Answer, Wire
from inference.store.access import ADMIN_HEADER, admin_secret
from inference.store.memory import Estimate

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class LoadBody(Wire):
    """POST /admin/models/{model}/load. What is left out is the server's default."""

    keep_alive_s: int | None = Field(default=None, ge=0, le=31_536_000)
    context_tokens: int | None = Field(default=None, ge=64, le=10_000_000)


class Admin:
    """The handlers; each wants the home's secret, and a client on this machine where the server is only for it."""

    def __init__(self, residency: Residency, home: Path, *, is_loopback: bool) -> None:
        self._residency = residency
        self._home = home
        self._is_loopback = is_loopback

    def routes(self, metrics: Metrics) -> list[Route]:
        def route(path: str, handler: Handler, method: str) -> Route:
            async def checked(request: Request) -> Response:
                self._check(request)
                return await handler(request)

            return Route(path, guarded(checked, metrics, path), methods=[method])

        return [
            route("/admin/models", self.list_models, "GET"),
            route("/admin/models/{model}", self.remove, "DELETE"),
            route("/admin/models/{model}/load", self.load, "POST"),
            route("/admin/models/{model}/unload", self.unload, "POST"),
            route("/admin/models/{model}/estimate", self.estimate, "GET"),
        ]

    async def list_models(self, _request: Request) -> Response:
        return await self._listed()

    async def load(self, request: Request) -> Response:
        body = await read(request, LoadBody)
        await self._residency.load(Wish(request.path_params["model"], body.keep_alive_s, body.context_tokens))
        return await self._listed()

    async def unload(self, request: Request) -> Response:
        await self._residency.unload(request.path_params["model"])
        return await self._listed()

    async def remove(self, request: Request) -> Response:
        await self._residency.remove(request.path_params["model"])
        return await self._listed()

    async def estimate(self, request: Request) -> Response:
        given = request.query_params.get("context_tokens", "")
        if given and not (given.isdigit() and 0 < int(given) <= 10_000_000):
            raise InvalidRequestError(f"context_tokens={given[:40]!r} is no number of tokens.", param="context_tokens")
        made = self._residency.estimate(request.path_params["model"], int(given) if given else None)
        return answer_json(written(made) | {"room_bytes": self._residency.room_bytes()})

    async def _listed(self) -> Response:
        self._residency.refresh()
        residents = await asyncio.to_thread(self._residency.residents)
        return answer_json(
            {
                "budget_bytes": self._residency.budget_bytes,
                "room_bytes": self._residency.room_bytes(),
                "models": [_resident(one) for one in residents],
            }
        )

    def _check(self, request: Request) -> None:
        client = request.client.host if request.client else ""
        given = request.headers.get(ADMIN_HEADER, "").encode()
        # Read at every use: it need not exist before, and an administrator may change it.
        is_known = hmac.compare_digest(given, admin_secret(self._home).encode())
        if not is_known or (self._is_loopback and client not in _LOOPBACK):
            raise AdminRefusedError(
                f"These routes are for the platform alone: send {ADMIN_HEADER} with the secret of this home."
            )


def written(made: Estimate) -> dict[str, object]:
    return {
        "context_tokens": made.context_tokens,
        "weights_bytes": made.weights_bytes,
        "cache_bytes": made.cache_bytes,
        "compute_bytes": made.compute_bytes,
        "process_bytes": made.process_bytes,
        "total_bytes": made.total_bytes,
    }


def _resident(one: Resident) -> Answer:
    return {
        "id": one.state.id,
        "state": one.state.state,
        "reason": one.state.reason,
        "kind": one.manifest.kind,
        "builtin": one.is_builtin,
        "memory_bytes": one.memory_bytes,
        "estimate": written(one.estimate),
        "keep_alive_s": one.keep_alive_s,
        "idle_s": one.idle_s,
        "outstanding": one.outstanding,
        "base_name": one.base_name,
        "architecture": one.manifest.architecture,
        "quantization": one.manifest.quantization,
        "size_bytes": one.manifest.size_bytes,
        "parameters": one.manifest.parameters,
        "context_tokens": one.manifest.context_tokens,
    }
