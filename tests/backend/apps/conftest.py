"""The worker and the scripted world, for tests of this folder that run applications."""

from tests.backend.apps.running import world

__all__ = ["world"]
