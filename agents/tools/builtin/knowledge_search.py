"""Search in the application's own datasets; what is found can be cited in the agent's answer."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.ports import SearchChoice
from agents.tools.spec import Tool, ToolContext
from agents.types import JsonObject


class KnowledgeSearchConfig(BaseModel):
    """Where and how to search; the datasets are the application's, never the model's choice."""

    model_config = ConfigDict(extra="allow")

    dataset_ids: list[str] = Field(default_factory=list)
    top_k: int | None = Field(default=None, ge=1, le=100)
    mode: Literal["semantic", "full_text", "hybrid"] | None = None
    score_threshold: float | None = Field(default=None, ge=0, le=1)
    semantic_weight: float | None = Field(default=None, ge=0, le=1)
    rerank: bool | None = None

    def choice(self) -> SearchChoice:
        """Return the search that is made; what is not said here is done as each dataset's own settings say."""
        return SearchChoice(
            tuple(self.dataset_ids),
            top_k=self.top_k,
            mode=self.mode,
            score_threshold=self.score_threshold,
            semantic_weight=self.semantic_weight,
            rerank=self.rerank,
        )


class KnowledgeSearch:
    """The tool."""

    name: ClassVar[str] = "knowledge_search"
    title: ClassVar[str] = "Knowledge search"
    description: ClassVar[str] = (
        "Search the knowledge base for passages about a question; cite them by number, like [1]"
    )
    icon: ClassVar[str] = "book"
    idempotent: ClassVar[bool] = True
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "what to look for"}},
        "required": ["query"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = KnowledgeSearchConfig

    def __init__(self, config: KnowledgeSearchConfig) -> None:
        self._config = config

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls(KnowledgeSearchConfig.model_validate(dict(config)))

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        found = await ctx.knowledge.search(str(arguments["query"]), self._config.choice())
        if not found:
            return "No passage was found."
        return ctx.knowledge.pack(await ctx.cite(found))
