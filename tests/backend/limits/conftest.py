"""The worker and the scripted world, for tests of this folder that run applications."""

from tests.backend.apps.running import _close_redis, world

__all__ = ["_close_redis", "world"]
