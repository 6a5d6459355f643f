"""What local models need from rooms above them."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from backend.common.slots import Slot


@dataclass(frozen=True, slots=True)
class ModelUsers:
    """The applications that name a model: those of one workspace by name, the others counted."""

    names: tuple[str, ...]
    elsewhere: int


MODEL_USERS: Slot[Callable[[uuid.UUID, str], ModelUsers]] = Slot("local_models.MODEL_USERS")
"""(workspace id, model id) → who uses it."""
