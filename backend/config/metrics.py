"""GET /metrics: what all processes counted, and what PostgreSQL and Redis say at the moment, for Prometheus."""

import hmac
import ipaddress
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from backend.accounts.authentication import bearer_token
from backend.common.database import in_database
from backend.common.errors import ApiError, Forbidden, Unauthenticated
from backend.common.http import api_error_response
from backend.common.metrics import counted
from backend.common.redis import redis_sync
from backend.config.health import HEARTBEAT_KEY
from backend.runs.models import OPEN_STATUSES, Run

QUEUES = ("runs", "jobs")
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class StateCollector(Collector):
    """Asks PostgreSQL and Redis when Prometheus asks us; who does not answer is down, and the rest still comes."""

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges of this moment."""
        up = GaugeMetricFamily("atelier_up", "1 when the part answers", labels=("part",))
        for part, ask in (("database", _of_database), ("redis", _of_redis)):
            try:
                found = list(ask())
            except (DatabaseError, RedisError, OSError):
                found = []
            up.add_metric((part,), float(bool(found)))
            yield from found
        yield up


def _of_database() -> Iterator[Metric]:
    open_runs = GaugeMetricFamily("atelier_runs_open", "Runs that have not ended, by state", labels=("status",))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT status, count(*) FROM {Run._meta.db_table} WHERE status = ANY(%s) GROUP BY status",  # noqa: S608 -- the table's name is ours
            [list(OPEN_STATUSES)],
        )
        found = dict(cursor.fetchall())
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (connections,) = cursor.fetchone()
    for status in OPEN_STATUSES:
        open_runs.add_metric((status.value,), found.get(status.value, 0))
    yield open_runs
    yield GaugeMetricFamily("atelier_db_connections", "Connections to the database, of all processes", connections)
    pool = getattr(connection, "pool", None)
    if pool is not None:
        of_pool = GaugeMetricFamily("atelier_db_pool", "The web process's pool of connections", labels=("state",))
        stats = pool.get_stats()
        for state in ("pool_size", "pool_available", "pool_max", "requests_waiting"):
            of_pool.add_metric((state,), stats.get(state, 0))
        yield of_pool


def _of_redis() -> Iterator[Metric]:
    waiting = GaugeMetricFamily("atelier_queue_length", "Messages that wait in a queue", labels=("queue",))
    beats = GaugeMetricFamily("atelier_worker_up", "1 when the queue's worker beats", labels=("worker",))
    for queue in QUEUES:
        waiting.add_metric((queue,), redis_sync().llen(queue))
        beats.add_metric((queue,), redis_sync().exists(HEARTBEAT_KEY.format(queue)))
    yield waiting
    yield beats


def _text() -> bytes:
    state = CollectorRegistry()
    state.register(StateCollector())
    return generate_latest(counted(settings.ENVIRONMENT.metrics_dir)) + generate_latest(state)


def _admit(request: HttpRequest) -> None:
    """With a token in the settings, whoever sends it; else this machine alone, and nobody through a proxy."""
    wanted = settings.ENVIRONMENT.metrics_token
    if wanted:
        if not hmac.compare_digest((bearer_token(request) or "").encode(), wanted.encode()):
            raise Unauthenticated("send the token of ATELIER_METRICS_TOKEN as `Authorization: Bearer …`")
        return
    try:
        is_here = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        is_here = False
    if not is_here or any(name in request.headers for name in FORWARDED):
        raise Forbidden("only this machine may read /metrics: set ATELIER_METRICS_TOKEN for others")


async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus's text format."""
    try:
        _admit(request)
    except ApiError as error:
        return api_error_response(error)
    return HttpResponse(await in_database(_text), content_type=CONTENT_TYPE_LATEST)
