"""Starts a run of an app, whoever asks: checks all that can be known before, then stores and sends it."""

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from django.db import transaction

from agents.errors import AgentsError, InvalidGraph, UnknownVariable
from agents.types import JsonValue
from agents.workflow.expressions import SYSTEM_NAMES, Scope, render
from agents.workflow.preflight import check_run
from backend.apps.draft import Draft
from backend.apps.drafts import AppDraft, graph_refused
from backend.apps.file_inputs import inputs_named
from backend.apps.services.plans import Plan, RunAsk, run_plan
from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.logs.services import conversation_create, conversation_touch
from backend.runs.calls import Call
from backend.runs.models import Run
from backend.runs.ports import RUN_PORTS
from backend.runs.services import Origin, run_create, run_start
from inference.errors import InferenceError

Told = TypeVar("Told")


async def app_run_start(read: Callable[[], tuple[RunAsk, Told]]) -> tuple[Run, Told]:
    """Store a run and send it to the workers; return it with what else `read` told.

    `read` turns the request into an ask, on a database thread; what it raises is raised. So is `ApiError` for what is
    wrong with the request: inputs, question, conversation, files, graph, model, or a prompt that does not fit into the
    model's context. Nothing is stored then.
    """

    def prepare() -> tuple[RunAsk, Told, Plan]:
        ask, told = read()
        return ask, told, run_plan(ask)

    ask, told, plan = await in_database(prepare)
    try:
        await check_run(plan.spec, RUN_PORTS.get()(plan.spec))
    except (AgentsError, InferenceError) as error:
        raise _api_error(error) from error
    return await run_start(plan.spec, partial(run_begin, ask, plan)), told


def _api_error(error: AgentsError | InferenceError) -> ApiError:
    if isinstance(error, InvalidGraph):
        return graph_refused(error)
    made = ApiError(str(error), code=error.code)
    made.http_status = error.http_status if error.http_status != 404 else 400
    return made


def _introduction(draft: AppDraft, inputs: Mapping[str, JsonValue]) -> str:
    """Return the opening statement with the inputs in it, as the conversation began; a graph's names nothing else."""
    system: dict[str, JsonValue] = dict.fromkeys(SYSTEM_NAMES)
    if isinstance(draft, Draft):
        nothing: dict[str, JsonValue] = {variable.name: None for variable in draft.variables}
        return render(draft.opening_statement, Scope(inputs=nothing | inputs_named(inputs), system=system))
    try:
        return render(draft.opening_statement, Scope(inputs=inputs, system=system, is_lenient=True))
    except UnknownVariable:
        return draft.opening_statement


@transaction.atomic
def run_begin(ask: RunAsk, plan: Plan, call: Call | None = None) -> Run:
    """Store a planned run with its conversation; without a `call`, somebody must queue it after the commit."""
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
    return run_create(spec=spec, origin=origin, model=plan.model, call=call)
