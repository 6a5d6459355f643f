"""A worker's sign of life: a key in Redis that expires unless its process renews it."""

import logging
import threading

from celery.signals import worker_ready, worker_shutting_down
from redis.exceptions import RedisError

from backend.common.redis import redis_sync
from backend.config.health import HEARTBEAT_KEY, HEARTBEAT_TTL_S

INTERVAL_S = 4.0
_STOP = threading.Event()
logger = logging.getLogger(__name__)


def _beat(queue: str) -> None:
    while not _STOP.is_set():
        try:
            redis_sync().set(HEARTBEAT_KEY.format(queue), "1", ex=HEARTBEAT_TTL_S)
        except (RedisError, OSError) as error:
            logger.warning("no heartbeat: %s", error)
        _STOP.wait(INTERVAL_S)


@worker_ready.connect
def heartbeat_start(sender: object, **_: object) -> None:
    """Beat for the queue that the worker's name starts with."""
    queue = str(getattr(sender, "hostname", "")).partition("@")[0]
    threading.Thread(target=_beat, args=(queue,), name="heartbeat", daemon=True).start()


@worker_shutting_down.connect
def heartbeat_stop(**_: object) -> None:
    """Stop beating at once, so that health tells the truth."""
    _STOP.set()
