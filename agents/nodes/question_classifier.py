"""question-classifier: a model says which class a text belongs to, and the run goes on from that class."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, Field, field_validator

from agents.loop.prompt import Prompt
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import remembered
from agents.nodes.choosing import choose, labels_of
from agents.nodes.config import AskingConfig, Lenient
from agents.nodes.fallback import fallback_told, model_of
from agents.nodes.images import images_of
from agents.types import JsonObject
from agents.workflow.expressions import as_text, render, selectors_of
from agents.workflow.graph import Selector

TASK = (
    "You sort texts. Choose the category that the text belongs to. Answer with JSON alone: "
    '{"choice": "<the category as listed>"}.'
)


class QuestionClass(Lenient):
    """A class; its id is the way out that the run takes."""

    id: str = Field(min_length=1)
    name: str = ""
    label: str | None = None


class QuestionClassifierConfig(AskingConfig):
    """What is classified, by which model, into what."""

    query_variable_selector: tuple[str, ...] = ("sys", "query")
    classes: tuple[QuestionClass, ...] = Field(min_length=1)
    instruction: str = ""

    @field_validator("instruction", mode="before")
    @classmethod
    def _null_is_empty(cls, value: object) -> object:
        return value or ""

    @field_validator("classes")
    @classmethod
    def _ids_differ(cls, value: tuple[QuestionClass, ...]) -> tuple[QuestionClass, ...]:
        ids = [item.id for item in value]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"the classes share the ids {twice!r}: give each its own")
        return value


class QuestionClassifierNode(Node[QuestionClassifierConfig]):
    kind: ClassVar[str] = "question-classifier"
    title: ClassVar[str] = "Question classifier"
    description: ClassVar[str] = "Lets a model choose the way by what a text is about"
    category: ClassVar[str] = "logic"
    icon: ClassVar[str] = "tags"
    outputs: ClassVar[dict[str, str]] = {
        "class_name": "string",
        "class_id": "string",
        "class_label": "string",
        "usage": "object",
    }
    config_type = QuestionClassifierConfig

    def handles(self, config: BaseModel) -> frozenset[str]:
        assert isinstance(config, QuestionClassifierConfig), "the registry pairs a node with its own configuration"
        return frozenset(item.id for item in config.classes)

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, QuestionClassifierConfig), "the registry pairs a node with its own configuration"
        yield config.query_variable_selector
        yield from config.common_references()
        for text in (config.instruction, *(item.name for item in config.classes)):
            yield from selectors_of(text)

    def inputs(self, ctx: NodeContext, config: QuestionClassifierConfig) -> JsonObject:
        return {"query": as_text(ctx.scope.lookup(config.query_variable_selector)), "model": config.model.id}

    async def check(self, ctx: NodeContext, config: QuestionClassifierConfig) -> None:
        """Raise when the model is missing."""
        await model_of(ctx, config.model)

    async def run(self, ctx: NodeContext, config: QuestionClassifierConfig) -> NodeResult:
        model = await model_of(ctx, config.model)
        text = as_text(ctx.scope.lookup(config.query_variable_selector))
        names = [render(item.name, ctx.scope) or item.label or item.id for item in config.classes]
        memory = await remembered(ctx, config, model)
        prompt = Prompt(
            template=(),
            scope=ctx.scope,
            instructions=_told(names, render(config.instruction, ctx.scope)),
            query=f"Text: {text}\nWhich of the categories is it?",
            images=await images_of(ctx, model.info, config.vision),
            summary=memory.summary,
        )
        made = await choose(ctx, config, model, prompt, names, history=memory.turns)
        chosen, usage = config.classes[made.index], memory.usage + made.usage
        outputs: JsonObject = {
            "class_name": names[made.index],
            "class_id": chosen.id,
            "class_label": chosen.label or names[made.index],
            "usage": usage_json(usage),
        }
        return NodeResult({**outputs, **fallback_told(model)}, usage, model.info.id, handle=chosen.id)


def _told(names: list[str], instruction: str) -> str:
    labels = labels_of(names)
    listed = "\n".join(
        f"- {label}" if label == " ".join(name.split()) else f"- {label}: {name}"
        for label, name in zip(labels, names, strict=True)
    )
    return "\n\n".join(part for part in (TASK, f"Categories:\n{listed}", instruction) if part.strip())
