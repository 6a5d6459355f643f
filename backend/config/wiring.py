"""Joins libraries and Django apps; the only module that knows both sides."""

import gc
import sys

from backend.apps.selectors import dataset_users
from backend.config import celery, heartbeat
from backend.config.run_ports import ports_of
from backend.datasets.ports import DATASET_USERS, EMBEDDERS
from backend.providers.access import embedder
from backend.providers.selectors import cost_of
from backend.runs.ports import COST_OF, RUN_PORTS

__all__ = ["celery", "heartbeat", "wire"]


# A thread that waits for another's result gets the interpreter after this long: ours hand over several times a request.
SWITCH_INTERVAL_S = 0.0005


def wire() -> None:
    """Give the apps what they need from each other and from the libraries."""
    RUN_PORTS.fill(ports_of)
    COST_OF.fill(cost_of)
    EMBEDDERS.fill(embedder)
    DATASET_USERS.fill(dataset_users)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # What is imported stays: the collector need not look at it at every full round.
    gc.freeze()
