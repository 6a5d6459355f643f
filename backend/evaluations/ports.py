"""What evaluations need from other rooms: models that judge."""

from collections.abc import Callable

from backend.common.slots import Slot
from backend.providers.writing import Ask

JUDGES: Slot[Callable[[str, str], Ask]] = Slot("evaluations.JUDGES")
"""(workspace id, chat model id) → what asks the model and says what that took; raises `ApiError` for an unknown one."""
