"""Reading an app's messages, conversations and end users for one of its clients."""

import uuid
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from backend.apps.models import AppMode
from backend.common.errors import ApiError, Invalid, NotFound
from backend.logs.models import Conversation
from backend.logs.selectors import conversation_get, conversations_of_end_user
from backend.runs.dialects.dify import Mode
from backend.runs.models import Run, RunSource
from backend.service_api.bodies import id_of
from backend.service_api.callers import AppCaller
from backend.service_api.models import EndUser

MODES: dict[AppMode, Mode] = {
    AppMode.COMPLETION: "completion",
    AppMode.CHAT: "chat",
    AppMode.AGENT: "agent-chat",
    AppMode.CHATFLOW: "advanced-chat",
    AppMode.WORKFLOW: "workflow",
}
GRAPH_MODES = frozenset({AppMode.CHATFLOW, AppMode.WORKFLOW})
SORTS = ("created_at", "-created_at", "updated_at", "-updated_at")


def dify_mode(mode: AppMode) -> Mode:
    """Return Dify's name of a mode."""
    return MODES[mode]


def messages_of(caller: AppCaller, end_user: str) -> QuerySet[Run]:
    """Return what one end user asked the app over the service API."""
    runs = Run.objects.within(caller.workspace_id).filter(app=caller.app, end_user=end_user)
    return runs.filter(source=RunSource.SERVICE_API)


def message_get(caller: AppCaller, message_id: str | uuid.UUID, end_user: str) -> Run:
    """Return a message of this end user; raises `NotFound` for any other."""
    run = messages_of(caller, end_user).filter(id=id_of(message_id, "message")).first()
    if run is None:
        raise NotFound("Message Not Exists.")
    return run


def conversation_of(caller: AppCaller, conversation_id: str | uuid.UUID, end_user: str) -> Conversation:
    """Return a conversation of this end user; raises `NotFound` for any other."""
    return conversation_get(
        conversations_of_end_user(caller.workspace_id, caller.app.id, end_user), str(conversation_id)
    )


def messages_page(conversation: Conversation, *, first_id: str, limit: int) -> tuple[Sequence[Run], bool]:
    """Return the newest `limit` messages before `first_id`, oldest first, and whether there are older ones."""
    runs = Run.objects.within(conversation.workspace_id).filter(conversation=conversation)
    if first_id:
        first = runs.filter(id=id_of(first_id, "message")).first()
        if first is None:
            raise NotFound("First Message Not Exists.")
        runs = runs.filter(Q(created_at__lt=first.created_at) | Q(created_at=first.created_at, id__lt=first.id))
    found = list(runs.order_by("-created_at", "-id")[: limit + 1])
    return found[:limit][::-1], len(found) > limit


def conversations_page(
    caller: AppCaller, end_user: str, *, last_id: str, limit: int, sort_by: str
) -> tuple[Sequence[Conversation], bool]:
    """Return the conversations after `last_id` in the order of `sort_by`, and whether there are more."""
    if sort_by not in SORTS:
        message = f"sort_by must be one of {', '.join(SORTS)}, not {sort_by[:50]!r}"
        raise Invalid(message, fields={"sort_by": [message]})
    column = sort_by.removeprefix("-")
    is_descending = sort_by.startswith("-")
    found = conversations_of_end_user(caller.workspace_id, caller.app.id, end_user)
    if last_id:
        last = found.filter(id=id_of(last_id, "conversation")).first()
        if last is None:
            raise NotFound("Last Conversation Not Exists.")
        beyond = "lt" if is_descending else "gt"
        value = getattr(last, column)
        found = found.filter(Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"id__{beyond}": last.id}))
    rows = list(found.order_by(sort_by, "-id" if is_descending else "id")[: limit + 1])
    return rows[:limit], len(rows) > limit


def end_user_get(caller: AppCaller, end_user_id: uuid.UUID | str) -> EndUser:
    """Return an end user of the app; raises `end_user_not_found`."""
    try:
        wanted = id_of(end_user_id, "end user")
    except NotFound:
        wanted = None
    found = EndUser.objects.within(caller.workspace_id).filter(app=caller.app, id=wanted).first()
    if found is None:
        error = ApiError("End user not found.", code="end_user_not_found")
        error.http_status = 404
        raise error
    return found
