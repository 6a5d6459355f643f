"""What limits need from rooms above them: whether an app is the workspace's, and what is used beside the runs."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backend.common.slots import Slot


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens, and their cost in USD."""

    tokens: int
    cost: Decimal


APP_OWNED: Slot[Callable[[uuid.UUID, uuid.UUID], bool]] = Slot("limits.APP_OWNED")
"""(workspace id, app id) → whether it is there."""
USED_BESIDE: Slot[Callable[[uuid.UUID, uuid.UUID | None, datetime], Used]] = Slot("limits.USED_BESIDE")
"""(workspace id, app id or None for all, since) → what models took outside of runs since then: those that judge."""
