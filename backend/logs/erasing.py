"""Removes everything that one end user of a workspace, or of one app, said and was told."""

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from django.conf import settings
from django.db.models import Q, QuerySet

from backend.common.errors import Conflict, Invalid
from backend.files.models import StoredFile
from backend.logs.models import Conversation, Feedback
from backend.logs.ports import FORGET_END_USER
from backend.runs.models import OPEN_STATUSES, Run
from backend.runs.removal import files_remove, runs_remove
from backend.runs.services import run_cancel

MAX_NAME_CHARS = 255
ENDING_PATIENCE_S = 120.0
POLL_S = 0.5
CONVERSATIONS_A_TIME = 500


@dataclass(frozen=True, slots=True)
class EndUser:
    """Whose data: an end user as the callers name them, of one app or of all."""

    workspace_id: uuid.UUID
    name: str
    app_id: uuid.UUID | None = None

    def check(self) -> None:
        """Raise `Invalid` for a name that nobody can have."""
        if not self.name or len(self.name) > MAX_NAME_CHARS or "\0" in self.name:
            message = f"end_user: an end user's id has 1 to {MAX_NAME_CHARS} characters"
            raise Invalid(message, fields={"end_user": [message]})

    @property
    def digest(self) -> str:
        """What stands for the end user once they are forgotten: whoever asks again can be compared with it."""
        said = f"{self.workspace_id}:{self.name}".encode()
        return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()[:16]

    @property
    def condition(self) -> Q:
        """What rows of theirs have in common."""
        return Q(end_user=self.name) & (Q(app_id=self.app_id) if self.app_id else Q())


@dataclass(frozen=True, slots=True)
class Data:
    """How much there is of an end user, or how much went."""

    runs: int = 0
    conversations: int = 0
    feedback: int = 0
    files: int = 0
    other: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


def end_user_data(who: EndUser) -> Data:
    """Return how much is kept of an end user."""
    return Data(
        runs=Run.objects.within(who.workspace_id).filter(who.condition).count(),
        conversations=_conversations(who).count(),
        feedback=_feedback(who).count(),
        files=_files(who).count(),
    )


def _conversations(who: EndUser) -> QuerySet[Conversation]:
    return Conversation.objects.within(who.workspace_id).filter(who.condition)


def _feedback(who: EndUser) -> QuerySet[Feedback]:
    of_app = Q(run__app_id=who.app_id) if who.app_id else Q()
    return Feedback.objects.within(who.workspace_id).filter(of_app, end_user=who.name)


def _files(who: EndUser) -> QuerySet[StoredFile]:
    return StoredFile.objects.within(who.workspace_id).filter(who.condition, user=None)


def end_user_erase(who: EndUser, note: Callable[[Data], None]) -> Data:
    """Remove everything; returns how much went. `note` hears of every batch and may raise to stop.

    Runs that still go on are cancelled first. Raises `Conflict` when one does not end.
    """
    gone = Data(feedback=_feedback(who).delete()[0])
    deadline = time.monotonic() + ENDING_PATIENCE_S
    runs = Run.objects.within(who.workspace_id).filter(who.condition)
    while True:
        for run in runs.filter(status__in=OPEN_STATUSES, cancel_requested_at=None)[:100]:
            run_cancel(run=run)
        removed = runs_remove(who.workspace_id, who.condition)
        gone = replace(gone, runs=gone.runs + removed.runs, files=gone.files + removed.files)
        note(gone)
        if not removed.runs:
            if not runs.exists():
                break
            if time.monotonic() > deadline:
                raise Conflict("a run of this end user does not end: see whether the workers are well, and ask again")
            time.sleep(POLL_S)
    files = files_remove(who.workspace_id, list(_files(who).values_list("id", flat=True)))
    gone = replace(gone, files=gone.files + files)
    while ids := list(_conversations(who).values_list("id", flat=True)[:CONVERSATIONS_A_TIME]):
        Conversation.objects.within(who.workspace_id).filter(id__in=ids).delete()
        gone = replace(gone, conversations=gone.conversations + len(ids))
        note(gone)
    return replace(gone, other=FORGET_END_USER.get()(who.workspace_id, who.name, who.app_id))
