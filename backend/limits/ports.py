"""What limits need from other rooms: whether an app is the workspace's, and what its runs have used."""

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from backend.common.slots import Slot

APP_OWNED: Slot[Callable[[uuid.UUID, uuid.UUID], bool]] = Slot("limits.APP_OWNED")
"""(workspace id, app id) → whether it is there."""


class Used(Protocol):
    """Sums over runs."""

    @property
    def runs(self) -> int: ...

    @property
    def tokens(self) -> int: ...

    @property
    def cost(self) -> Decimal: ...


RUNS_USED: Slot[Callable[[uuid.UUID, datetime, uuid.UUID | None, uuid.UUID | None], Used]] = Slot("limits.RUNS_USED")
"""(workspace id, since, app id or None for all, key id or None for all) → what the runs begun since then have used."""
