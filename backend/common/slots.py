"""A place that the wiring fills: how apps on one level get what a sibling or a library provides."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Holds one value for the life of a process. Filling it again replaces the value (tests do)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._value: T | None = None

    def fill(self, value: T) -> None:
        """Set the value."""
        self._value = value

    def get(self) -> T:
        """Return the value; raises `RuntimeError` before the wiring ran."""
        if self._value is None:
            raise RuntimeError(f"{self._name} is not wired: backend.config.wiring.wire() has not run")
        return self._value
