"""The door through which nodes and tools enter: built-in ones and a third party's alike."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Items by name. What other packages offer under the entry point `group` is loaded when it is first wanted."""

    def __init__(self, group: str, name_of: Callable[[T], str]) -> None:
        self._group = group
        self._name_of = name_of
        self._items: dict[str, T] = {}
        self._plugins_loaded = False

    def register(self, item: T) -> T:
        """Add `item` and return it, so that this also decorates; a name that is taken raises `ValueError`."""
        name = self._name_of(item)
        if name in self._items:
            raise ValueError(f"{self._group} already has {name!r}: choose another name")
        self._items[name] = item
        return item

    def _load_plugins(self) -> None:
        if not self._plugins_loaded:
            self._plugins_loaded = True
            for point in entry_points(group=self._group):
                self.register(point.load())

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            self._load_plugins()
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        self._load_plugins()
        return iter(self._items)

    def __len__(self) -> int:
        self._load_plugins()
        return len(self._items)
