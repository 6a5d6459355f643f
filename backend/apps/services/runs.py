"""Starts a run of an app, whoever asks: checks all that can be known before, then stores and sends it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.db import transaction

from agents.errors import AgentsError
from agents.types import FileRef, JsonValue, RunSpec, Turn
from agents.workflow.expressions import SYSTEM_NAMES, Scope, render
from agents.workflow.preflight import check_run
from backend.accounts.models import ApiKey, User
from backend.apps.draft import Draft
from backend.apps.graph import graph_of
from backend.apps.inputs import inputs_parse
from backend.apps.models import App, AppMode
from backend.common.database import in_database
from backend.common.errors import ApiError, Invalid, NotFound, NotYet
from backend.files.selectors import file_get
from backend.logs.models import Conversation
from backend.logs.selectors import conversation_get, conversation_history, conversations_of_app
from backend.logs.services import conversation_create, conversation_touch
from backend.runs.calls import Call
from backend.runs.models import Run, RunSource
from backend.runs.ports import RUN_PORTS
from backend.runs.services import Origin, run_create, run_start
from inference.errors import InferenceError

MAX_FILES = 10
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsk:
    """Who asks what of an app. `draft` is what runs: the app's own draft, or that of the `version`.

    A run belongs to `user` (console) or to `end_user` (service API). With `history`, the caller keeps the
    conversation and the run stands alone; else `conversation_id` names one, or a new one begins.
    """

    app: App
    draft: Draft
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """A run that could be made; nothing of it is stored yet. `conversation` is None where `spec` names a new one."""

    spec: RunSpec
    conversation: Conversation | None


async def app_run_start(read: Callable[[], tuple[RunAsk, Told]]) -> tuple[Run, Told]:
    """Store a run and send it to the workers; return it with what else `read` told.

    `read` turns the request into an ask, on a database thread; what it raises is raised. So is `ApiError` for what is
    wrong with the request: inputs, question, conversation, files, model, or a prompt that does not fit into the
    model's context. Nothing is stored then.
    """

    def prepare() -> tuple[RunAsk, Told, _Plan]:
        ask, told = read()
        return ask, told, _plan(ask)

    ask, told, plan = await in_database(prepare)
    try:
        await check_run(plan.spec, RUN_PORTS.get()(plan.spec))
    except (AgentsError, InferenceError) as error:
        raise _api_error(error) from error
    return await run_start(plan.spec, partial(_begin, ask, plan)), told


def _api_error(error: AgentsError | InferenceError) -> ApiError:
    made = ApiError(str(error), code=error.code)
    made.http_status = error.http_status if error.http_status != 404 else 400
    return made


def _plan(ask: RunAsk) -> _Plan:
    mode = AppMode(ask.app.mode)
    conversation = _conversation(ask, mode)
    inputs = inputs_parse(ask.draft.variables, _given_inputs(ask, conversation))
    graph = graph_of(mode, ask.draft)
    conversation_id = ""
    if mode != AppMode.COMPLETION and ask.history is None:
        conversation_id = str(conversation.id if conversation else uuid.uuid4())
    spec = RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(ask.app.workspace_id),
        nodes=graph.nodes,
        edges=graph.edges,
        inputs=inputs,
        query=_question(ask, mode, inputs),
        history=_history(ask, conversation),
        instructions=ask.instructions,
        files=_files(ask),
        app_id=str(ask.app.id),
        conversation_id=conversation_id,
        user=ask.end_user or (str(ask.user.id) if ask.user else ""),
    )
    return _Plan(spec, conversation)


def _conversation(ask: RunAsk, mode: AppMode) -> Conversation | None:
    if not ask.conversation_id:
        return None
    if mode == AppMode.COMPLETION:
        raise NotFound("an app of mode 'completion' has no conversations: leave conversation_id out")
    mine = conversations_of_app(ask.app.workspace_id, ask.app.id).filter(user=ask.user, end_user=ask.end_user)
    return conversation_get(mine, ask.conversation_id)


def _given_inputs(ask: RunAsk, conversation: Conversation | None) -> dict[str, object]:
    """Return the caller's inputs over those that the conversation began with; a lone question is the input `query`."""
    kept = dict(conversation.inputs) if conversation else {}
    given = kept | {name: value for name, value in ask.inputs.items() if value not in (None, "")}
    if ask.query and "query" not in given and ask.app.mode == AppMode.COMPLETION:
        given["query"] = ask.query
    return given


def _question(ask: RunAsk, mode: AppMode, inputs: Mapping[str, JsonValue]) -> str:
    if mode != AppMode.COMPLETION:
        if not ask.query.strip():
            raise Invalid("query: the question is empty: write something", fields={"query": ["write something"]})
        return ask.query
    asked = inputs.get("query")
    return ask.query or (asked if isinstance(asked, str) else "")


def _history(ask: RunAsk, conversation: Conversation | None) -> tuple[Turn, ...]:
    if ask.history is not None:
        return ask.history
    return conversation_history(conversation) if conversation else ()


def _files(ask: RunAsk) -> tuple[FileRef, ...]:
    if len(ask.file_ids) > MAX_FILES:
        raise Invalid(f"files: at most {MAX_FILES} files go with a question, not {len(ask.file_ids)}")
    refs = []
    owner = {"user": ask.user} if ask.user is not None else {"app_id": ask.app.id, "end_user": ask.end_user}
    for file_id in ask.file_ids:
        stored = file_get(workspace_id=ask.app.workspace_id, file_id=file_id, **owner)
        if stored.kind != "image":
            raise NotYet(
                f"{stored.name!r} is not an image: only images go with a question yet; put documents into a dataset"
            )
        refs.append(FileRef(str(stored.id), stored.name, stored.mime_type, stored.size_bytes))
    return tuple(refs)


def _introduction(draft: Draft, inputs: Mapping[str, JsonValue]) -> str:
    """Return the opening statement with the inputs in it, as the conversation began."""
    nothing: dict[str, JsonValue] = {variable.name: None for variable in draft.variables}
    system = dict.fromkeys(SYSTEM_NAMES)
    return render(draft.opening_statement, Scope(inputs=nothing | dict(inputs), system=system))


@transaction.atomic
def _begin(ask: RunAsk, plan: _Plan, call: Call | None) -> Run:
    spec = plan.spec
    if plan.conversation is not None:
        conversation_touch(conversation=plan.conversation)
    elif spec.conversation_id:
        conversation_create(
            conversation_id=uuid.UUID(spec.conversation_id),
            workspace_id=ask.app.workspace_id,
            app_id=ask.app.id,
            query=ask.query if ask.names_conversation else "",
            inputs=spec.inputs,
            introduction=_introduction(ask.draft, spec.inputs),
            user=ask.user,
            end_user=ask.end_user,
        )
    origin = Origin(
        workspace_id=ask.app.workspace_id,
        source=ask.source,
        app_id=ask.app.id,
        app_version=ask.version,
        conversation_id=uuid.UUID(spec.conversation_id) if spec.conversation_id else None,
        user_id=ask.user.id if ask.user else None,
        key_id=ask.key.id if ask.key else None,
        end_user=ask.end_user,
    )
    return run_create(spec=spec, origin=origin, model=ask.draft.model.id, call=call)
