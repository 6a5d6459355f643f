"""knowledge-retrieval: passages about the question from datasets."""

from typing import ClassVar

from pydantic import Field

from agents.events import Sources
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient, RetrievalChoice
from agents.nodes.passages import as_results
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import as_text


class KnowledgeRetrievalConfig(Lenient):
    """What to look for, and where."""

    query_variable_selector: tuple[str, ...] = ("sys", "query")
    dataset_ids: tuple[str, ...] = ()
    multiple_retrieval_config: RetrievalChoice = Field(default_factory=RetrievalChoice)


class KnowledgeRetrievalNode(Node[KnowledgeRetrievalConfig]):
    kind: ClassVar[str] = "knowledge-retrieval"
    title: ClassVar[str] = "Knowledge retrieval"
    description: ClassVar[str] = "Finds passages about a question in datasets"
    outputs: ClassVar[dict[str, str]] = {"result": "array[object]"}
    config_type = KnowledgeRetrievalConfig

    def _query(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> str:
        return as_text(ctx.scope.lookup(config.query_variable_selector)).strip()

    def inputs(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> JsonObject:
        datasets: list[JsonValue] = list(config.dataset_ids)
        return {"query": self._query(ctx, config), "dataset_ids": datasets}

    async def run(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> NodeResult:
        query = self._query(ctx, config)
        if not query or not config.dataset_ids:
            return NodeResult({"result": []})
        how = config.multiple_retrieval_config
        sources = await ctx.ports.knowledge.search(
            query, config.dataset_ids, top_k=how.top_k, mode=how.mode, score_threshold=how.score_threshold
        )
        await ctx.emit(Sources(ctx.node_id, sources))
        return NodeResult({"result": as_results(sources)})
