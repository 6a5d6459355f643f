"""Kombu's Redis transport with one client per channel: it makes a new one for every acknowledgement otherwise.

A redis-py client builds a table of a few hundred answers' parsers when it is made, which was a large part of what
a message cost the runs worker: 128 of 434 samples of its main thread in a profile of small runs.
"""

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel as RedisChannel
from kombu.transport.redis import Transport as RedisTransport
from redis import ConnectionPool, Redis

NAME = "redis"


class Channel(RedisChannel):
    """Keeps its synchronous client for as long as its pool lives; a client takes a connection for each command."""

    _kept: tuple[ConnectionPool, Redis] | None = None

    def _create_client(self, asynchronous: bool = False) -> Redis:
        if asynchronous:
            return super()._create_client(asynchronous=True)
        pool = self.pool
        if self._kept is None or self._kept[0] is not pool:
            self._kept = (pool, super()._create_client())
        return self._kept[1]


class Transport(RedisTransport):
    """The transport that `redis://` and `redis+socket://` name once `transport_register` ran."""

    Channel = Channel


def transport_register() -> None:
    """Make kombu use this transport for Redis."""
    TRANSPORT_ALIASES[NAME] = f"{Transport.__module__}:{Transport.__qualname__}"
