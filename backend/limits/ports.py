"""What limits need from rooms above them: whether an app is the workspace's."""

import uuid
from collections.abc import Callable

from backend.common.slots import Slot

APP_OWNED: Slot[Callable[[uuid.UUID, uuid.UUID], bool]] = Slot("limits.APP_OWNED")
"""(workspace id, app id) → whether it is there."""
