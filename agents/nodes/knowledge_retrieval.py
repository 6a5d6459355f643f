"""knowledge-retrieval: passages about a question from datasets."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator
from pydantic import JsonValue as AnyJson

from agents.events import Sources
from agents.loop.prompt import Prompt
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.choosing import choose, labels_of
from agents.nodes.config import AskingConfig, Lenient, ModelChoice
from agents.nodes.passages import as_results
from agents.nodes.retrieval import RetrievalChoice
from agents.ports import DatasetInfo, MetadataCondition, SearchChoice
from agents.types import JsonObject, JsonValue, Turn
from agents.workflow.expressions import Scope, as_text, render, selectors_of
from agents.workflow.graph import Selector
from inference.types import Usage


class SingleRetrieval(Lenient):
    """The model that chooses the dataset to look in."""

    model: ModelChoice | None = None


class FilterCondition(Lenient):
    """A comparison with a field of the documents; its value may name values of the graph."""

    name: str = Field(min_length=1)
    comparison_operator: str
    value: AnyJson = None

    def with_values(self, scope: Scope) -> MetadataCondition:
        """Return the comparison with the values of this run."""
        if isinstance(self.value, list):
            items: list[JsonValue] = [render(item, scope) if isinstance(item, str) else item for item in self.value]
            return MetadataCondition(self.name, self.comparison_operator, items)
        value = render(self.value, scope) if isinstance(self.value, str) else self.value
        return MetadataCondition(self.name, self.comparison_operator, value)


class FilterConditions(Lenient):
    """Comparisons, and whether all of them must hold."""

    logical_operator: Literal["and", "or"] | None = "and"
    conditions: tuple[FilterCondition, ...] = ()


class KnowledgeRetrievalConfig(Lenient):
    """What to look for, where and how."""

    query_variable_selector: tuple[str, ...] = ("sys", "query")
    dataset_ids: tuple[str, ...] = ()
    retrieval_mode: Literal["single", "multiple"] = "multiple"
    single_retrieval_config: SingleRetrieval | None = None
    multiple_retrieval_config: RetrievalChoice = Field(default_factory=RetrievalChoice)
    metadata_filtering_mode: Literal["disabled", "automatic", "manual"] = "disabled"
    metadata_filtering_conditions: FilterConditions | None = None
    metadata_model_config: ModelChoice | None = None

    @field_validator(
        "retrieval_mode",
        "metadata_filtering_mode",
        "multiple_retrieval_config",
        "query_variable_selector",
        mode="before",
    )
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        if value:
            return value
        return cls.model_fields[str(getattr(info, "field_name", ""))].get_default(call_default_factory=True)

    @field_validator("metadata_model_config", mode="before")
    @classmethod
    def _an_empty_one_is_none(cls, value: object) -> object:
        is_named = isinstance(value, dict) and (value.get("id") or value.get("name"))
        return value if is_named or isinstance(value, ModelChoice) else None

    @field_validator("single_retrieval_config", mode="before")
    @classmethod
    def _one_without_a_model_is_none(cls, value: object) -> object:
        model = value.get("model") if isinstance(value, dict) else None
        is_named = isinstance(model, dict) and (model.get("id") or model.get("name"))
        return value if is_named or isinstance(value, SingleRetrieval) else None

    @property
    def chooser(self) -> ModelChoice | None:
        """The model that chooses the dataset; None where all are searched."""
        is_single = self.retrieval_mode == "single" and len(self.dataset_ids) > 1
        return self.single_retrieval_config.model if is_single and self.single_retrieval_config else None

    def choice(self, scope: Scope, history: tuple[Turn, ...] = ()) -> SearchChoice:
        """Return the search; the values of conditions are those of this run."""
        choice = replace(self.multiple_retrieval_config.choice(self.dataset_ids), history=history)
        match self.metadata_filtering_mode:
            case "manual" if self.metadata_filtering_conditions is not None:
                given = self.metadata_filtering_conditions
                conditions = tuple(item.with_values(scope) for item in given.conditions)
                return replace(choice, conditions=conditions, logic=given.logical_operator or "and")
            case "automatic":
                model = self.metadata_model_config.id if self.metadata_model_config else ""
                return replace(choice, model_filter=True, model=model)
            case _:
                return choice


class KnowledgeRetrievalNode(Node[KnowledgeRetrievalConfig]):
    kind: ClassVar[str] = "knowledge-retrieval"
    title: ClassVar[str] = "Knowledge retrieval"
    description: ClassVar[str] = "Finds passages about a question in datasets"
    icon: ClassVar[str] = "book"
    outputs: ClassVar[dict[str, str]] = {"result": "array[object]"}
    config_type = KnowledgeRetrievalConfig

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return the question's place, and what the values of conditions name where there are any."""
        assert isinstance(config, KnowledgeRetrievalConfig), "the registry pairs a node with its own configuration"
        yield config.query_variable_selector
        if config.metadata_filtering_mode == "manual" and config.metadata_filtering_conditions is not None:
            for condition in config.metadata_filtering_conditions.conditions:
                values = condition.value if isinstance(condition.value, list) else [condition.value]
                for value in values:
                    yield from selectors_of(value) if isinstance(value, str) else ()

    def _query(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> str:
        return as_text(ctx.scope.lookup(config.query_variable_selector)).strip()

    def inputs(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> JsonObject:
        datasets: list[JsonValue] = list(config.dataset_ids)
        return {"query": self._query(ctx, config), "dataset_ids": datasets}

    async def check(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> None:
        """Raise when the model that chooses the dataset is missing."""
        if config.chooser is not None:
            await ctx.ports.models.chat(config.chooser.id)

    async def run(self, ctx: NodeContext, config: KnowledgeRetrievalConfig) -> NodeResult:
        query = self._query(ctx, config)
        if not query or not config.dataset_ids:
            return NodeResult({"result": []})
        choice, usage = config.choice(ctx.scope, ctx.spec.history), Usage()
        if config.chooser is not None:
            dataset, usage = await _dataset(ctx, config.chooser, query, config.dataset_ids)
            choice = replace(choice, dataset_ids=(dataset.id,) if dataset else config.dataset_ids)
        sources = await ctx.ports.knowledge.search(query, choice)
        await ctx.emit(Sources(ctx.node_id, sources))
        return NodeResult({"result": as_results(sources)}, usage, config.chooser.id if config.chooser else "")


async def _dataset(
    ctx: NodeContext, chosen: ModelChoice, query: str, dataset_ids: tuple[str, ...]
) -> tuple[DatasetInfo | None, Usage]:
    """Return the dataset that the model wants to look in; None where there is nothing to choose."""
    datasets = await ctx.ports.knowledge.datasets(dataset_ids)
    if len(datasets) < 2:  # one is no choice
        return (datasets[0] if datasets else None), Usage()
    model = await ctx.ports.models.chat(chosen.id)
    names = [item.name for item in datasets]
    labels = labels_of(names)
    listed = "\n".join(
        "- " + ": ".join(part for part in dict.fromkeys((label, item.name, item.description)) if part)
        for label, item in zip(labels, datasets, strict=True)
    )
    told = (
        "Choose the collection of documents in which the answer to the question is most likely found. Answer with "
        f'JSON alone: {{"choice": "<its name as listed>"}}.\n\nCollections:\n{listed}'
    )
    prompt = Prompt((), ctx.scope, instructions=told, query=query)
    made = await choose(ctx, AskingConfig(model=chosen), model, prompt, names)
    return datasets[made.index], made.usage
