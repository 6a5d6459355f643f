"""Reading conversations: whose they are, what was said in them, and what people thought of it."""

import uuid
from collections.abc import Iterable

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from agents.events import Sources, ToolCalled, ToolResult, decode
from agents.types import Source, Turn
from agents.workflow.state import RunState
from backend.common.errors import NotFound
from backend.logs.models import Conversation, Feedback
from backend.runs.models import Run, RunEvent, RunStatus

MAX_HISTORY_RUNS = 100
STEP_KINDS = (Sources.kind, ToolCalled.kind, ToolResult.kind)


def conversations_of_app(workspace_id: uuid.UUID, app_id: uuid.UUID) -> QuerySet[Conversation]:
    """Return the app's conversations that nobody deleted."""
    return Conversation.objects.within(workspace_id).filter(app_id=app_id, deleted_at=None)


def with_message_counts(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Annotate each conversation with `messages`, the number of its runs."""
    counts = (
        Run.unscoped.filter(conversation=OuterRef("id")).order_by().values("conversation").annotate(count=Count("id"))
    )
    return conversations.annotate(messages=Coalesce(Subquery(counts.values("count")), Value(0)))


def conversations_of_end_user(workspace_id: uuid.UUID, app_id: uuid.UUID, end_user: str) -> QuerySet[Conversation]:
    """Return the conversations that one end user of the app has had over the service API."""
    return conversations_of_app(workspace_id, app_id).filter(user=None, end_user=end_user)


def conversation_get(conversations: QuerySet[Conversation], conversation_id: uuid.UUID | str) -> Conversation:
    """Return the conversation among these; raises `NotFound` for an unknown, foreign or malformed id alike."""
    try:
        wanted = uuid.UUID(str(conversation_id))
    except ValueError:
        wanted = None
    found = conversations.filter(id=wanted).first() if wanted else None
    if found is None:
        raise NotFound(f"there is no conversation {str(conversation_id)[:100]!r}: leave it out to start a new one")
    return found


def conversation_messages(conversation: Conversation) -> QuerySet[Run]:
    """Return the runs of a conversation, oldest first."""
    runs = Run.objects.within(conversation.workspace_id).filter(conversation=conversation)
    return runs.select_related("app").order_by("created_at", "id")


def conversation_history(conversation: Conversation) -> tuple[Turn, ...]:
    """Return what was said, oldest first: of runs that ended well, and of stopped ones that had begun to answer.

    Of a very long conversation, the first exchange and the newest: no context holds more.
    """
    said = Q(status=RunStatus.SUCCEEDED) | Q(status=RunStatus.CANCELLED, outputs__answer__gt="")
    rows = conversation_messages(conversation).filter(said).values_list("query", "outputs__answer")
    newest = list(rows.reverse()[:MAX_HISTORY_RUNS])[::-1]
    first = list(rows[:1]) if len(newest) == MAX_HISTORY_RUNS else []
    turns: list[Turn] = []
    for query, answer in [*first, *newest[len(first) :]]:
        if query.strip() and isinstance(answer, str) and answer.strip():
            turns += [Turn("user", query), Turn("assistant", answer)]
    return tuple(turns)


def steps_of_runs(runs: Iterable[Run]) -> dict[uuid.UUID, RunState]:
    """Return what each run's kept events tell of passages and tool calls."""
    states = {run.id: RunState() for run in runs}
    events = RunEvent.objects.filter(run_id__in=states, kind__in=STEP_KINDS).order_by("run_id", "seq")
    for event in events:
        states[event.run_id].add(decode(event.kind, event.data))
    return states


def sources_of(state: RunState) -> tuple[Source, ...]:
    """Return the passages of a run, each once, as its last event about them has them."""
    found = [source for record in state.nodes.values() for source in record.sources]
    return tuple({(source.dataset_id, source.chunk_id): source for source in found}.values())


def feedback_of(run: Run, *, user_id: uuid.UUID | None, end_user: str = "") -> Feedback | None:
    """Return one person's verdict on a run."""
    return Feedback.objects.within(run.workspace_id).filter(run=run, user_id=user_id, end_user=end_user).first()


def feedbacks_of_runs(workspace_id: uuid.UUID, run_ids: list[uuid.UUID]) -> dict[uuid.UUID, Feedback]:
    """Return the newest verdict on each of these runs, whoever gave it."""
    rows = Feedback.objects.within(workspace_id).filter(run_id__in=run_ids).order_by("updated_at")
    return {row.run_id: row for row in rows}


def feedbacks_of_app(workspace_id: uuid.UUID, app_id: uuid.UUID) -> QuerySet[Feedback]:
    """Return all verdicts on the app's answers, newest first."""
    return Feedback.objects.within(workspace_id).filter(run__app_id=app_id).select_related("run")
