"""A bounded queue from many senders to one reader, who waits no longer than a deadline. Knows nothing of runs."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """First in, first out; whoever puts waits while it is full. `deadline` is a time of the running loop.

    One timer serves all waiting: what `asyncio.timeout` costs for each item is more than the item itself.
    """

    def __init__(self, capacity: int, deadline: float) -> None:
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._reader: asyncio.Future[None] | None = None
        self._senders: deque[asyncio.Future[None]] = deque()
        self._timer = self._loop.call_at(deadline, self._wake_reader)

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    async def put(self, item: T) -> None:
        """Add an item, once there is room."""
        while len(self._items) >= self._capacity:
            room = self._loop.create_future()
            self._senders.append(room)
            try:
                await room
            except asyncio.CancelledError:
                if room.done() and not room.cancelled():
                    self._wake_sender()  # the room that was meant for this sender is somebody else's
                raise
        self._items.append(item)
        self._wake_reader()

    def take_waiting(self) -> T | None:
        """Return the next item if there is one now."""
        if not self._items:
            return None
        self._wake_sender()
        return self._items.popleft()

    async def take(self) -> T:
        """Return the next item; raises `TimeoutError` once the deadline is over."""
        while True:
            if self._loop.time() >= self._deadline:
                raise TimeoutError
            if (item := self.take_waiting()) is not None:
                return item
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_sender(self) -> None:
        while self._senders:
            room = self._senders.popleft()
            if not room.done():
                room.set_result(None)
                return
