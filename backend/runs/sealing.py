"""What a run must know and its workspace does not want to keep: encrypted while the run is open, gone with its end.

A kept thing has two sides: what everybody reads is redacted, and its `sealed` column holds the truth for the worker
that goes on after a crash or a pause, and for whoever is listening. The end of the run redacts what could not be
redacted before (a text that came in pieces) and empties `sealed`.

    open:  text_delta.data = "" · everything else.data = redacted · sealed = encrypted, where they differ
    ended: data = redacted · sealed = NULL
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.conf import settings
from django.db import connection

from agents.events import TextDelta, TextReset
from agents.types import JsonObject, JsonValue, RunSpec
from backend.common.secrets import decrypt, encrypt
from backend.runs.models import Run, RunEvent, RunValue
from backend.runs.redaction import MARK_BEGIN, Redactor


def seal(value: object) -> str:
    """Return a value as an encrypted text."""
    return encrypt(json.dumps(value, ensure_ascii=False))


def unseal(sealed: str) -> dict[str, object]:
    """Return what `seal` was given; raises `UndecryptableSecret`."""
    return json.loads(decrypt(sealed))


def spec_redacted(spec: RunSpec, redactor: Redactor) -> RunSpec:
    """Return the spec as it is kept; the graph is the workspace's own and stays."""
    return replace(
        spec,
        inputs=_object(spec.inputs, redactor),
        query=redactor.text(spec.query),
        history=tuple(replace(turn, content=redactor.text(turn.content)) for turn in spec.history),
        instructions=redactor.text(spec.instructions),
        files=tuple(replace(item, name=redactor.text(item.name)) for item in spec.files),
        conversation=tuple(replace(item, value=redactor.value(item.value)) for item in spec.conversation),
        given={name: replace(item, outputs=_object(item.outputs, redactor)) for name, item in spec.given.items()},
    )


def _object(value: JsonObject, redactor: Redactor) -> JsonObject:
    redacted = redactor.value(dict(value))
    assert isinstance(redacted, Mapping), "an object stays one"
    return redacted


def event_sealed(kind: str, data: Mapping[str, object], redactor: Redactor) -> tuple[dict[str, object], str | None]:
    """Return what of an event is kept and what is sealed; None where nothing was found."""
    plain = json.loads(json.dumps(data, ensure_ascii=False))
    if kind == TextDelta.kind:
        # A find may span pieces: the whole text is redacted when the run ends.
        return {**plain, "text": ""}, seal(plain)
    kept = redactor.event(plain)
    return kept, (seal(plain) if kept != plain else None)


def value_digest(text: str, *, is_keyed: bool) -> str:
    """Return what tells a large value from others; of a redacted one it must not be guessed from the digest."""
    key = settings.SECRET_KEY.encode() if is_keyed else None
    return hmac.new(key, text.encode(), "sha256").hexdigest() if key else hashlib.sha256(text.encode()).hexdigest()


def value_redacted(text: str, redactor: Redactor) -> str:
    """Return the JSON text of a large value, redacted."""
    value: JsonValue = json.loads(text)
    redacted = redactor.value(value)
    return text if redacted is value else json.dumps(redacted, ensure_ascii=False)


def run_settle(run_id: uuid.UUID, redactor: Redactor | None) -> bool:
    """Redact what came in pieces and forget the truth, in the run's last transaction; says whether any was found.

    Without a redactor, whose rules were taken back meanwhile, the pieces are kept as they were said.
    """
    sealed = RunEvent.objects.filter(run_id=run_id, sealed__isnull=False)
    was_redacted = sealed.exclude(kind=TextDelta.kind).exists()
    texts = RunEvent.objects.filter(run_id=run_id, kind__in=[TextDelta.kind, TextReset.kind]).order_by("seq")
    changed = _texts_settled(texts, redactor)
    if changed:
        rows = [{"id": row.id, "data": row.data, "cuts": row.cuts} for row in changed]
        with connection.cursor() as cursor:
            cursor.execute(SETTLE, {"rows": json.dumps(rows, ensure_ascii=False)})
    RunEvent.objects.filter(run_id=run_id, sealed__isnull=False).update(sealed=None)
    values = RunValue.objects.filter(run_id=run_id, sealed__isnull=False).update(sealed=None)
    Run.unscoped.filter(id=run_id, sealed__isnull=False).update(sealed=None)
    return was_redacted or bool(values) or any(MARK_BEGIN in str(row.data["text"]) for row in changed)


SETTLE = f"""
    UPDATE {RunEvent._meta.db_table} AS event SET data = given.data, cuts = given.cuts, sealed = NULL
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (id bigint, data jsonb, cuts jsonb)
     WHERE event.id = given.id
"""  # noqa: S608 -- the table's name is ours, every value is a parameter


def _texts_settled(records: Iterable[RunEvent], redactor: Redactor | None) -> list[RunEvent]:
    """Return the rows of text whose words came back, redacted as the whole that each node said between resets."""
    said: dict[tuple[str, str], list[RunEvent]] = {}
    settled: list[RunEvent] = []
    for record in records:
        if record.kind == TextReset.kind:
            for key in [key for key in said if key[0] == record.data["node_id"]]:
                settled += _joined(said.pop(key), redactor)
        elif record.sealed is not None:
            record.data = unseal(record.sealed)
            said.setdefault((str(record.data["node_id"]), str(record.data.get("source", ""))), []).append(record)
    for rows in said.values():
        settled += _joined(rows, redactor)
    return settled


def _joined(rows: list[RunEvent], redactor: Redactor | None) -> list[RunEvent]:
    """Redact the text of rows as one; their cuts follow, so that a reader who has seen a part gets the rest."""
    if redactor is None:
        return rows
    pieces: list[str] = []
    for row in rows:
        text, at = str(row.data["text"]), 0
        for size in row.cuts or [len(text)]:
            pieces.append(text[at : at + size])
            at += size
    redacted = iter(redactor.pieces(pieces))
    for row in rows:
        parts = [next(redacted) for _ in row.cuts or [0]]
        row.data = {**row.data, "text": "".join(parts)}
        row.cuts = [len(part) for part in parts] if row.cuts else None
    return rows
