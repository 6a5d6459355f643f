"""What logs need from rooms above: to forget an end user there too, and to count what is about to go."""

import uuid
from collections.abc import Callable
from datetime import datetime

from backend.common.slots import Slot

ForgetEndUser = Callable[[uuid.UUID, str, uuid.UUID | None], int]
"""(workspace id, end user, app id or None for all) → how many rows went."""

FORGET_END_USER: Slot[ForgetEndUser] = Slot("logs.FORGET_END_USER")

NUMBERS_SETTLE: Slot[Callable[[uuid.UUID, datetime], bool]] = Slot("logs.NUMBERS_SETTLE")
"""(workspace id, before) → whether all that changed of runs begun until then is counted now."""
