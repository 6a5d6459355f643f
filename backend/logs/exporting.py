"""Writes runs to a file, CSV or JSONL: page after page, so that a million of them need the memory of a page."""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from backend.common.csv_cells import BOM, csv_text
from backend.logs.models import Feedback
from backend.runs.filters import condition_of
from backend.runs.models import Run

Format = Literal["csv", "jsonl"]
PAGE_RUNS = 200
NOTE_S = 1.0
COLUMNS = (
    *("id", "created_at", "finished_at", "app_id", "app", "app_version", "source", "status", "conversation_id"),
    *("end_user", "member", "key", "query", "inputs", "answer", "outputs", "error_code", "error_message", "model"),
    *("prompt_tokens", "completion_tokens", "cost", "elapsed_ms", "ttft_ms", "rating", "comment", "is_redacted"),
)
READ = (
    *("id", "workspace_id", "created_at", "finished_at", "app_version", "source", "status", "conversation_id"),
    *("end_user", "query", "inputs", "outputs", "error_code", "error_message", "model", "prompt_tokens"),
    *("completion_tokens", "cost", "elapsed_ms", "ttft_ms", "is_redacted", "app__name", "user__email", "key__name"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """After which run a page begins."""

    created_at: datetime
    run_id: uuid.UUID

    def to_json(self) -> dict[str, str]:
        """Return the form that `of` reads."""
        return {"created_at": self.created_at.isoformat(), "run_id": str(self.run_id)}

    @classmethod
    def of(cls, said: Mapping[str, str] | None) -> "Place | None":
        """Read what `to_json` wrote."""
        if said is None:
            return None
        at = parse_datetime(said["created_at"])
        assert at is not None, "a place is written by to_json"
        return cls(at, uuid.UUID(said["run_id"]))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is: what it holds up to `written_bytes` is whole, and ends after the run at `place`."""

    done: int
    place: Place | None
    written_bytes: int


def runs_of_export(workspace_id: uuid.UUID, filters: Mapping[str, str], until: datetime) -> QuerySet[Run]:
    """Return the runs that the filters choose among those that were there when the export was asked for."""
    return Run.objects.within(workspace_id).filter(condition_of(filters), created_at__lte=until)


def export_write(
    path: Path, runs: QuerySet[Run], form: Format, start: Progress, note: Callable[[Progress], None]
) -> Progress:
    """Write the runs, newest first, from where an earlier attempt came to; returns how far the file is at its end.

    `note` hears, about once a second, of a place that is on the disk; it may raise to stop. Raises `BlockingIOError`
    while somebody else writes the same file.
    """
    with path.open("ab") as file:
        # Whoever lost the lease may still write: two would mix their lines.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.tell() < start.written_bytes:
            start = Progress(0, None, 0)  # the file is gone, or on another machine
        file.truncate(start.written_bytes)
        file.seek(start.written_bytes)
        if not start.written_bytes and form == "csv":
            file.write((BOM + csv_text([COLUMNS])).encode())
        done, place, noted = start.done, start.place, time.monotonic()
        while page := _page(runs, place):
            _page_write(file, page, form)
            done, place = done + len(page), Place(page[-1].created_at, page[-1].id)
            if time.monotonic() - noted >= NOTE_S:
                note(_safe(file, done, place))
                noted = time.monotonic()
        return _safe(file, done, place)


def _safe(file: BinaryIO, done: int, place: Place | None) -> Progress:
    """Bring what was written to the disk, and say how far that is."""
    file.flush()
    os.fsync(file.fileno())
    return Progress(done, place, file.tell())


def _page(runs: QuerySet[Run], place: Place | None) -> list[Run]:
    if place is not None:
        # The first condition is what the index is searched by.
        later = Q(created_at=place.created_at, id__gte=place.run_id)
        runs = runs.filter(created_at__lte=place.created_at).exclude(later)
    return list(runs.select_related("app", "user", "key").only(*READ).order_by("-created_at", "-id")[:PAGE_RUNS])


def _page_write(file: BinaryIO, page: list[Run], form: Format) -> None:
    verdicts = {row.run_id: row for row in Feedback.unscoped.filter(run__in=page).order_by("updated_at")}
    records = (record_of(run, verdicts.get(run.id)) for run in page)
    if form == "csv":
        file.write(csv_text(record.values() for record in records).encode())
        return
    for line in _lines(records):
        file.write(line)


def _lines(records: Iterator[dict[str, object]]) -> Iterator[bytes]:
    for record in records:
        yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def record_of(run: Run, verdict: Feedback | None) -> dict[str, object]:
    """Return a run as a line of the file has it, in the order of `COLUMNS`."""
    answer = run.outputs.get("answer") if isinstance(run.outputs, dict) else None
    values: dict[str, object] = {
        "id": str(run.id),
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "app_id": str(run.app.id) if run.app else None,
        "app": run.app.name if run.app else None,
        "conversation_id": str(run.conversation_id) if run.conversation_id else None,
        "member": run.user.email if run.user else None,
        "key": run.key.name if run.key else None,
        "answer": answer if isinstance(answer, str) else None,
        "cost": format(run.cost.normalize(), "f"),
        "rating": verdict.rating if verdict else None,
        "comment": verdict.comment if verdict else None,
    }
    return {name: values[name] if name in values else getattr(run, name) for name in COLUMNS}
