"""Sends traces of ended runs to an OTLP endpoint, when the settings name one. No run ever waits for it.

The end of a run puts its id into a list; one task at a time sends what is in it. An endpoint that is away costs that
task its time and, in the end, the oldest traces: the list is bounded.
"""

import json
import logging
import uuid
from urllib.parse import urlsplit

import httpx
from asgiref.sync import async_to_sync
from celery import shared_task
from django.conf import settings
from redis.exceptions import RedisError

from agents.events import ToolCalled
from backend.common.egress import client_for
from backend.common.redis import redis_sync
from backend.config.otlp import CallTimes, request_of, spans_of
from backend.runs.models import Run, RunEvent
from backend.runs.selectors import run_trace

ENDED_KEY = "traces:ended"
LOCK_KEY = "traces:exporting"
KEPT = 5000
AT_ONCE = 50
TIMEOUT_S = 10.0
LOCK_S = 60
logger = logging.getLogger(__name__)


def trace_note(run_id: uuid.UUID) -> None:
    """Note that a run has ended; without an endpoint, or without Redis, nothing is noted."""
    if not settings.ENVIRONMENT.otlp_endpoint:
        return
    try:
        pipe = redis_sync().pipeline()
        pipe.rpush(ENDED_KEY, str(run_id))
        pipe.ltrim(ENDED_KEY, -KEPT, -1)
        pipe.execute()
    except RedisError as error:
        logger.warning("the trace of run %s is not sent: %s", run_id, error)


@shared_task(name="traces.export", ignore_result=True)
def export() -> None:
    """Send what is noted; what could not be sent stays for the next round."""
    if not redis_sync().set(LOCK_KEY, 1, nx=True, ex=LOCK_S):
        return
    try:
        for _ in range(KEPT // AT_ONCE):
            ids = redis_sync().lrange(ENDED_KEY, 0, AT_ONCE - 1)
            if not ids or not _sent(ids):
                return
            # By value: the list may have lost its oldest meanwhile.
            pipe = redis_sync().pipeline()
            for run_id in ids:
                pipe.lrem(ENDED_KEY, 1, run_id)
            pipe.execute()
    finally:
        redis_sync().delete(LOCK_KEY)


def _sent(ids: list[str]) -> bool:
    runs = Run.unscoped.filter(id__in=ids, finished_at__isnull=False).select_related("app").order_by("finished_at")
    with_content = settings.ENVIRONMENT.otlp_content
    traces = [(run, spans_of(run, run_trace(run), _call_times(run), with_content=with_content)) for run in runs]
    if not traces:
        return True
    body = json.dumps(request_of(traces, settings.VERSION), ensure_ascii=False).encode()
    try:
        status = async_to_sync(_post)(body)
    except (httpx.HTTPError, OSError, ValueError) as error:
        logger.warning("%d traces wait: the OTLP endpoint was not reached: %s", len(traces), error)
        return False
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        logger.warning("%d traces wait: the OTLP endpoint answered %d", len(traces), status)
        return False
    if status >= httpx.codes.BAD_REQUEST:
        logger.warning("%d traces are dropped: the OTLP endpoint refused them with %d", len(traces), status)
    return True


def _call_times(run: Run) -> CallTimes:
    calls = RunEvent.objects.filter(run=run, kind=ToolCalled.kind).order_by("-seq").values_list("at", "data")
    return {(data["node_id"], data["step"], data["call_id"]): at.timestamp() for at, data in calls}


async def _post(body: bytes) -> int:
    url = endpoint_url(settings.ENVIRONMENT.otlp_endpoint)
    headers = {"Content-Type": "application/json", **dict(settings.ENVIRONMENT.otlp_headers)}
    async with client_for(url) as client:
        response = await client.post(url, content=body, headers=headers, timeout=TIMEOUT_S)
        return response.status_code


def endpoint_url(endpoint: str) -> str:
    """Return where traces go: an endpoint without a path, or with another one, gets OTLP's own after it."""
    path = urlsplit(endpoint).path
    return endpoint if path.endswith("/v1/traces") else f"{endpoint.rstrip('/')}/v1/traces"
