"""Empties the test database between tests by what is in it: most tables are empty, and TRUNCATE pays for each."""

from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations


def sql_flush(self: DatabaseOperations, _style: Any, tables: list[str], **_options: Any) -> list[str]:
    """Return what empties the tables that have rows; stands in for Django's own.

    Neither foreign keys nor triggers are asked: all that they would speak for goes too. One TRUNCATE of all tables
    makes new files for each of them and each of their indexes, and leaves dead rows in the catalogue: with a hundred
    tables it takes longer than most tests.
    """
    if not tables:
        return []
    looks = [f"(SELECT {number} FROM {self.quote_name(table)} LIMIT 1)" for number, table in enumerate(tables)]
    with self.connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        filled = [tables[number] for (number,) in cursor.fetchall()]
    if not filled:
        return []
    deletes = [f"DELETE FROM {self.quote_name(table)}" for table in filled]
    return ["SET LOCAL session_replication_role = replica", *deletes]
