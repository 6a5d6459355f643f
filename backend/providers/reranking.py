"""Rerank models as knowledge uses them: scores of texts for a query, all in 0…1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from backend.providers.access import endpoint_of
from backend.providers.adapters import Endpoint, engine_for
from backend.providers.selectors import rerank_model
from inference.types import RerankRequest
from rag.ports import Reranker


@dataclass(frozen=True, slots=True)
class WorkspaceReranker:
    """A rerank model for one workspace; it may be used in any loop."""

    model: str
    endpoint: Endpoint
    name: str
    workspace_id: str

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return one score in 0…1 per text, in order."""
        engine = await engine_for(self.endpoint)
        ranking = await engine.rerank(RerankRequest(self.name, query, tuple(texts), tenant=self.workspace_id))
        return in_unit(ranking.scores)


def in_unit(scores: Sequence[float]) -> list[float]:
    """Return scores in 0…1: some servers answer with logits, whose order the logistic function keeps."""
    if all(0.0 <= score <= 1.0 for score in scores):
        return list(scores)
    return [1.0 / (1.0 + math.exp(-max(min(score, 500.0), -500.0))) for score in scores]


def reranker(workspace_id: str) -> Reranker | None:
    """Return the workspace's reranker, None where no provider has a rerank model. Reads the database."""
    record = rerank_model(workspace_id)
    if record is None:
        return None
    return WorkspaceReranker(record.id, endpoint_of(workspace_id, record), record.name, workspace_id)
