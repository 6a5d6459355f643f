"""Celery's shells around looking at alerts and sending their messages."""

from celery import shared_task
from django.utils import timezone

from backend.alerts.delivering import events_deliver
from backend.alerts.evaluating import alerts_evaluate


@shared_task(name="alerts.evaluate", ignore_result=True)
def evaluate() -> None:
    """Look at every alert, and send what is due."""
    alerts_evaluate()
    events_deliver(timezone.now())
