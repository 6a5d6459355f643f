"""What apps need from the rooms above: whether a draft may be published."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from backend.apps.models import App
from backend.common.slots import Slot


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Why a draft may not be published; `state` is for programs."""

    reason: str
    state: str
    experiment_id: uuid.UUID | None = None


AskGate = Callable[[App], GateVerdict | None]
"""app, with its draft as it is now → why it may not be published, or None."""

PUBLISH_GATE: Slot[AskGate] = Slot("apps.PUBLISH_GATE")
