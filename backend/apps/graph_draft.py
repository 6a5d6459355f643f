"""The draft of a chatflow or a workflow as it crosses the wire: its graph as saved, features, variables.

Knows no database and no kinds of nodes. What a node keeps in its `data` stays as it came, notes too.
"""

import contextlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator, model_validator

from agents.dsl.saved import SavedGraph, graph_read
from agents.types import VariableSpec
from agents.workflow.variables import ALIASES, VAR_TYPES, empty_of, is_of, var_type
from backend.apps.inputs import NAME, Shape

MAX_NODES, MAX_EDGES, MAX_VARIABLES = 2000, 5000, 200
MAX_GRAPH_BYTES = 5 * 1024 * 1024
HIDDEN_TYPE = "secret"
REPORTED = ("errors", "warnings")
"""What an answer says beside the draft: a client that sends the whole answer back means the draft in it."""


class Part(BaseModel):
    """A part of a graph draft: keys that we do not know belong to another version or to the editor, and stay."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)


class SavedCanvas(Part):
    """Nodes and edges as they were saved, and what of the canvas is shown."""

    nodes: list[dict[str, JsonValue]] = Field(default=[], max_length=MAX_NODES)
    edges: list[dict[str, JsonValue]] = Field(default=[], max_length=MAX_EDGES)
    viewport: dict[str, JsonValue] | None = None


class Features(Part):
    """What surrounds the graph; Dify's further switches stay as they are."""

    opening_statement: str = Field(default="", max_length=10_000)
    suggested_questions: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=20)

    @field_validator("opening_statement", "suggested_questions", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        return "" if info.field_name == "opening_statement" else []


class NamedVariable(Part):
    """What both kinds of variables have."""

    id: str = Field(default="", max_length=100)
    name: str
    description: str = Field(default="", max_length=2000)

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError(f"the name {value!r} must be a letter followed by letters, digits or _, at most 64")
        return value


class EnvironmentVariable(NamedVariable):
    """A constant of the application; of a secret, `value` is only ever sent here."""

    value_type: Literal["string", "number", "secret"] = "string"
    value: str | int | float | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _has_its_type(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        if value is None or info.data.get("value_type") == "number":
            return _number(value)
        if isinstance(value, bool | list | dict):
            raise ValueError(f"this takes text, not {str(value)[:100]!r}")
        return str(value)


class ConversationVariable(NamedVariable):
    """What a conversation remembers; `value` is what each one begins with."""

    value_type: str = "string"
    value: JsonValue = None

    @field_validator("value_type")
    @classmethod
    def _is_a_type(cls, value: str) -> str:
        if value not in VAR_TYPES and value not in ALIASES:
            raise ValueError(f"{value!r} is no type: use {', '.join(sorted(VAR_TYPES))}")
        return value

    @field_validator("value")
    @classmethod
    def _has_its_type(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        kind = var_type(info.data.get("value_type", "any"))
        if value == "":
            return empty_of(kind)
        if kind == "number" and isinstance(value, str):
            return _number(value)
        if not is_of(value, kind):
            raise ValueError(f"this begins with {str(value)[:100]!r}, which is not of type {kind}")
        return value


class GraphDraft(Shape):
    """Everything that a published version of a chatflow or a workflow fixes, but its secrets."""

    graph: SavedCanvas = SavedCanvas()
    features: Features = Features()
    environment_variables: list[EnvironmentVariable] = Field(default=[], max_length=MAX_VARIABLES)
    conversation_variables: list[ConversationVariable] = Field(default=[], max_length=MAX_VARIABLES)

    @model_validator(mode="after")
    def _is_whole(self) -> "GraphDraft":
        for field in ("environment_variables", "conversation_variables"):
            names = [item.name for item in getattr(self, field)]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{field} share the names {twice!r}: give each its own")
        return self

    def to_json(self) -> dict[str, JsonValue]:
        """Return the form that is stored and served: every key is there, and no secret once `secrets_split` ran."""
        return self.model_dump(mode="json")

    def saved(self) -> SavedGraph:
        """Return what runs of the graph; raises `InvalidGraph` for what has not the shape of one."""
        return graph_read({"nodes": list(self.graph.nodes), "edges": list(self.graph.edges)})

    @property
    def opening_statement(self) -> str:
        """The text with which a conversation begins."""
        return self.features.opening_statement

    @property
    def suggested_questions(self) -> list[str]:
        """Questions that a person may begin with."""
        return self.features.suggested_questions

    def environment(self) -> tuple[VariableSpec, ...]:
        """Return the environment variables of a run, without the values of secrets."""
        return tuple(
            VariableSpec(item.name, item.value_type, None if item.value_type == HIDDEN_TYPE else item.value)
            for item in self.environment_variables
        )

    def conversation(self, kept: Mapping[str, JsonValue]) -> tuple[VariableSpec, ...]:
        """Return the conversation variables of a run: what was `kept` where it has the type, else how they begin."""
        return tuple(_as_it_stands(item, kept) for item in self.conversation_variables)


def _as_it_stands(item: ConversationVariable, kept: Mapping[str, JsonValue]) -> VariableSpec:
    kind = var_type(item.value_type)
    value = kept.get(item.name)
    if value is None or not is_of(value, kind):
        value = empty_of(kind) if item.value is None else item.value
    return VariableSpec(item.name, kind, value)


def _number(value: JsonValue) -> int | float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value) if any(mark in value for mark in ".eE") else int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"this takes a number, not {str(value)[:100]!r}")


def without_report(data: Mapping[str, object]) -> dict[str, object]:
    """Return the draft in an answer that a client sends back whole."""
    return {key: value for key, value in data.items() if key not in REPORTED}


def is_too_large(data: Mapping[str, object]) -> bool:
    """Whether the draft has more than `MAX_GRAPH_BYTES` as JSON."""
    return len(json.dumps(data, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_GRAPH_BYTES
