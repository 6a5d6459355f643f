"""Joins libraries and Django apps; the only module that knows both sides."""

import gc
import sys
import uuid

from backend.alerts.ports import METRIC_UNITS, METRIC_VALUE
from backend.analytics.selectors import METRICS, metric_value, runs_used
from backend.analytics.services import changes_settle
from backend.analytics.services import end_user_forget as numbers_forget
from backend.annotations.ports import APPS
from backend.apps.annotated import annotated_app
from backend.apps.model_users import model_users
from backend.apps.ports import PUBLISH_GATE
from backend.apps.selectors import app_exists, dataset_users
from backend.batches.advancing import run_ended as batch_run_ended
from backend.common.egress import EGRESS_RULES
from backend.config import celery, heartbeat, otlp_export, task_metrics
from backend.config.run_ports import ports_of
from backend.datasets.ports import DATASET_USERS, EMBEDDERS, RERANKERS, WRITERS
from backend.evaluations.advancing import run_ended as experiment_run_ended
from backend.evaluations.gate import gate_ask
from backend.evaluations.ports import JUDGES
from backend.evaluations.selectors import judges_used
from backend.limits.counting import run_admit, run_count, run_spend
from backend.limits.ports import APP_OWNED, RUNS_USED, USED_BESIDE
from backend.local_models.ports import MODEL_USERS
from backend.logs.policies import redactor_of
from backend.logs.ports import FORGET_END_USER, NUMBERS_SETTLE
from backend.logs.services import conversation_variables_keep
from backend.providers.access import embedder
from backend.providers.reranking import reranker
from backend.providers.selectors import cost_of
from backend.providers.writing import asker, writer
from backend.runs.ports import (
    COST_OF,
    KEEP_VARIABLES,
    REDACTOR_OF,
    RUN_ADMIT,
    RUN_COUNT,
    RUN_ENDED,
    RUN_PORTS,
    RUN_SPEND,
)
from backend.service_api.services import end_user_forget
from backend.tools.ports import TOOL_PORTS
from backend.tools.selectors import egress_rules

__all__ = ["celery", "heartbeat", "otlp_export", "task_metrics", "wire"]


# A thread that waits for another's result gets the interpreter after this long: ours hand over several times a request.
SWITCH_INTERVAL_S = 0.0005


def _ended(run_id: uuid.UUID, source: str) -> None:
    otlp_export.trace_note(run_id)
    for hear in (batch_run_ended, experiment_run_ended):
        hear(run_id, source)


def _forget(workspace_id: uuid.UUID, end_user: str, app_id: uuid.UUID | None) -> int:
    return sum(forget(workspace_id, end_user, app_id) for forget in (end_user_forget, numbers_forget))


def wire() -> None:
    """Give the apps what they need from each other and from the libraries."""
    RUN_PORTS.fill(ports_of)
    COST_OF.fill(cost_of)
    KEEP_VARIABLES.fill(conversation_variables_keep)
    RUN_ENDED.fill(_ended)
    RUN_ADMIT.fill(run_admit)
    RUN_COUNT.fill(run_count)
    RUN_SPEND.fill(run_spend)
    APP_OWNED.fill(app_exists)
    RUNS_USED.fill(runs_used)
    USED_BESIDE.fill(judges_used)
    METRIC_VALUE.fill(metric_value)
    METRIC_UNITS.fill(METRICS)
    REDACTOR_OF.fill(redactor_of)
    FORGET_END_USER.fill(_forget)
    NUMBERS_SETTLE.fill(changes_settle)
    PUBLISH_GATE.fill(gate_ask)
    EMBEDDERS.fill(embedder)
    WRITERS.fill(writer)
    JUDGES.fill(asker)
    RERANKERS.fill(reranker)
    DATASET_USERS.fill(dataset_users)
    MODEL_USERS.fill(model_users)
    APPS.fill(annotated_app)
    EGRESS_RULES.fill(egress_rules)
    TOOL_PORTS.fill(ports_of)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # What is imported stays: the collector need not look at it at every full round.
    gc.freeze()
