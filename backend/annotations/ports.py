"""What annotations need from the rooms above: the app that they belong to."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from backend.common.slots import Slot


@dataclass(frozen=True, slots=True)
class AnnotatedApp:
    """What annotations know of an app; `has_questions` is False where its runs are asked nothing in words."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    slug: str
    has_questions: bool


FindApp = Callable[[uuid.UUID, uuid.UUID], AnnotatedApp]
"""(workspace id, app id) → the app; raises `NotFound`."""

APPS: Slot[FindApp] = Slot("annotations.APPS")
