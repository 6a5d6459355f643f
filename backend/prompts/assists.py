"""Has a model write or improve a prompt: an ordinary run, so that its text streams and its tokens are counted."""

import time
import uuid
from functools import partial

from agents.errors import AgentsError
from agents.types import EdgeSpec, JsonValue, NodeSpec, RunSpec
from agents.workflow.preflight import check_run
from backend.accounts.models import User
from backend.common.database import in_database
from backend.common.errors import ApiError, Conflict, NotFound
from backend.prompts.assistance import Ask, Written, written_of
from backend.runs.models import OPEN_STATUSES, Run, RunSource, RunStatus
from backend.runs.ports import RUN_ADMIT, RUN_PORTS
from backend.runs.selectors import run_get, run_trace
from backend.runs.services import Origin, run_create, run_start
from inference.errors import InferenceError

TEMPERATURE = 0.3
MIN_ANSWER_TOKENS = 600
CHARS_PER_TOKEN = 3
"""A low guess: the new prompt may be as long as the present one and half as long again."""
NODE = "llm"


async def assist_start(*, workspace_id: uuid.UUID, user: User | None, model: str, ask: Ask) -> Run:
    """Start the run that writes; raises `ApiError` for a model that is not there, a long prompt, or a limit."""
    origin = Origin(workspace_id=workspace_id, source=RunSource.ASSISTANT, user_id=user.id if user else None)
    await in_database(RUN_ADMIT.get(), origin.charge)
    spec = _spec(workspace_id, user, model, ask)
    try:
        await check_run(spec, RUN_PORTS.get()(spec))
    except (AgentsError, InferenceError) as error:
        raise _api_error(error) from error
    return await run_start(spec, lambda call: run_create(spec=spec, origin=origin, model=model, call=call))


def assist_result(workspace_id: uuid.UUID, run_id: uuid.UUID) -> Written:
    """Return what the model wrote; raises `NotFound`, `Conflict` while it writes, or `ApiError` when the run failed."""
    run = run_get(workspace_id, run_id)
    if run.source != RunSource.ASSISTANT:
        raise NotFound(f"the run {str(run_id)!r} wrote no prompt")
    if run.status in OPEN_STATUSES:
        raise Conflict("the model is still writing: wait for the end of the run")
    if run.status == RunStatus.FAILED:
        raise ApiError(run.error_message, code=run.error_code)
    is_cut = run.status == RunStatus.CANCELLED or any(
        node.outputs.get("finish_reason") == "length" for node in run_trace(run) if node.node_id == NODE
    )
    names = str(run.inputs.get("variables", ""))
    ask = Ask(run.query, str(run.inputs.get("prompt", "")), tuple(names.split()))
    return written_of(ask, str(run.outputs.get("answer", "")), is_cut=is_cut)


def _api_error(error: AgentsError | InferenceError) -> ApiError:
    made = ApiError(str(error), code=error.code)
    made.http_status = error.http_status if error.http_status != 404 else 400  # the model, not the address, is unknown
    return made


def _spec(workspace_id: uuid.UUID, user: User | None, model: str, ask: Ask) -> RunSpec:
    """Return start → llm. Everything is an input: a prompt's own placeholders are text here and are not filled in."""
    values: dict[str, JsonValue] = {
        "rules": ask.rules,
        "question": ask.question,
        "prompt": ask.prompt,
        "variables": " ".join(ask.variables),
    }
    declare = partial(dict, type="paragraph", required=False)
    max_tokens = max(MIN_ANSWER_TOKENS, len(ask.prompt) * 3 // (2 * CHARS_PER_TOKEN))
    start = NodeSpec("start", "start", "Start", {"variables": [declare(variable=name, label=name) for name in values]})
    llm = NodeSpec(
        NODE,
        "llm",
        "Prompt",
        {
            "model": {"id": model, "parameters": {"temperature": TEMPERATURE, "max_tokens": max_tokens}},
            "prompt_template": [{"role": "system", "text": "{{rules}}"}, {"role": "user", "text": "{{question}}"}],
        },
    )
    return RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(workspace_id),
        nodes=(start, llm),
        edges=(EdgeSpec("start", NODE),),
        inputs=values,
        query=ask.task,
        user=str(user.id) if user else "",
        is_member=user is not None,
        asked_at=time.time(),
    )
