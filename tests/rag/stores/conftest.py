"""The PostgreSQL of the conformance tests, for what only the pgvector store has."""

from tests.conformance.conftest import postgres_dsn

__all__ = ["postgres_dsn"]
