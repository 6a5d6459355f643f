"""Exports: what the filters choose, once each, as CSV without formulas or as lines of JSON, whatever dies meanwhile."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.utils import timezone

from backend.accounts.models import Role
from backend.files.models import StoredFile
from backend.files.services import file_path
from backend.logs import exporting, working
from backend.logs.jobs import FILE_TTL, export_create, jobs_forget
from backend.logs.models import Feedback, LogJob
from backend.logs.working import job_run, jobs_reclaim, part_of
from backend.runs.models import Run
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


def runs_made(owner: Person, count: int, **values: object) -> list[Run]:
    at = timezone.now() - timedelta(days=1)
    rows = [
        Run(
            workspace=owner.workspace,
            source="console",
            status="succeeded",
            spec={},
            query=f"question {number}",
            outputs={"answer": f"answer {number}"},
            finished_at=at,
            **values,
        )
        for number in range(count)
    ]
    made = Run.objects.bulk_create(rows)
    # Many began at the same moment: the id decides their order.
    for number, run in enumerate(made):
        Run.unscoped.filter(id=run.id).update(created_at=at + timedelta(seconds=number // 7))
    return made


def file_text(owner: Person, export_id: str) -> str:
    answer = owner.request("GET", f"/run-exports/{export_id}/file")
    assert answer.status_code == 200, answer.content

    async def collect() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    assert "attachment" in answer["Content-Disposition"] and answer["X-Content-Type-Options"] == "nosniff"
    return (async_to_sync(collect)() if answer.is_async else b"".join(answer.streaming_content)).decode()


def exported(owner: Person, **asked: Any) -> str:
    made = owner.request("POST", "/run-exports", asked)
    assert made.status_code == 201, made.content
    job_run(uuid.UUID(made.json()["id"]))
    ended = owner.request("GET", f"/run-exports/{made.json()['id']}").json()
    assert ended["status"] == "finished", ended
    assert ended["done"] == ended["total"] and ended["size_bytes"] > 0
    return str(ended["id"])


def test_what_the_filters_choose_is_there_once_and_newest_first(
    owner: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE_RUNS", 4)
    made = runs_made(owner, 23)
    runs_made(owner, 3, model="other")
    runs_made(stranger, 2)
    Feedback.objects.create(workspace=owner.workspace, run=made[0], rating="like", comment="good")
    text = file_text(owner, exported(owner, form="jsonl", filters={"search": "question", "until": "2999-01-01"}))
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == 26 and len({line["id"] for line in lines}) == 26
    assert [(line["created_at"], line["id"]) for line in lines] == sorted(
        ((line["created_at"], line["id"]) for line in lines), reverse=True
    )
    [liked] = [line for line in lines if line["rating"]]
    assert (liked["id"], liked["comment"], liked["answer"]) == (str(made[0].id), "good", "answer 0")
    assert liked["outputs"] == {"answer": "answer 0"}


def test_no_cell_is_a_formula_and_every_text_survives(owner: Person) -> None:
    said = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", 'a "quoted", \n text', "好的"]
    for text in said:
        [run] = runs_made(owner, 1)
        Run.unscoped.filter(id=run.id).update(query=text, outputs={"answer": text}, cost="0.00001")
    text = file_text(owner, exported(owner))
    assert text[0] == "\ufeff"
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert {row["query"] for row in rows} == {f"'{item}" if item[0] in "=+-@\t" else item for item in said}
    assert {row["cost"] for row in rows} == {"0.00001"}


def test_a_run_that_begins_later_is_not_among_them(owner: Person) -> None:
    runs_made(owner, 2)
    job = export_create(workspace_id=owner.workspace.id, filters={}, form="jsonl")
    Run.objects.create(workspace=owner.workspace, source="console", spec={})
    job_run(job.id)
    assert LogJob.unscoped.get(id=job.id).done == 2


KILLED = """
import sys, uuid
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[2]
from backend.logs import exporting, working
exporting.PAGE_RUNS, exporting.NOTE_S = 5, 0.0
write, pages = exporting._page_write, []
def slow(file, page, form):
    pages.append(1)
    write(file, page, form)
    if len(pages) == 4:
        file.flush()  # what nobody has noted yet is on the disk
        print("HERE", flush=True)
        sys.stdin.read()
exporting._page_write = slow
working.job_run(uuid.UUID(sys.argv[1]))
"""


def test_a_worker_killed_in_the_middle_costs_no_line_and_writes_none_twice(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_made(owner, 40)
    job = export_create(workspace_id=owner.workspace.id, filters={}, form="csv")
    command = [sys.executable, "-c", KILLED, str(job.id), str(connection.settings_dict["NAME"])]
    worker = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        assert worker.stdout is not None and worker.stdout.readline() == "HERE\n"
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(30)
    finally:
        worker.kill()
        worker.communicate()
    left = LogJob.unscoped.get(id=job.id)
    assert left.status == "running" and left.done == 15
    assert part_of(job.id).stat().st_size > left.written_bytes, "the dead worker wrote more than it noted"
    assert job.id not in jobs_reclaim(), "its lease still holds"
    LogJob.unscoped.filter(id=job.id).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert job.id in jobs_reclaim()
    began: list[int] = []
    write = exporting.export_write

    def seen(path: Path, runs: Any, form: Any, start: exporting.Progress, note: Any) -> exporting.Progress:
        began.append(start.done)
        return write(path, runs, form, start, note)

    monkeypatch.setattr(working, "export_write", seen)
    job_run(job.id)
    assert began == [15], "it went on where it was"
    rows = list(csv.DictReader(io.StringIO(file_text(owner, str(job.id))[1:], newline="")))
    assert sorted(row["query"] for row in rows) == sorted(f"question {number}" for number in range(40))
    assert not part_of(job.id).exists()


def test_a_file_that_is_gone_is_begun_anew(owner: Person) -> None:
    runs_made(owner, 3)
    job = export_create(workspace_id=owner.workspace.id, filters={}, form="jsonl")
    place = {"created_at": timezone.now().isoformat(), "run_id": str(uuid.uuid4())}
    LogJob.unscoped.filter(id=job.id).update(status="running", done=2, written_bytes=500, place=place, total=3)
    job_run(job.id)
    assert len(file_text(owner, str(job.id)).splitlines()) == 3


def test_an_export_is_cancelled_before_and_while_it_runs(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    runs_made(owner, 6)
    job = export_create(workspace_id=owner.workspace.id, filters={}, form="csv")
    assert owner.request("POST", f"/run-exports/{job.id}/cancel").json()["status"] == "cancelled"
    monkeypatch.setattr(exporting, "PAGE_RUNS", 2)
    monkeypatch.setattr(exporting, "NOTE_S", 0.0)
    job = export_create(workspace_id=owner.workspace.id, filters={}, form="csv")
    page = exporting._page

    def unwanted(*given: Any) -> list[Run]:
        LogJob.unscoped.filter(id=job.id).update(is_cancel_wanted=True)
        return page(*given)

    monkeypatch.setattr(exporting, "_page", unwanted)
    job_run(job.id)
    assert LogJob.unscoped.get(id=job.id).status == "cancelled"
    assert not part_of(job.id).exists() and not StoredFile.unscoped.exists()
    assert owner.request("GET", f"/run-exports/{job.id}/file").status_code == 404


def test_a_file_is_kept_for_a_week(owner: Person) -> None:
    runs_made(owner, 1)
    export_id = exported(owner)
    path = file_path(StoredFile.unscoped.get())
    jobs_forget()
    assert path.exists()
    LogJob.unscoped.update(finished_at=timezone.now() - FILE_TTL - timedelta(minutes=1))
    jobs_forget()
    assert not path.exists() and owner.request("GET", f"/run-exports/{export_id}/file").status_code == 404
    assert owner.request("GET", "/run-exports").json()["results"][0]["size_bytes"] is None


def test_wrong_filters_are_refused_and_so_is_a_sixth_export_at_once(
    owner: Person, member: Callable[[Role], Person]
) -> None:
    assert owner.request("POST", "/run-exports", {"filters": {"status": "nonsense"}}).status_code == 400
    assert owner.request("POST", "/run-exports", {"form": "xml"}).status_code == 400
    assert member(Role.VIEWER).request("POST", "/run-exports", {}).status_code == 403
    answers = [owner.request("POST", "/run-exports", {}).status_code for _ in range(6)]
    assert answers == [201] * 5 + [409]
