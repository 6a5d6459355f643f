"""A server on loopback, for tools that ask one."""

from tests.backend.providers.conftest import server

__all__ = ["server"]
