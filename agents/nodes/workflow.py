"""workflow: runs another workflow of the workspace as one step of this one."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic import JsonValue as AnyJson

from agents.events import RoundFinished
from agents.nodes.base import Node, NodeContext, NodeResult, references_in
from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import Scope, render
from agents.workflow.graph import Selector


class CallInput(Lenient):
    """What one input of the called workflow is given. Keys are those of a tool's parameters."""

    type: Literal["mixed", "variable", "constant"] = "constant"
    value: AnyJson = None

    @model_validator(mode="before")
    @classmethod
    def _a_bare_value_is_a_constant(cls, data: object) -> object:
        is_described = isinstance(data, dict) and "type" in data and "value" in data
        return data if is_described else {"type": "mixed" if isinstance(data, str) else "constant", "value": data}

    @model_validator(mode="after")
    def _a_variable_is_named(self) -> "CallInput":
        if self.type == "variable" and not (isinstance(self.value, list) and len(self.value) > 1):
            raise ValueError(f"{self.value!r} names no value: choose the output of a node")
        return self

    def selectors(self) -> Iterator[Selector]:
        """Yield what is read for this input."""
        if self.type == "variable" and isinstance(self.value, list):
            yield tuple(str(part) for part in self.value)
        elif self.type == "mixed":
            yield from references_in(self.value)

    def read(self, scope: Scope) -> JsonValue:
        """Return what is given."""
        if self.type == "variable":
            return scope.lookup(next(self.selectors()))
        return render(self.value, scope) if self.type == "mixed" and isinstance(self.value, str) else self.value


class WorkflowConfig(Lenient):
    """Which workflow, in which version (the published one when left out), with which inputs."""

    app_id: str = Field(min_length=1)
    version: int | None = None
    inputs: dict[str, CallInput] = Field(default_factory=dict)


class WorkflowNode(Node[WorkflowConfig]):
    kind: ClassVar[str] = "workflow"
    title: ClassVar[str] = "Workflow"
    description: ClassVar[str] = "Runs another workflow as one step"
    category: ClassVar[str] = "flow"
    icon: ClassVar[str] = "sitemap"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = WorkflowConfig

    def output_types(self, config: BaseModel) -> Mapping[str, str] | None:
        return None

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, WorkflowConfig), "the registry pairs a node with its own configuration"
        for item in config.inputs.values():
            yield from item.selectors()

    def inputs(self, ctx: NodeContext, config: WorkflowConfig) -> JsonObject:
        return {name: item.read(ctx.scope) for name, item in config.inputs.items()}

    async def check(self, ctx: NodeContext, config: WorkflowConfig) -> None:
        """Raise when there is no such workflow."""
        await ctx.ports.workflows.find(config.app_id, config.version)

    async def run(self, ctx: NodeContext, config: WorkflowConfig) -> NodeResult:
        return NodeResult(await call_workflow(ctx, config.app_id, self.inputs(ctx, config), config.version))


async def call_workflow(ctx: NodeContext, app_id: str, inputs: JsonObject, version: int | None = None) -> JsonObject:
    """Run a workflow of the workspace inside the node and return its outputs.

    The version that an earlier attempt found is the one that goes on. Raises `InvalidInput` when there is no such
    workflow, `InnerFailed` for its failure, `DepthLimitReached` when workflows call each other too deep.
    """
    if done := ctx.past.rounds.get(0):
        assert isinstance(done.output, dict), "a call stores its outputs"
        return done.output
    began = time.perf_counter()
    if opened := ctx.past.opened.get(0):
        pinned = opened.values.get("version")
        version = pinned if isinstance(pinned, int) else version
    called = await ctx.ports.workflows.find(app_id, version)
    spec = replace(
        ctx.spec,
        app_id=called.app_id,
        app_version=called.version,
        nodes=called.nodes,
        edges=called.edges,
        environment=called.environment,
        inputs=inputs,
        mode="workflow",
        conversation=(),
        given={},
        only="",
        depth=ctx.spec.depth + 1,
    )
    outputs = await ctx.rounds.call(spec, await ctx.ports.workflows.environment(called))
    elapsed_ms = (time.perf_counter() - began) * 1000
    await ctx.emit_stored(RoundFinished(ctx.node_id, 0, dict(outputs), elapsed_ms=elapsed_ms))
    return outputs
