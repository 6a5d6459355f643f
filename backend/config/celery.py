"""Celery's settings: queues, delivery and the beat schedule. What a task does is its Django app's business."""

import os

from celery import Celery
from celery.signals import worker_process_init
from django.conf import settings
from django.db import connections

from backend.config.broker import transport_register
from backend.embedded.process import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")


def broker_url(redis_url: str) -> str:
    """Return Celery's form of a redis-py URL: `unix://` sockets are spelled `redis+socket://` there."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://").replace("?db=", "?virtual_host=")
    return redis_url


transport_register()
app = Celery("atelier")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_default_queue="jobs",
    task_create_missing_queues=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Longer than the hard limit of a run; who executes it is decided by its lease, not by Redis.
        "visibility_timeout": settings.RUN_MAX_S + 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
    },
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_max_memory_per_child=600_000,
    beat_schedule={
        "runs-sweep": {
            "task": "runs.sweep",
            "schedule": settings.RUN_SWEEP_S,
            "options": {"queue": "runs", "expires": 20},
        },
        "batches-sweep": {"task": "batches.sweep", "schedule": 10, "options": {"queue": "runs", "expires": 20}},
        "evaluations-sweep": {
            "task": "evaluations.sweep",
            "schedule": 10,
            "options": {"queue": "runs", "expires": 20},
        },
        "local-models-sweep": {
            "task": "local_models.sweep",
            "schedule": 10,
            "options": {"queue": "runs", "expires": 20},
        },
        "quantization-sweep": {
            "task": "quantization.sweep",
            "schedule": 10,
            "options": {"queue": "runs", "expires": 20},
        },
        "analytics-count": {"task": "analytics.count", "schedule": 10, "options": {"queue": "runs", "expires": 20}},
        "alerts-evaluate": {"task": "alerts.evaluate", "schedule": 60, "options": {"queue": "runs", "expires": 50}},
        "limits-tend": {"task": "limits.tend", "schedule": 3600, "options": {"queue": "jobs", "expires": 3000}},
        "annotations-sweep": {
            "task": "annotations.sweep",
            "schedule": 10,
            "options": {"queue": "runs", "expires": 20},
        },
        "logs-sweep": {"task": "logs.sweep", "schedule": 10, "options": {"queue": "runs", "expires": 20}},
        "logs-retain": {"task": "logs.retain", "schedule": 60, "options": {"queue": "runs", "expires": 50}},
        "datasets-sweep": {"task": "datasets.sweep", "schedule": 10, "options": {"queue": "runs", "expires": 20}},
    },
    timezone="UTC",
)
if settings.ENVIRONMENT.otlp_endpoint:
    app.conf.beat_schedule["traces-export"] = {
        "task": "traces.export",
        "schedule": 5,
        "options": {"queue": "runs", "expires": 5},
    }
app.autodiscover_tasks(lambda: [f"backend.{name}" for name in settings.LOCAL_APPS])


@worker_process_init.connect
def connections_forget(**_: object) -> None:
    """A forked child must not use its parent's database sockets, nor outlive it."""
    die_with_parent()
    connections.close_all()
