"""The worker and the scripted world, for every test of this folder."""

from tests.backend.apps.running import _close_redis, world

__all__ = ["_close_redis", "world"]
