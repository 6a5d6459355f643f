"""What limits need from other rooms: whether an app is the workspace's, what its runs have used, and what else did."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from backend.common.slots import Slot


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens, and their cost in USD."""

    tokens: int
    cost: Decimal


class RunsUsed(Protocol):
    """Sums over runs."""

    @property
    def runs(self) -> int: ...

    @property
    def tokens(self) -> int: ...

    @property
    def cost(self) -> Decimal: ...


APP_OWNED: Slot[Callable[[uuid.UUID, uuid.UUID], bool]] = Slot("limits.APP_OWNED")
"""(workspace id, app id) → whether it is there."""
RUNS_USED: Slot[Callable[[uuid.UUID, datetime, uuid.UUID | None, uuid.UUID | None], RunsUsed]] = Slot(
    "limits.RUNS_USED"
)
"""(workspace id, since, app id or None for all, key id or None for all) → what the runs begun since then have used."""
USED_BESIDE: Slot[Callable[[uuid.UUID, uuid.UUID | None, datetime], Used]] = Slot("limits.USED_BESIDE")
"""(workspace id, app id or None for all, since) → what models took outside of runs since then: those that judge."""
