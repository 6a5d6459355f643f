"""template-transform: makes a text of values with a Jinja2 template."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, Field, field_validator

from agents.errors import TemplateFailed
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject
from agents.workflow.graph import Selector
from agents.workflow.jinja import check_jinja, is_quick, render_jinja


class NamedValue(Lenient):
    """A value of the graph under a name of its own."""

    variable: str = Field(min_length=1)
    value_selector: tuple[str, ...] = Field(min_length=2)


class TemplateTransformConfig(Lenient):
    """The template, and the values that it may name."""

    variables: tuple[NamedValue, ...] = ()
    template: str = ""

    @field_validator("template")
    @classmethod
    def _can_be_rendered(cls, template: str) -> str:
        try:
            check_jinja(template)
        except TemplateFailed as error:
            raise ValueError(str(error)) from error
        return template


class TemplateTransformNode(Node[TemplateTransformConfig]):
    kind: ClassVar[str] = "template-transform"
    title: ClassVar[str] = "Template"
    description: ClassVar[str] = "Makes a text of values with a Jinja2 template"
    category: ClassVar[str] = "transform"
    icon: ClassVar[str] = "template"
    outputs: ClassVar[dict[str, str]] = {"output": "string"}
    config_type = TemplateTransformConfig
    is_pure = True

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what its variables name; `{{` in the template itself is Jinja's."""
        assert isinstance(config, TemplateTransformConfig), "the registry pairs a node with its own configuration"
        return (item.value_selector for item in config.variables)

    def inputs(self, ctx: NodeContext, config: TemplateTransformConfig) -> JsonObject:
        return {item.variable: ctx.scope.lookup(item.value_selector) for item in config.variables}

    async def run(self, ctx: NodeContext, config: TemplateTransformConfig) -> NodeResult:
        values = self.inputs(ctx, config)
        if is_quick(config.template):
            return NodeResult({"output": render_jinja(config.template, values)})
        return NodeResult({"output": await asyncio.to_thread(render_jinja, config.template, values)})
