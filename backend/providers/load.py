"""How busy the platform's own models are, as the inference server says; asked at most once a second."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from django.conf import settings

from backend.common.egress import client_for

TTL_S = 1.0
TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class ModelLoad:
    """One model of the inference server; `active` sequences are computed, `queued` ones wait."""

    model: str
    state: str
    reason: str
    active: int
    queued: int
    kv_used_tokens: int
    kv_total_tokens: int


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """All of them; `is_reached` is False when the inference server does not answer."""

    is_reached: bool
    models: tuple[ModelLoad, ...] = ()


_LAST: list[tuple[float, ServerLoad]] = [(-math.inf, ServerLoad(is_reached=False))]


def models_load() -> ServerLoad:
    """Return what the inference server said last; never raises for what it does."""
    asked_at, known = _LAST[0]
    if time.monotonic() - asked_at > TTL_S:
        known = asyncio.run(_asked())
        _LAST[0] = (time.monotonic(), known)
    return known


async def _asked() -> ServerLoad:
    environment = settings.ENVIRONMENT
    headers = {"Authorization": f"Bearer {environment.inference_key}"} if environment.inference_key else {}
    try:
        async with client_for(environment.inference_url) as client:
            answer = await client.get(f"{environment.inference_url}/health", headers=headers, timeout=TIMEOUT_S)
        models = answer.json()["models"]
        return ServerLoad(is_reached=True, models=tuple(_load(name, said) for name, said in models.items()))
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return ServerLoad(is_reached=False)


def _load(name: str, said: Mapping[str, object]) -> ModelLoad:
    def number(key: str) -> int:
        value = said.get(key)
        return value if isinstance(value, int) else 0

    return ModelLoad(
        model=name,
        state=str(said["state"]),
        reason=str(said.get("reason") or ""),
        active=number("active"),
        queued=number("queued"),
        kv_used_tokens=number("kv_used"),
        kv_total_tokens=number("kv_total"),
    )
