"""workflows/…: run a workflow app, read and stop its runs, list them; and the events of any graph's run."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.dateparse import parse_datetime

from backend.apps.models import AppMode, AppVersion
from backend.apps.services import RunAsk, app_run_start
from backend.common.database import in_database
from backend.common.errors import ApiError, Invalid
from backend.runs.dialects.dify_graph import GraphFacts, inputs_text
from backend.runs.dialects.dify_workflow import DifyChatflow, DifyWorkflow, collect_workflow, lines
from backend.runs.models import Run, RunSource
from backend.runs.services import run_cancel
from backend.runs.sse import event_stream
from backend.runs.stream import follow
from backend.service_api.api.messages import facts_of
from backend.service_api.bodies import StopBody, WorkflowBody, body_of, limit_of
from backend.service_api.callers import AppCaller, draft_of_version, end_user_of, published_version, version_of_id
from backend.service_api.graph_runs import (
    LogFilter,
    created_by,
    graph_run_get,
    run_totals,
    version_id_of,
    workflow_logs,
)
from backend.service_api.remote_files import file_ids_of, inputs_of, remote_files
from backend.service_api.selectors import GRAPH_MODES, message_get
from backend.service_api.services import end_user_ensure

LOG_STATUSES = ("succeeded", "failed", "stopped")


def require_workflow(caller: AppCaller) -> None:
    """Raise unless the app is a workflow."""
    if caller.mode != AppMode.WORKFLOW:
        raise _not_workflow(caller)


def require_graph(caller: AppCaller) -> None:
    """Raise unless the app is a workflow or a chatflow."""
    if caller.mode not in GRAPH_MODES:
        raise _not_workflow(caller)


def _not_workflow(caller: AppCaller) -> ApiError:
    return ApiError(
        f"the app is of mode {caller.mode.value!r}, not a workflow: see /v1/info for what it is",
        code="not_workflow_app",
    )


def graph_facts(run: Run, version: AppVersion) -> GraphFacts:
    """Return what the chunks of a graph's run repeat."""
    return GraphFacts(str(run.id), str(version.id), int(run.created_at.timestamp()), created_by(run))


async def run_published(request: HttpRequest, caller: AppCaller) -> HttpResponseBase:
    """POST /workflows/run: run the published version, streamed or whole."""
    require_workflow(caller)
    return await _run(request, caller, None)


async def run_version(request: HttpRequest, caller: AppCaller, workflow_id: str) -> HttpResponseBase:
    """POST /workflows/{workflow_id}/run: run the version of that id."""
    require_workflow(caller)
    return await _run(request, caller, workflow_id)


async def _run(request: HttpRequest, caller: AppCaller, workflow_id: str | None) -> HttpResponseBase:
    fetched = await remote_files(request, caller, WorkflowBody)

    def read() -> tuple[RunAsk, tuple[bool, AppVersion]]:
        body = body_of(request, WorkflowBody)
        end_user = end_user_of(body.user, required=True)
        version = published_version(caller) if workflow_id is None else version_of_id(caller, workflow_id)
        draft = draft_of_version(caller, version)
        end_user_ensure(app=caller.app, session_id=end_user)
        ask = RunAsk(
            app=caller.app,
            draft=draft,
            version=version.number,
            source=RunSource.SERVICE_API,
            inputs=inputs_of(body.inputs, fetched),
            file_ids=file_ids_of(body.files, fetched),
            key=caller.key,
            end_user=end_user,
        )
        return ask, (body.response_mode == "streaming", version)

    run, (streams, version) = await app_run_start(read)
    facts, headers = graph_facts(run, version), {"X-Run-Id": str(run.id)}
    if streams:
        return event_stream(lines(DifyWorkflow(facts), follow(run.id, is_new=True)), headers)
    events = follow(run.id, is_new=True, until_pause=True)
    return JsonResponse(await collect_workflow(facts, events), headers=headers)


def stop(request: HttpRequest, caller: AppCaller, task_id: str) -> HttpResponse:
    """POST /workflows/tasks/{task_id}/stop: the run ends as stopped."""
    require_workflow(caller)
    end_user = end_user_of(body_of(request, StopBody).user, required=True)
    run_cancel(run=message_get(caller, task_id, end_user))
    return JsonResponse({"result": "success"})


def detail(request: HttpRequest, caller: AppCaller, workflow_run_id: str) -> HttpResponse:
    """GET /workflows/run/{id}: what came of a run."""
    require_graph(caller)
    run = graph_run_get(caller, workflow_run_id)
    return JsonResponse(
        {
            **run_totals(run),
            "workflow_id": version_id_of(run),
            "inputs": inputs_text(run.inputs),
            "outputs": run.outputs,
        }
    )


async def events(request: HttpRequest, caller: AppCaller, task_id: str) -> HttpResponseBase:
    """GET /workflow/{id}/events: the run's stream from its beginning, and on after a pause."""
    require_graph(caller)

    def read() -> tuple[Run, GraphFacts]:
        end_user = end_user_of(request.GET.get("user"), required=True)
        run = message_get(caller, task_id, end_user)
        facts = GraphFacts(str(run.id), version_id_of(run), int(run.created_at.timestamp()), created_by(run))
        return run, facts

    run, facts = await in_database(read)
    goes_on = request.GET.get("continue_on_pause", "").lower() in ("1", "true")
    is_chat = caller.mode == AppMode.CHATFLOW
    translator = DifyChatflow(facts_of(run, caller), facts) if is_chat else DifyWorkflow(facts)
    return event_stream(lines(translator, follow(run.id), ends_at_pause=not goes_on), {"X-Run-Id": str(run.id)})


def logs(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /workflows/logs: the runs that came over the service API, newest first."""
    require_graph(caller)
    page, limit = limit_of(request, name="page", default=1, maximum=99_999), limit_of(request)
    rows, total = workflow_logs(caller, _filter(request.GET), page=page, limit=limit)
    return JsonResponse(
        {
            "page": page,
            "limit": limit,
            "total": total,
            "has_more": page * limit < total,
            "data": [_log_item(run) for run in rows],
        }
    )


def _filter(query: Mapping[str, str]) -> LogFilter:
    status = query.get("status") or ""
    if status and status not in LOG_STATUSES:
        message = f"status must be one of {', '.join(LOG_STATUSES)}, not {status[:50]!r}"
        raise Invalid(message, fields={"status": [message]})
    times = {}
    for name in ("created_at__before", "created_at__after"):
        text = query.get(name) or ""
        try:
            found = parse_datetime(text) if text else None
        except ValueError:
            found = None
        if text and found is None:
            message = f"{name} must be a time such as 2026-01-31T12:00:00Z, not {text[:50]!r}"
            raise Invalid(message, fields={name: [message]})
        times[name] = found
    return LogFilter(
        keyword=query.get("keyword") or "",
        status=status,
        before=times["created_at__before"],
        after=times["created_at__after"],
        end_user=query.get("created_by_end_user_session_id") or "",
        account=query.get("created_by_account") or "",
    )


def _log_item(run: Run) -> dict[str, object]:
    return {
        "id": str(run.id),
        "workflow_run": {**run_totals(run), "version": str(run.app_version or ""), "triggered_from": "app-run"},
        "created_from": "service-api",
        "created_by_role": "end_user",
        "created_by_account": None,
        "created_by_end_user": {"type": "service_api", "is_anonymous": False, "session_id": run.end_user, **_id(run)},
        "created_at": int(run.created_at.timestamp()),
        "details": None,
    }


def _id(run: Run) -> dict[str, str]:
    return {"id": created_by(run)["id"]}
