"""What a run needs from outside: models, knowledge, files and more, each already bound to the run's workspace."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import httpx

from agents.errors import InvalidInput
from agents.types import EdgeSpec, FileRef, JsonObject, JsonValue, NodeSpec, Source, Turn, VariableSpec
from inference.types import Delta, GenerateRequest, ModelInfo


class ChatModel(Protocol):
    """One chat model. Errors it raises carry `code`, `retryable` and `http_status`."""

    info: ModelInfo

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield deltas until one carries `finish_reason`; closing the iterator stops the model."""
        ...

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return how many prompt tokens the request would cost."""
        ...


class Models(Protocol):
    """Finds a model by the id that an application's draft names."""

    async def chat(self, model_id: str) -> ChatModel:
        """Return the model; raises `ModelNotFound`."""
        ...


@dataclass(frozen=True, slots=True)
class MetadataCondition:
    """A comparison with a field of the documents' metadata; operators are Dify's words."""

    field: str
    operator: str
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class SearchChoice:
    """Where passages are looked for, and how. What is None is done as each dataset's own settings say.

    `mode` is semantic, full_text or hybrid; `semantic_weight` (0…1) makes it hybrid and weighs its legs.
    `conditions` bound the documents, and with `model_filter` a model may read them from the question; with `rewrite` it
    makes the question stand alone in the conversation, `history`. `model` is that chat model, the dataset's if empty.
    """

    dataset_ids: tuple[str, ...]
    top_k: int | None = None
    mode: str | None = None
    score_threshold: float | None = None
    semantic_weight: float | None = None
    rerank: bool | None = None
    conditions: tuple[MetadataCondition, ...] = ()
    logic: Literal["and", "or"] = "and"
    model_filter: bool | None = None
    rewrite: bool | None = None
    model: str = ""
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What tells datasets apart."""

    id: str
    name: str
    description: str = ""


class Knowledge(Protocol):
    """Finds passages in datasets of the workspace and lays them out for a prompt."""

    async def search(self, query: str, choice: SearchChoice) -> tuple[Source, ...]:
        """Return passages, best first, with positions from 1. A dataset that is gone yields none.

        Raises `InvalidInput` for a choice that cannot be searched by.
        """
        ...

    async def datasets(self, dataset_ids: Sequence[str]) -> tuple[DatasetInfo, ...]:
        """Return those of the datasets that are there."""
        ...

    def pack(self, sources: Sequence[Source]) -> str:
        """Return the numbered passages as one text for a prompt."""
        ...

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        """Return the positions that `answer` cites as `[n]`."""
        ...


@dataclass(frozen=True, slots=True)
class Annotated:
    """A question to which a person wrote the answer, and how near it is (0…1) to the one that was asked."""

    id: str
    question: str
    answer: str
    score: float
    author_id: str = ""
    author: str = ""


class Annotations(Protocol):
    """Finds what people answered to questions of the application."""

    async def nearest(self, question: str, model: str) -> Annotated | None:
        """Return the nearest by the embedding model `model`; None where nothing is embedded by it."""
        ...

    async def count_hit(self, found: Annotated, question: str) -> None:
        """Keep that `found` answers the run, once however often it is said."""
        ...


class Files(Protocol):
    """Reads files that belong to the run's owner, and keeps what a run makes."""

    async def read(self, ref: FileRef) -> bytes:
        """Return the bytes; raises `FileNotFoundError` for a file of somebody else."""
        ...

    async def find(self, file_id: str) -> FileRef:
        """Return the file that a value of the graph names; raises `FileNotFoundError` for one of somebody else."""
        ...

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        """Keep a file that the run made, for the run's owner."""
        ...


class Documents(Protocol):
    """Reads the text out of a document."""

    async def text(self, name: str, content: bytes) -> str:
        """Return the text of a file of this name; raises an error that says why it cannot be read."""
        ...


class Environment(Protocol):
    """The application's environment variables, secrets in clear."""

    async def values(self) -> Mapping[str, JsonValue]:
        """Return the values by name."""
        ...


class Values(Protocol):
    """Keeps large values of a run once, so that events and checkpoints only refer to them."""

    async def put(self, text: str) -> str:
        """Keep a text and return its id; the same text has the same id."""
        ...

    async def get(self, value_id: str) -> str:
        """Return the text; raises `KeyError`."""
        ...


@dataclass(frozen=True, slots=True)
class CalledWorkflow:
    """A published version of another workflow of the workspace."""

    app_id: str
    name: str
    version: int
    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...]
    environment: tuple[VariableSpec, ...] = ()


class Workflows(Protocol):
    """Finds other workflows of the workspace."""

    async def find(self, app_id: str, version: int | None = None) -> CalledWorkflow:
        """Return that version, the published one for None; raises `InvalidInput`."""
        ...

    async def environment(self, called: CalledWorkflow) -> Mapping[str, JsonValue]:
        """Return the environment variables of the called workflow, secrets in clear."""
        ...


Language = Literal["python3", "javascript"]
Entry = Literal["main", "script"]
"""What of code is run: its function `main` with the arguments, whose value is the result; or all of it, and the result
is the value of its last expression as text, null where it has none."""


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """How much one call of a user's code may use."""

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What a user's code returned; what it printed is data too, cut at the limit."""

    value: JsonValue
    stdout: str = ""
    stderr: str = ""
    elapsed_ms: float = 0.0


class CodeRunner(Protocol):
    """Runs code that a user wrote, where it can harm nobody."""

    @property
    def reason_off(self) -> str:
        """Why no code is run here; empty when it is."""
        ...

    async def run(
        self,
        language: Language,
        code: str,
        arguments: JsonObject,
        *,
        limits: CodeLimits = CodeLimits(),
        entry: Entry = "main",
    ) -> CodeResult:
        """Run `code` from its `entry`; cancelling ends it. Raises `CodeFailed` or `CodeUnavailable`."""
        ...


class Web(Protocol):
    """The one door to the network, with the workspace's rules."""

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        """Return a client to be closed by who asked; it refuses what may not be reached.

        Without `verify`, any certificate will do.
        """
        ...


class Credentials(Protocol):
    """Secrets that the workspace keeps for tools."""

    async def of_tool(self, name: str) -> Mapping[str, str]:
        """Return what was stored for a tool; empty when nothing was."""
        ...


class Absent:
    """Stands for what this run has no access to; whoever needs it is told."""

    reason_off = "code is not run here"

    async def read(self, ref: FileRef) -> bytes:
        """There are no files."""
        raise FileNotFoundError(f"the file {ref.name!r} is not there")

    async def find(self, file_id: str) -> FileRef:
        """There are no files."""
        raise FileNotFoundError(f"there is no file {file_id!r}")

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        """There is no place for files."""
        raise InvalidInput(f"the file {name!r} cannot be kept here")

    async def text(self, name: str, content: bytes) -> str:
        """Nothing reads documents."""
        raise InvalidInput(f"{name!r} cannot be read here: no reader of documents is set up")

    async def values(self) -> Mapping[str, JsonValue]:
        """There are no variables."""
        return {}

    async def put(self, text: str) -> str:
        """There is no store: values stay where they are."""
        return ""

    async def get(self, value_id: str) -> str:
        """There is no store."""
        raise KeyError(value_id)

    async def run(
        self,
        language: Language,
        code: str,
        arguments: JsonObject,
        *,
        limits: CodeLimits = CodeLimits(),
        entry: Entry = "main",
    ) -> CodeResult:
        """No code is run."""
        raise InvalidInput(self.reason_off)

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        """Nothing can be reached."""
        raise InvalidInput("this run has no access to the network")

    async def of_tool(self, name: str) -> Mapping[str, str]:
        """Nothing was stored."""
        return {}


class NoAnnotations:
    """Stands for the annotations of an application that has none."""

    async def nearest(self, question: str, model: str) -> Annotated | None:
        """There are none."""
        return None

    async def count_hit(self, found: Annotated, question: str) -> None:
        """There are none."""


class NoWorkflows:
    """Stands for the workflows of a workspace that has none."""

    async def find(self, app_id: str, version: int | None = None) -> CalledWorkflow:
        """There are no workflows."""
        raise InvalidInput(f"there is no workflow {app_id!r} that could be called")

    async def environment(self, called: CalledWorkflow) -> Mapping[str, JsonValue]:
        """There are no variables."""
        return {}


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of one run."""

    models: Models
    knowledge: Knowledge
    files: Files
    documents: Documents = field(default_factory=Absent)
    environment: Environment = field(default_factory=Absent)
    values: Values = field(default_factory=Absent)
    workflows: Workflows = field(default_factory=NoWorkflows)
    code: CodeRunner = field(default_factory=Absent)
    web: Web = field(default_factory=Absent)
    credentials: Credentials = field(default_factory=Absent)
    annotations: Annotations = field(default_factory=NoAnnotations)
