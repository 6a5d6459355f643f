"""Stand-ins for what a run needs from outside: a scripted model, knowledge from a list, files from a dict."""

import asyncio
import mimetypes
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agents.errors import InvalidInput, ModelNotFound
from agents.events import Body, NodeFinished, NodeStarted, TextDelta, TextReset
from agents.ports import ChatModel, DatasetInfo, Ports, SearchChoice
from agents.types import EdgeSpec, FileRef, JsonObject, JsonValue, NodeSpec, RunSpec, Source
from inference.types import (
    Delta,
    FinishReason,
    GenerateRequest,
    Message,
    ModelInfo,
    ToolCall,
    ToolCallDelta,
    Usage,
)


@dataclass(frozen=True)
class Reply:
    """What a scripted model says to one request; `blocks` makes it wait for ever after its text."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish_reason: FinishReason | None = "stop"
    error: Exception | None = None
    blocks: bool = False
    reasoning: str = ""
    cached_tokens: int = 0


Script = Callable[[GenerateRequest], Reply]


def always(text: str) -> Script:
    return lambda request: Reply(text)


def in_turn(*replies: Reply) -> Script:
    """Return a script that gives each request the next reply."""
    left = list(replies)
    return lambda request: left.pop(0)


def words(text: str) -> list[str]:
    """Cut text into tokens, each a word with the space before it; joined they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


class ScriptedModel:
    """A chat model that says what its script says, a word at a time, and remembers what it was asked."""

    def __init__(self, script: Script, **info: object) -> None:
        defaults = ModelInfo(id="scripted", kind="chat", context_tokens=100_000, supports_tools=True)
        self.info = replace(defaults, **info)  # type: ignore[arg-type]  # names are checked by the constructor
        self.script = script
        self.requests: list[GenerateRequest] = []
        self.generated: list[str] = []
        self.open_streams = 0
        self.closed_early = 0
        self.counted = 0

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        self.open_streams += 1
        finished = False
        try:
            reply = self.script(request)
            said = request.messages[-1].content if request.continue_final_message else ""
            assert reply.text.startswith(said), "a continuation must go on from what was said"
            tokens = words(reply.text[len(said) :])[: request.sampling.max_tokens]
            if reply.reasoning:
                yield Delta(reasoning=reply.reasoning)
            for token in tokens:
                await asyncio.sleep(0)
                self.generated.append(token)
                yield Delta(text=token)
            if reply.blocks:
                await asyncio.Event().wait()
            if reply.error:
                raise reply.error
            for index, call in enumerate(reply.calls):
                yield Delta(tool_calls=(ToolCallDelta(index, call.id, call.name, call.arguments[:3]),))
                yield Delta(tool_calls=(ToolCallDelta(index, arguments=call.arguments[3:]),))
            if reply.finish_reason:
                usage = Usage(self.tokens_of(request), len(tokens), reply.cached_tokens)
                yield Delta(finish_reason=reply.finish_reason, usage=usage)
            finished = True
        finally:
            self.open_streams -= 1
            self.closed_early += not finished

    def tokens_of(self, request: GenerateRequest) -> int:
        """Each message costs its words and 4 for its marks; the answer's own marks count although it is not there."""
        marks = 4 * (len(request.messages) + (not request.continue_final_message))
        return sum(len(words(message.content)) for message in request.messages) + marks

    async def count_tokens(self, request: GenerateRequest) -> int:
        self.counted += 1
        return self.tokens_of(request)

    @property
    def last_messages(self) -> tuple[Message, ...]:
        return self.requests[-1].messages


@dataclass
class FakeModels:
    models: Mapping[str, ChatModel]

    async def chat(self, model_id: str) -> ChatModel:
        if model_id not in self.models:
            raise ModelNotFound(f"there is no model {model_id!r}: choose another one")
        return self.models[model_id]


@dataclass
class FakeKnowledge:
    """Finds the passages of a list, by dataset, in their order."""

    passages: tuple[Source, ...] = ()
    searched: list[tuple[str, SearchChoice]] = field(default_factory=list)
    known: tuple[DatasetInfo, ...] = ()

    async def search(self, query: str, choice: SearchChoice) -> tuple[Source, ...]:
        self.searched.append((query, choice))
        found = [source for source in self.passages if source.dataset_id in choice.dataset_ids][: choice.top_k]
        return tuple(replace(source, position=position) for position, source in enumerate(found, 1))

    async def datasets(self, dataset_ids: Sequence[str]) -> tuple[DatasetInfo, ...]:
        return tuple(item for item in self.known if item.id in dataset_ids)

    def pack(self, sources: Sequence[Source]) -> str:
        return "\n".join(f"[{source.position}] {source.text}" for source in sources)

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        return frozenset(int(number) for number in re.findall(r"\[(\d+)\]", answer))


@dataclass
class FakeFiles:
    """The files of the run's owner by id, which is their name too; nobody else's are there."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    made: dict[str, bytes] = field(default_factory=dict)

    async def read(self, ref: FileRef) -> bytes:
        if ref.id not in self._all:
            raise FileNotFoundError(ref.id)
        return self._all[ref.id]

    async def find(self, file_id: str) -> FileRef:
        if file_id not in self._all:
            raise FileNotFoundError(file_id)
        mime_type = mimetypes.guess_type(file_id)[0] or "application/octet-stream"
        return FileRef(file_id, file_id, mime_type, len(self._all[file_id]))

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        self.made[name] = content
        return FileRef(name, name, mime_type, len(content))

    @property
    def _all(self) -> Mapping[str, bytes]:
        return {**self.contents, **self.made}


class FakeDocuments:
    """Reads files that are plain text."""

    async def text(self, name: str, content: bytes) -> str:
        if not name.endswith((".txt", ".md")):
            raise InvalidInput(f"{name!r} cannot be read: it is no text")
        return content.decode()


def ports_of(*models: ScriptedModel, knowledge: FakeKnowledge | None = None, files: FakeFiles | None = None) -> Ports:
    return Ports(
        FakeModels({model.info.id: model for model in models}),
        knowledge or FakeKnowledge(),
        files or FakeFiles(),
        FakeDocuments(),
    )


def passage(chunk_id: str, text: str, page: int = 1, dataset_id: str = "d1") -> Source:
    return Source(0, dataset_id, "doc", "manual.pdf", chunk_id, page, 0.9, text)


def llm_config(prompt: str = "Be brief.", *, model: str = "scripted", **more: JsonValue) -> dict[str, JsonValue]:
    return {"model": {"id": model}, "prompt_template": [{"role": "system", "text": prompt}], **more}


def node(node_id: str, kind: str, config: JsonObject | None = None) -> NodeSpec:
    return NodeSpec(node_id, kind, config=config or {})


def edges_of(*pairs: str) -> tuple[EdgeSpec, ...]:
    """Read edges as `"a > b"` or `"a.handle > b"`."""
    edges = []
    for pair in pairs:
        source, target = pair.split(" > ")
        name, _, handle = source.partition(".")
        edges.append(EdgeSpec(name, target, handle or "source"))
    return tuple(edges)


def spec_of(nodes: Sequence[NodeSpec], edges: Sequence[str] = (), **more: object) -> RunSpec:
    spec = RunSpec(run_id="run-1", scope="workspace-1", nodes=tuple(nodes), edges=edges_of(*edges), query="Why?")
    return replace(spec, **more)  # type: ignore[arg-type]  # names are checked by the constructor


def shown_of(bodies: Sequence[Body]) -> str:
    """Apply the text events in order, as a client does that knows nothing else."""
    shown: dict[str, str] = {}
    for body in bodies:
        if isinstance(body, TextDelta):
            shown[body.node_id] = shown.get(body.node_id, "") + body.text
        elif isinstance(body, TextReset):
            shown[body.node_id] = body.text
    return "".join(shown.values())


def started(bodies: Sequence[Body]) -> list[str]:
    return [body.node_id for body in bodies if isinstance(body, NodeStarted)]


def finished(bodies: Sequence[Body]) -> list[str]:
    return [body.node_id for body in bodies if isinstance(body, NodeFinished)]


def outputs_of(bodies: Sequence[Body], node_id: str) -> JsonObject:
    return next(body.outputs for body in bodies if isinstance(body, NodeFinished) and body.node_id == node_id)
