"""What the processes count for Prometheus; together, in files, where the installation names a folder.

The client library decides when it is imported whether it counts in shared files, so the settings name the folder first.
Labels are closed sets: routes are patterns, never paths.
"""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LONG_SECONDS = (0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200)

REQUESTS = Counter("atelier_http_requests", "Requests by route and status", ("method", "route", "status"))
REQUEST_SECONDS = Histogram(
    "atelier_http_request_seconds", "Time to the head of an answer, by route", ("method", "route"), buckets=SECONDS
)
RUNS_BEGUN = Counter("atelier_runs_begun", "Runs that were stored, by door", ("source",))
RUNS_ENDED = Counter("atelier_runs_ended", "Runs that ended, by door and end", ("source", "status"))
RUN_SECONDS = Histogram("atelier_run_seconds", "Time from a run's beginning to its end", buckets=LONG_SECONDS)
RUN_TOKENS = Counter("atelier_run_tokens", "Tokens that ended runs have used", ("kind",))
TASKS = Counter("atelier_tasks", "Celery tasks by name and end", ("task", "state"))
TASK_SECONDS = Histogram("atelier_task_seconds", "Time of Celery tasks", ("task",), buckets=LONG_SECONDS)


def counted(folder: str) -> CollectorRegistry:
    """Return what all processes that share `folder` have counted, or this one alone without a folder."""
    if not folder:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)
    return registry
