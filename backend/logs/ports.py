"""What logs need from rooms above: to forget an end user there too."""

import uuid
from collections.abc import Callable

from backend.common.slots import Slot

ForgetEndUser = Callable[[uuid.UUID, str, uuid.UUID | None], int]
"""(workspace id, end user, app id or None for all) → how many rows went."""

FORGET_END_USER: Slot[ForgetEndUser] = Slot("logs.FORGET_END_USER")
