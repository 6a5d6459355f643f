"""The frozen description of a run: which graph, with which inputs, after which conversation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, cast

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node of a graph as it was saved; `config` is validated by the class of its `kind`."""

    id: str
    kind: str
    title: str = ""
    config: JsonObject = field(default_factory=dict)


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
class RunSpec:
    """Everything that a run needs, fixed when it is created. Holds no secrets: models and datasets go by id.

    `scope` is the workspace and bounds every lookup. `instructions` are the caller's own leading
    messages (OpenAI's dialect); `history` is the conversation so far, oldest first.
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

    def to_json(self) -> dict[str, JsonValue]:
        """Return the closed JSON form that `from_json` reads."""
        return cast(dict[str, JsonValue], asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "RunSpec":
        """Read what `to_json` wrote; raises `TypeError` for a key that is not of the form."""
        values = dict(data)
        for key, kind in (("nodes", NodeSpec), ("edges", EdgeSpec), ("history", Turn), ("files", FileRef)):
            items = cast(list[dict[str, object]], values.get(key, []))
            values[key] = tuple(kind(**item) for item in items)  # type: ignore[arg-type]  # checked by the constructor's names
        return cls(**values)  # type: ignore[arg-type]  # as above


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
