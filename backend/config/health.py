"""Is everything there? Database, Redis, both workers and both embedded models, asked at once and briefly."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import httpx
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

from backend.accounts.authentication import console_caller
from backend.common.database import in_database
from backend.common.egress import client_for
from backend.common.redis import redis_async

CHECK_TIMEOUT_S = 3.0
HEARTBEAT_KEY = "worker-heartbeat:{}"
HEARTBEAT_TTL_S = 15


@dataclass(frozen=True, slots=True)
class Check:
    """What one part answered."""

    name: str
    ok: bool
    detail: str
    elapsed_ms: float


def _ask_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the extension vector is missing")
    return f"pgvector {row[0]}"


async def _database() -> str:
    return await in_database(_ask_database)


async def _redis() -> str:
    await redis_async().ping()
    return "answers"


def _worker(name: str) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        if not await redis_async().exists(HEARTBEAT_KEY.format(name)):
            raise RuntimeError(f"no heartbeat in the last {HEARTBEAT_TTL_S} s")
        return "beats"

    return ask


async def _inference() -> str:
    async with client_for(settings.ENVIRONMENT.inference_url) as client:
        response = await client.get(f"{settings.ENVIRONMENT.inference_url}/health")
    if response.status_code != httpx.codes.OK:
        raise RuntimeError(f"answers {response.status_code}: the models are loading, or one failed (see its log)")
    return "both models are loaded"


CHECKS: dict[str, Callable[[], Awaitable[str]]] = {
    "database": _database,
    "redis": _redis,
    "worker-runs": _worker("runs"),
    "worker-jobs": _worker("jobs"),
    "inference": _inference,
}


async def _check(name: str, ask: Callable[[], Awaitable[str]]) -> Check:
    start = time.monotonic()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            detail, ok = await ask(), True
    except Exception as error:  # noqa: BLE001 -- whatever broke, the answer is that this part is not well
        detail, ok = str(error) or type(error).__name__, False
    return Check(name, ok, detail, round((time.monotonic() - start) * 1000, 1))


async def health(request: HttpRequest) -> JsonResponse:
    """GET /api/v1/health: 200 when all is well, else 503; who signed in also sees which part is not."""
    checks = await asyncio.gather(*(_check(name, ask) for name, ask in CHECKS.items()))
    ok = all(check.ok for check in checks)
    body: dict[str, object] = {"status": "ok" if ok else "unavailable", "version": settings.VERSION}
    try:
        caller = await in_database(console_caller, request)
    except Exception:  # noqa: BLE001 -- without a database nobody is known, and the answer must still come
        caller = None
    if caller:
        body["processes"] = [asdict(check) for check in checks]
    return JsonResponse(body, status=200 if ok else 503)
