"""code: a function `main` that the application's author wrote, run in the sandbox; its outputs are what it declares."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import BaseModel, Field, field_validator

from agents.errors import CodeFailed, CodeUnavailable
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.ports import CodeLimits, Language
from agents.types import JsonObject, JsonValue
from agents.workflow.graph import Selector
from agents.workflow.variables import VarType, element_of, is_array, type_of, var_type

MAX_INTEGER = 2**63 - 1
SHOWN_CHARS = 80


class CodeVariable(Lenient):
    """One argument of `main`."""

    variable: str = Field(min_length=1)
    value_selector: tuple[str, ...] = Field(min_length=2)


class CodeOutput(Lenient):
    """The type of one output; `children` are the types of an object's own values."""

    type: str = "any"
    children: "dict[str, CodeOutput] | None" = None


class CodeConfig(Lenient):
    """Code with its arguments and outputs. Keys are Dify's, the limits are ours."""

    code_language: Language = "python3"
    code: str = Field(min_length=1, max_length=1_000_000)
    variables: tuple[CodeVariable, ...] = ()
    outputs: dict[str, CodeOutput] = Field(default_factory=dict)
    timeout_s: float = Field(default=30, gt=0, le=600)
    max_string_chars: int = Field(default=400_000, ge=1)
    max_array_items: int = Field(default=1000, ge=1)

    @field_validator("variables", "outputs", mode="before")
    @classmethod
    def _null_is_none_of_them(cls, value: object, info: object) -> object:
        empty: object = {} if getattr(info, "field_name", "") == "outputs" else ()
        return empty if value is None else value


class CodeNode(Node[CodeConfig]):
    kind: ClassVar[str] = "code"
    title: ClassVar[str] = "Code"
    description: ClassVar[str] = "Run a function in Python or JavaScript, without network, on values of the workflow"
    category: ClassVar[str] = "transform"
    icon: ClassVar[str] = "code"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = CodeConfig

    def output_types(self, config: BaseModel) -> Mapping[str, str] | None:
        """Return what is declared; code that declares nothing may return anything."""
        assert isinstance(config, CodeConfig), "the registry pairs a node with its own configuration"
        return {name: var_type(output.type) for name, output in config.outputs.items()} or None

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return the arguments; what stands in the code is code."""
        assert isinstance(config, CodeConfig), "the registry pairs a node with its own configuration"
        return (item.value_selector for item in config.variables)

    def inputs(self, ctx: NodeContext, config: CodeConfig) -> JsonObject:
        return {item.variable: ctx.scope.lookup(item.value_selector) for item in config.variables}

    async def check(self, ctx: NodeContext, config: CodeConfig) -> None:
        # The first question tests the sandbox, which takes a moment.
        reason = await asyncio.to_thread(lambda: ctx.ports.code.reason_off)
        if reason:
            raise CodeUnavailable(f"no code is run here: {reason}")

    async def run(self, ctx: NodeContext, config: CodeConfig) -> NodeResult:
        limits = CodeLimits(wall_s=config.timeout_s)
        done = await ctx.ports.code.run(config.code_language, config.code, self.inputs(ctx, config), limits=limits)
        return NodeResult(checked(done.value, config))


def checked(value: JsonValue, config: CodeConfig) -> dict[str, JsonValue]:
    """Return the outputs that `main` returned; raises `CodeFailed` when they are not what is declared."""
    if not isinstance(value, dict):
        wanted = ", ".join(repr(name) for name in config.outputs) or "any names"
        raise CodeFailed(f"main returned {_shown(value)}; it must return its outputs by name: {wanted}")
    if not config.outputs:
        return {name: _any(name, item, config) for name, item in value.items()}
    return _object("", value, config.outputs, config)


def _object(
    path: str, value: dict[str, JsonValue], declared: Mapping[str, CodeOutput], config: CodeConfig
) -> dict[str, JsonValue]:
    before = f"{path}." if path else ""
    for name in declared:
        if name not in value:
            raise CodeFailed(f"the output {before + name!r} is missing: main returned {', '.join(value) or 'nothing'}")
    for name in value:
        if name not in declared:
            raise CodeFailed(f"the output {before + name!r} is not declared: declare it, or leave it out")
    return {name: _output(before + name, value[name], output, config) for name, output in declared.items()}


def _output(path: str, value: JsonValue, output: CodeOutput, config: CodeConfig) -> JsonValue:
    kind = var_type(output.type)
    if value is None:
        return None
    if kind == "object" and isinstance(value, dict) and output.children:
        return dict(_object(path, value, output.children, config))
    if is_array(kind) and isinstance(value, list):
        _require_few(path, value, config)
        inner = CodeOutput(type=element_of(kind), children=output.children)
        return [_output(f"{path}[{index}]", item, inner, config) for index, item in enumerate(value)]
    return _any(path, _scalar(path, value, kind), config)


def _scalar(path: str, value: JsonValue, kind: VarType) -> JsonValue:
    if kind == "number" and isinstance(value, bool):
        return int(value)
    found = type_of(value)
    if kind not in ("any", found) and not (kind == "object" and isinstance(value, dict)):
        raise CodeFailed(f"the output {path!r} is declared as {kind}, and main returned {_shown(value)}")
    return value


def _any(path: str, value: JsonValue, config: CodeConfig) -> JsonValue:
    """Hold a value of any type to the limits."""
    match value:
        case str() if len(value) > config.max_string_chars:
            raise CodeFailed(
                f"the output {path!r} has {len(value)} characters; at most {config.max_string_chars} are taken"
            )
        case int() if abs(value) > MAX_INTEGER:
            raise CodeFailed(f"the output {path!r} is a number of more than 64 bits: return it as text")
        case list():
            _require_few(path, value, config)
            for index, item in enumerate(value):
                _any(f"{path}[{index}]", item, config)
        case dict():
            for name, item in value.items():
                _any(f"{path}.{name}", item, config)
    return value


def _require_few(path: str, value: list[JsonValue], config: CodeConfig) -> None:
    if len(value) > config.max_array_items:
        raise CodeFailed(f"the output {path!r} has {len(value)} items; at most {config.max_array_items} are taken")


def _shown(value: JsonValue) -> str:
    """Return a value with its type for a message."""
    names = {type(None): "nothing", bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    name = names.get(type(value), "a number")
    return name if value is None else f"{name}: {value!r:.{SHOWN_CHARS}}"
