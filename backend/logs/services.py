"""Writing conversations and verdicts."""

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from agents.types import JsonObject, JsonValue
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.errors import Invalid
from backend.logs.models import Conversation, Feedback, Rating
from backend.logs.policies import redactor_of
from backend.logs.selectors import conversation_messages
from backend.runs.models import OPEN_STATUSES, Run
from backend.runs.services import run_cancel

NAME_CHARS = 200
AUTO_NAME_CHARS = 40
UNNAMED = "New conversation"


def conversation_create(  # noqa: PLR0913  # one column each
    *,
    conversation_id: uuid.UUID,
    workspace_id: uuid.UUID,
    app_id: uuid.UUID,
    query: str,
    inputs: JsonObject,
    introduction: str = "",
    user: User | None = None,
    end_user: str = "",
) -> Conversation:
    """Start a conversation; it is named after its first question, and keeps the inputs that it began with."""
    redactor = redactor_of(workspace_id)
    return Conversation.objects.create(
        id=conversation_id,
        workspace_id=workspace_id,
        app_id=app_id,
        name=name_from(redactor.text(query) if redactor else query),
        inputs=redactor.value(dict(inputs)) if redactor else dict(inputs),
        introduction=redactor.text(introduction) if redactor else introduction,
        user=user,
        end_user=end_user,
    )


def name_from(query: str) -> str:
    """Return a name: the first line of what was asked, cut at a word."""
    line = " ".join(query.replace("\0", "").split())
    if not line:
        return UNNAMED
    if len(line) <= AUTO_NAME_CHARS:
        return line
    head = line[: AUTO_NAME_CHARS + 1].rpartition(" ")[0]
    return (head if len(head) > AUTO_NAME_CHARS // 2 else line[:AUTO_NAME_CHARS]).rstrip(" ,;:.-") + "…"


def conversation_rename(*, conversation: Conversation, name: str = "", auto_generate: bool = False) -> Conversation:
    """Give the conversation a name, or with `auto_generate` the name of its first question again."""
    if auto_generate:
        first = conversation_messages(conversation).first()
        name = name_from(first.query if first else "")
    redactor = redactor_of(conversation.workspace_id)
    name = redactor.text(name.strip()) if redactor else name.strip()
    if not name or len(name) > NAME_CHARS or "\0" in name:
        message = f"a name has 1 to {NAME_CHARS} characters, or set auto_generate to true"
        raise Invalid(message, fields={"name": [message]})
    conversation.name = name
    conversation.save(update_fields=["name", "updated_at"])
    return conversation


def conversation_touch(*, conversation: Conversation) -> None:
    """Note that somebody spoke, so that lists by `updated_at` show it first."""
    conversation.save(update_fields=["updated_at"])


def conversation_variables_keep(conversation_id: uuid.UUID, assigned: Mapping[str, JsonValue]) -> None:
    """Keep what a run assigned; what other runs assigned meanwhile to other variables stays. Needs a transaction."""
    found = Conversation.unscoped.select_for_update(no_key=True).filter(id=conversation_id).first()
    if found is not None:
        found.variables = {**found.variables, **assigned}
        found.save(update_fields=["variables"])


def conversation_delete(*, conversation: Conversation, actor: User | None = None) -> None:
    """Take the conversation out of every list and stop what still runs in it; its runs stay in the log."""
    with transaction.atomic():
        conversation.deleted_at = timezone.now()
        conversation.save(update_fields=["deleted_at", "updated_at"])
        audit_record(
            workspace_id=conversation.workspace_id,
            actor=actor,
            action="conversation.deleted",
            target=str(conversation.id),
            detail={"app_id": str(conversation.app_id), "end_user": conversation.end_user},
        )
    for run in conversation_messages(conversation).filter(status__in=OPEN_STATUSES):
        run_cancel(run=run)


def feedback_set(
    *, run: Run, rating: str | None, comment: str = "", user: User | None = None, end_user: str = ""
) -> Feedback | None:
    """Set one person's verdict on a run; no rating takes it back. Returns what stands now."""
    redactor = redactor_of(run.workspace_id)
    comment = redactor.text(comment) if redactor else comment
    mine = Feedback.objects.within(run.workspace_id).filter(run=run, user=user, end_user=end_user)
    if rating is None:
        mine.delete()
        return None
    if rating not in Rating.values:
        message = f"{rating!r} is no rating: use 'like', 'dislike' or null"
        raise Invalid(message, fields={"rating": [message]})
    found, _ = mine.update_or_create(
        defaults={"rating": rating, "comment": comment.replace("\0", "")},
        create_defaults={
            "workspace_id": run.workspace_id,
            "run": run,
            "user": user,
            "end_user": end_user,
            "rating": rating,
            "comment": comment.replace("\0", ""),
        },
    )
    return found
