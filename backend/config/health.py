"""Is everything there? Database and its migrations, Redis, workers, models and room on the disk, asked at once."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

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
DISK_LEAST_BYTES = 256 * 1024**2


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


@lru_cache(maxsize=1)
def _migrations_shipped() -> frozenset[tuple[str, str]]:
    root = Path(__file__).resolve().parents[2] / "migrations"
    return frozenset((path.parent.name, path.stem) for path in root.glob("*/[0-9]*.py"))


def _ask_migrations() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        missing = _migrations_shipped() - set(cursor.fetchall())
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are not applied: `./atelier down`, then `./atelier up`")
    return "all are applied"


async def _migrations() -> str:
    return await in_database(_ask_migrations)


async def _disk() -> str:
    free_bytes = shutil.disk_usage(settings.ENVIRONMENT.home).free
    said = f"{free_bytes // 1024**2} MiB are free in the home folder"
    if free_bytes < DISK_LEAST_BYTES:
        raise RuntimeError(f"only {said}: make room, or PostgreSQL stops writing")
    return said


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
    "migrations": _migrations,
    "redis": _redis,
    "worker-runs": _worker("runs"),
    "worker-jobs": _worker("jobs"),
    "inference": _inference,
    "disk": _disk,
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
