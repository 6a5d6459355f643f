"""Plans a run of an app, whoever asks: everything that can be checked without a model is, and nothing is stored."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.errors import InvalidGraph
from agents.types import FileRef, JsonValue, RunSpec, Turn
from backend.accounts.models import ApiKey, User
from backend.annotations.selectors import reply_of
from backend.apps.debugging import Debug
from backend.apps.drafts import CONVERSATION_MODES, GRAPH_MODES, AppDraft, graph_refused
from backend.apps.file_inputs import GivenFile, GivenFiles, files_given, images_of, inputs_with_files
from backend.apps.graph import graph_of, main_model
from backend.apps.graph_check import graph_check
from backend.apps.graph_draft import GraphDraft
from backend.apps.graph_inputs import graph_inputs
from backend.apps.inputs import MAX_FILES, inputs_parse
from backend.apps.models import App, AppMode
from backend.common.errors import Invalid, NotFound, NotYet
from backend.files.models import StoredFile
from backend.files.selectors import file_get
from backend.logs.models import Conversation
from backend.logs.selectors import conversation_get, conversation_history, conversations_of_app
from backend.runs.models import RunSource
from backend.runs.ports import RUN_ADMIT, Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsk:
    """Who asks what of an app. `draft` is what runs: the app's own draft, or that of the `version`.

    A run belongs to `user` (console) or to `end_user` (service API). With `history`, the caller keeps the
    conversation and the run stands alone; else `conversation_id` names one, or a new one begins. `debug` says how a run
    of the draft differs from an ordinary one. With `asks_model`, annotations do not answer: the model is what is asked.
    """

    app: App
    draft: AppDraft
    source: RunSource
    version: int | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    query: str = ""
    conversation_id: str = ""
    file_ids: tuple[str, ...] = ()
    user: User | None = None
    key: ApiKey | None = None
    end_user: str = ""
    instructions: str = ""
    history: tuple[Turn, ...] | None = None
    names_conversation: bool = True
    debug: Debug | None = None
    asks_model: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the whole graph runs, and not one node of it."""
        return self.debug is None or not self.debug.only

    @property
    def mode(self) -> AppMode:
        """What the app is."""
        return AppMode(self.app.mode)

    def file(self, file_id: str) -> StoredFile:
        """Return a file of whoever asks; raises `NotFound` for any other."""
        owner = {"user": self.user} if self.user is not None else {"app_id": self.app.id, "end_user": self.end_user}
        return file_get(workspace_id=self.app.workspace_id, file_id=file_id, **owner)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that could be made. `conversation` is None where `spec` names a new one; `model` is for lists."""

    spec: RunSpec
    conversation: Conversation | None
    model: str


def run_plan(ask: RunAsk) -> Plan:
    """Return the plan; raises `ApiError` for inputs, question, conversation, files or a graph that are not right.

    Whatever is wrong with them, `TooManyRequests` comes first where a limit is used up.
    """
    RUN_ADMIT.get()(_charge(ask))
    mode = ask.mode
    conversation = _conversation(ask)
    if ask.version is None and ask.is_whole and isinstance(ask.draft, GraphDraft):
        graph_check(ask.app.workspace_id, ask.draft)  # what is published was checked then
    given = _given_inputs(ask, conversation)
    inputs, files = _prompt_inputs(ask, given)
    try:
        graph = graph_of(mode, ask.draft, conversation.variables if conversation else {}, files)
    except InvalidGraph as error:
        raise graph_refused(error) from error
    if isinstance(ask.draft, GraphDraft):
        inputs = graph_inputs(graph.nodes, given)
    conversation_id = ""
    if mode in CONVERSATION_MODES and ask.history is None:
        conversation_id = str(conversation.id if conversation else uuid.uuid4())
    query = _question(ask, inputs)
    annotation_model, annotation_threshold = _annotations(ask, query)
    spec = RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(ask.app.workspace_id),
        nodes=graph.nodes,
        edges=graph.edges,
        inputs=inputs,
        query=query,
        history=_history(ask, conversation),
        instructions=ask.instructions,
        files=_files(ask, images_of(files)),
        app_id=str(ask.app.id),
        conversation_id=conversation_id,
        user=ask.end_user or (str(ask.user.id) if ask.user else ""),
        is_member=ask.user is not None,
        priority="workflow" if mode == AppMode.WORKFLOW else "interactive",
        mode=mode.value if mode in GRAPH_MODES else "",
        asked_at=time.time(),
        app_version=ask.version,
        environment=graph.environment,
        conversation=graph.conversation,
        annotation_model=annotation_model,
        annotation_threshold=annotation_threshold,
    )
    return Plan(ask.debug.applied(spec) if ask.debug else spec, conversation, main_model(graph))


def _charge(ask: RunAsk) -> Charge:
    return Charge(
        workspace_id=ask.app.workspace_id,
        source=ask.source,
        app_id=ask.app.id,
        key_id=ask.key.id if ask.key else None,
        end_user=ask.end_user,
    )


def _conversation(ask: RunAsk) -> Conversation | None:
    if not ask.conversation_id:
        return None
    if ask.mode not in CONVERSATION_MODES:
        raise NotFound(f"an app of mode {ask.mode.value!r} has no conversations: leave conversation_id out")
    mine = conversations_of_app(ask.app.workspace_id, ask.app.id).filter(user=ask.user, end_user=ask.end_user)
    return conversation_get(mine, ask.conversation_id)


def _prompt_inputs(ask: RunAsk, given: Mapping[str, object]) -> tuple[dict[str, JsonValue], GivenFiles]:
    """Return the inputs of a prompt app, and the files among them; those of a graph are its start's to check."""
    if isinstance(ask.draft, GraphDraft):
        return {}, {}
    inputs = inputs_parse(ask.draft.variables, given)
    files = files_given(ask.draft.variables, inputs, lambda file_id: _given_file(ask.file(file_id)))
    return inputs_with_files(inputs, files), files


def _given_file(stored: StoredFile) -> GivenFile:
    return GivenFile(_ref(stored), stored.kind == "image")


def _given_inputs(ask: RunAsk, conversation: Conversation | None) -> dict[str, object]:
    """Return the caller's inputs over those that the conversation began with; a lone question is the input `query`."""
    kept = dict(conversation.inputs) if conversation else {}
    given = kept | {name: value for name, value in ask.inputs.items() if value not in (None, "")}
    if ask.query and "query" not in given and ask.mode == AppMode.COMPLETION:
        given["query"] = ask.query
    return given


def _question(ask: RunAsk, inputs: Mapping[str, JsonValue]) -> str:
    if ask.mode in CONVERSATION_MODES and ask.is_whole:
        if not ask.query.strip():
            raise Invalid("query: the question is empty: write something", fields={"query": ["write something"]})
        return ask.query
    asked = inputs.get("query")
    return ask.query or (asked if isinstance(asked, str) else "")


def _annotations(ask: RunAsk, query: str) -> tuple[str, float]:
    """Return the model and the threshold by which an annotation may answer; no model where none may."""
    if ask.asks_model or not ask.is_whole or ask.mode == AppMode.WORKFLOW or not query.strip():
        return "", 1.0
    return reply_of(ask.app.workspace_id, ask.app.id) or ("", 1.0)


def _history(ask: RunAsk, conversation: Conversation | None) -> tuple[Turn, ...]:
    if ask.history is not None:
        return ask.history
    return conversation_history(conversation) if conversation else ()


def _files(ask: RunAsk, images: tuple[FileRef, ...]) -> tuple[FileRef, ...]:
    """Return the files of the question, after the images among the inputs."""
    if (count := len(ask.file_ids) + len(images)) > MAX_FILES:
        raise Invalid(f"files: at most {MAX_FILES} files go with a question, not {count}")
    found = [ask.file(file_id) for file_id in ask.file_ids]
    for stored in found:
        if stored.kind != "image" and ask.mode not in GRAPH_MODES:
            raise NotYet(
                f"{stored.name!r} is not an image: only images go with a question yet; put documents into a dataset"
            )
    return (*images, *(_ref(item) for item in found))


def _ref(stored: StoredFile) -> FileRef:
    return FileRef(str(stored.id), stored.name, stored.mime_type, stored.size_bytes)
