"""The worker of these tests: everything of a run is real but its models."""

from tests.backend.workflows.asking import asking_nodes
from tests.backend.workflows.conftest import _close_redis
from tests.backend.workflows.running import graph_world

__all__ = ["_close_redis", "asking_nodes", "graph_world"]
