"""chat-messages and completion-messages: ask an app, streamed or whole, and stop it."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from backend.apps.draft import Draft
from backend.apps.drafts import CONVERSATION_MODES
from backend.apps.models import AppMode, AppVersion
from backend.apps.services import RunAsk, app_run_start
from backend.common.errors import ApiError, Invalid
from backend.runs.dialects import dify
from backend.runs.dialects.dify_graph import GraphFacts
from backend.runs.dialects.dify_workflow import DifyChatflow, collect_chatflow, lines
from backend.runs.models import Run, RunSource
from backend.runs.ports import COST_OF
from backend.runs.services import run_cancel
from backend.runs.sse import event_stream
from backend.runs.stream import follow
from backend.service_api.bodies import MessageBody, StopBody, body_of
from backend.service_api.callers import AppCaller, draft_of_version, end_user_of, published_version, version_of_id
from backend.service_api.graph_runs import created_by
from backend.service_api.remote_files import file_ids_of, inputs_of, remote_files
from backend.service_api.selectors import dify_mode, message_get
from backend.service_api.services import end_user_ensure

MILLION = dify.TOKENS_PER_PRICE
NO_PRICES = dify.Prices()


def require_chat(caller: AppCaller) -> None:
    """Raise unless the app holds conversations."""
    if caller.mode not in CONVERSATION_MODES:
        raise ApiError("Please check if your app mode matches the right API route.", code="not_chat_app")


def require_completion(caller: AppCaller) -> None:
    """Raise unless the app answers single requests."""
    if caller.mode != AppMode.COMPLETION:
        door = "workflows/run" if caller.mode == AppMode.WORKFLOW else "chat-messages"
        raise ApiError(f"the app is of mode {caller.mode.value!r}: ask it with POST /v1/{door}", code="app_unavailable")


def prices_of(workspace_id: object, model_id: str) -> dify.Prices:
    """Return the model's prices per million tokens."""
    cost_of = COST_OF.get()
    zero = Decimal(0)
    return dify.Prices(
        prompt=cost_of(str(workspace_id), model_id, MILLION, 0) or zero,
        completion=cost_of(str(workspace_id), model_id, 0, MILLION) or zero,
    )


def facts_of(run: Run, caller: AppCaller, prices: dify.Prices = NO_PRICES) -> dify.MessageFacts:
    """Return what every chunk of the run repeats."""
    return dify.MessageFacts(
        run_id=str(run.id),
        mode=dify_mode(caller.mode),
        created_at=int(run.created_at.timestamp()),
        conversation_id=str(run.conversation_id or ""),
        prices=prices,
    )


async def _answer(request: HttpRequest, caller: AppCaller) -> HttpResponseBase:
    fetched = await remote_files(request, caller, MessageBody)

    def read() -> tuple[RunAsk, tuple[bool, dify.Prices, AppVersion]]:
        body = body_of(request, MessageBody)
        end_user = end_user_of(body.user, required=True)
        streams = body.response_mode == "streaming"
        if caller.mode == AppMode.AGENT and not streams:
            raise Invalid("Agent Chat App does not support blocking mode: send response_mode 'streaming'.")
        version = _version(caller, body)
        draft = draft_of_version(caller, version)
        end_user_ensure(app=caller.app, session_id=end_user)
        ask = RunAsk(
            app=caller.app,
            draft=draft,
            version=version.number,
            source=RunSource.SERVICE_API,
            inputs=inputs_of(body.inputs, fetched),
            query=body.query,
            conversation_id=body.conversation_id or "",
            file_ids=file_ids_of(body.files, fetched),
            key=caller.key,
            end_user=end_user,
            names_conversation=body.auto_generate_name,
        )
        prices = prices_of(caller.workspace_id, draft.model.id) if isinstance(draft, Draft) else NO_PRICES
        return ask, (streams, prices, version)

    run, (streams, prices, version) = await app_run_start(read)
    facts = facts_of(run, caller, prices)
    if caller.mode == AppMode.CHATFLOW:
        return await _graph_answer(run, facts, version, streams=streams)
    if streams:
        return event_stream(dify.lines(facts, follow(run.id, is_new=True)), {"X-Run-Id": str(run.id)})
    return JsonResponse(await dify.collect(facts, follow(run.id, is_new=True)), headers={"X-Run-Id": str(run.id)})


def _version(caller: AppCaller, body: MessageBody) -> AppVersion:
    """Return the version that a client of a chatflow names, or the published one."""
    if body.workflow_id and caller.mode == AppMode.CHATFLOW:
        return version_of_id(caller, body.workflow_id)
    return published_version(caller)


async def _graph_answer(run: Run, facts: dify.MessageFacts, version: AppVersion, *, streams: bool) -> HttpResponseBase:
    graph = GraphFacts(str(run.id), str(version.id), facts.created_at, created_by(run))
    headers = {"X-Run-Id": str(run.id)}
    if streams:
        return event_stream(lines(DifyChatflow(facts, graph), follow(run.id, is_new=True)), headers)
    events = follow(run.id, is_new=True, until_pause=True)
    return JsonResponse(await collect_chatflow(facts, graph, events), headers=headers)


async def chat_message(request: HttpRequest, caller: AppCaller) -> HttpResponseBase:
    """POST /chat-messages: ask an app that holds conversations, streamed or whole."""
    require_chat(caller)
    return await _answer(request, caller)


async def completion_message(request: HttpRequest, caller: AppCaller) -> HttpResponseBase:
    """POST /completion-messages: ask an app that answers single requests, streamed or whole."""
    require_completion(caller)
    return await _answer(request, caller)


def _stop(request: HttpRequest, caller: AppCaller, task_id: str) -> HttpResponseBase:
    end_user = end_user_of(body_of(request, StopBody).user, required=True)
    run_cancel(run=message_get(caller, task_id, end_user))
    return JsonResponse({"result": "success"})


def chat_stop(request: HttpRequest, caller: AppCaller, task_id: str) -> HttpResponseBase:
    """POST /chat-messages/{task_id}/stop: the stream ends with what there is."""
    require_chat(caller)
    return _stop(request, caller, task_id)


def completion_stop(request: HttpRequest, caller: AppCaller, task_id: str) -> HttpResponseBase:
    """POST /completion-messages/{task_id}/stop: the stream ends with what there is."""
    require_completion(caller)
    return _stop(request, caller, task_id)
