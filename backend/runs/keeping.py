"""Writes events to PostgreSQL in one round trip: the check of the lease, the rows and the commit are one statement."""

import json
from collections.abc import Sequence

from django.db import connection

from agents.events import encode
from backend.runs.lease import Lease, LeaseLost
from backend.runs.models import Run, RunEvent
from backend.runs.redaction import Redactor
from backend.runs.rows import Row
from backend.runs.sealing import event_sealed

# One parameter for all rows: psycopg takes longer over lists of them than PostgreSQL over their JSON.
# The lock on the run's row is the fence: who takes the lease over waits for it, or was first and nothing is written.
KEEP = f"""
    WITH held AS (
        SELECT id FROM {Run._meta.db_table}
         WHERE id = %(run_id)s AND lease_token = %(token)s AND status = 'running'
           FOR NO KEY UPDATE
    )
    INSERT INTO {RunEvent._meta.db_table} (run_id, seq, first_seq, at, kind, data, cuts, sealed)
    SELECT held.id, given.seq, given.first_seq, to_timestamp(given.at), given.kind, given.data, given.cuts,
           given.sealed
      FROM held, jsonb_to_recordset(%(rows)s::jsonb)
           AS given (seq bigint, first_seq bigint, at float8, kind text, data jsonb, cuts jsonb, sealed text)
"""  # noqa: S608 -- the tables' names are ours, every value is a parameter


def events_keep(lease: Lease, rows: Sequence[Row], redactor: Redactor | None = None) -> None:
    """Write the rows (one at least), in the transaction around it or one of their own; raises `LeaseLost`."""
    given = json.dumps([_given(row, redactor) for row in rows], ensure_ascii=False)
    values = {"run_id": lease.run_id, "token": lease.token, "rows": given}
    with connection.cursor() as cursor:
        cursor.execute(KEEP, values)
        if cursor.rowcount != len(rows):
            raise LeaseLost(f"run {lease.run_id} is no longer ours")


def _given(row: Row, redactor: Redactor | None) -> dict[str, object]:
    event = row.event
    given: dict[str, object] = {
        "seq": event.seq,
        "first_seq": row.first_seq,
        "at": event.at,
        "kind": event.body.kind,
        "data": encode(event.body),
        "cuts": row.cuts or None,
    }
    if redactor is not None:
        given["data"], given["sealed"] = event_sealed(event.body.kind, encode(event.body), redactor)
    return given
