"""What a run leaves behind: to its reader when it ends early, and to its conversation however it ends."""

from functools import partial

from django.db import transaction

from agents.workflow.state import RunState
from backend.common.metrics import RUN_SECONDS, RUN_TOKENS, RUNS_ENDED
from backend.runs.models import Run
from backend.runs.ports import KEEP_VARIABLES, RUN_ENDED, RUN_SPEND, Charge
from backend.runs.redaction import Redactor


def partial_outputs(state: RunState) -> dict[str, str]:
    """Return the text that was out when a run ended early."""
    return {"answer": state.answer} if state.answer else {}


def end_redact(run: Run, redactor: Redactor | None) -> None:
    """Take out of the outputs and the error what the workspace does not keep, before the row is written."""
    if redactor is None:
        return
    said = {"outputs": run.outputs, "error": run.error_message}
    kept = redactor.value(said)
    if kept is not said:
        run.outputs, run.error_message, run.is_redacted = kept["outputs"], kept["error"], True


def variables_keep(run: Run, state: RunState, redactor: Redactor | None) -> None:
    """Keep what the run assigned to variables of its conversation; call it in the transaction that ends the run."""
    if run.conversation_id is not None and state.conversation:
        kept = {name: redactor.value(value) if redactor else value for name, value in state.conversation.items()}
        KEEP_VARIABLES.get()(run.conversation_id, kept)


def end_announce(run: Run) -> None:
    """Count what the run used, and have its end heard once it is committed; whoever hears it cannot undo it."""
    charge = Charge(
        workspace_id=run.workspace_id,
        source=run.source,
        app_id=run.app_id,
        key_id=run.key_id,
        end_user=run.end_user,
    )
    RUN_SPEND.get()(charge, run.prompt_tokens + run.completion_tokens, run.cost)
    transaction.on_commit(partial(_measure, run))
    transaction.on_commit(partial(RUN_ENDED.get(), run.id, run.source), robust=True)


def _measure(run: Run) -> None:
    RUNS_ENDED.labels(run.source, run.status).inc()
    RUN_TOKENS.labels("prompt").inc(run.prompt_tokens)
    RUN_TOKENS.labels("completion").inc(run.completion_tokens)
    if run.finished_at is not None:
        RUN_SECONDS.observe(max(0.0, (run.finished_at - run.created_at).total_seconds()))
