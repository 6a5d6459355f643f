"""The frozen description of a run: which graph, with which inputs, after which conversation."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node of a graph as it was saved; `config` is validated by the class of its `kind`.

    `parent` is the container (an iteration or a loop) whose rounds it belongs to.
    """

    id: str
    kind: str
    title: str = ""
    config: JsonObject = field(default_factory=dict)
    parent: str = ""


@dataclass(frozen=True, slots=True)
class EdgeSpec:
    """An edge from one node's `handle` ("source" unless the node branches) to another node."""

    source: str
    target: str
    handle: str = "source"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that belongs to the run's owner; its bytes come through the `Files` port."""

    id: str
    name: str
    mime_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class VariableSpec:
    """A variable of the application: of its environment, or of the conversation.

    `type` is a `VarType` or, in the environment, "secret"; a secret's `value` stays empty here: it comes through the
    `Environment` port. A conversation variable's `value` is the one with which the run begins.
    """

    name: str
    type: str
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class Given:
    """What stands for a node that is not run: what it gave in an earlier run ("cached"), or what a person made up."""

    outputs: JsonObject
    handle: str = "source"
    why: Literal["cached", "mocked"] = "cached"


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that a run needs, fixed when it is created. Holds no secrets: models and datasets go by id.

    `scope` is the workspace and bounds every lookup. `instructions` are the caller's own leading
    messages (OpenAI's dialect); `history` is the conversation so far, oldest first. `given` holds the nodes that are
    not run (debugging); with `only`, nothing but that node runs. `depth` counts the workflows that called this one.
    `mode` is the application's; `asked_at` is Unix time in seconds. `user` is a member of the workspace where
    `is_member`, else an end user of the application. With `annotation_model`, an annotation whose question is at least
    `annotation_threshold` (0…1) near to `query` by this embedding model answers in the graph's place.
    """

    run_id: str
    scope: str
    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...]
    inputs: JsonObject = field(default_factory=dict)
    query: str = ""
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    files: tuple[FileRef, ...] = ()
    app_id: str = ""
    conversation_id: str = ""
    user: str = ""
    priority: Literal["interactive", "workflow", "batch"] = "interactive"
    mode: str = ""
    asked_at: float = 0.0
    app_version: int | None = None
    environment: tuple[VariableSpec, ...] = ()
    conversation: tuple[VariableSpec, ...] = ()
    given: Mapping[str, Given] = field(default_factory=dict)
    only: str = ""
    depth: int = 0
    is_member: bool = False
    annotation_model: str = ""
    annotation_threshold: float = 1.0

    def to_json(self) -> dict[str, JsonValue]:
        """Return the closed JSON form that `from_json` reads."""
        return cast(dict[str, JsonValue], asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "RunSpec":
        """Read what `to_json` wrote; raises `TypeError` for a key that is not of the form."""
        values = dict(data)
        for key, kind in _PARTS.items():
            items = cast(list[dict[str, object]], values.get(key, []))
            values[key] = tuple(kind(**item) for item in items)
        given = cast(dict[str, dict[str, Any]], values.get("given", {}))
        values["given"] = {node_id: Given(**item) for node_id, item in given.items()}
        return cls(**values)  # type: ignore[arg-type]  # as above


_PARTS: Mapping[str, Callable[..., object]] = {
    "nodes": NodeSpec,
    "edges": EdgeSpec,
    "history": Turn,
    "files": FileRef,
    "environment": VariableSpec,
    "conversation": VariableSpec,
}


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer may cite as `[position]`; `score` in 0…1."""

    position: int
    dataset_id: str
    document_id: str
    document_name: str
    chunk_id: str
    page: int | None
    score: float
    text: str
    cited: bool = False
    dataset_name: str = ""
