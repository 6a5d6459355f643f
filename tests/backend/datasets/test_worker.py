"""Indexing in a real prefork worker: what the kernel kills is taken up again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from backend.datasets.models import Chunk, Document
from backend.datasets.tasks import sweep
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Where the pool child writes its pid before it waits to be killed."""
    return tmp_path / "victim"


@pytest.fixture
def worker(marker: Path, files_root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with one pool child, on the tests' database, Redis and files."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(database),
        "REDIS_URL": settings.REDIS_URL,
        "ATELIER_HOME": str(files_root.parent),
        "ATELIER_TEST_MARKER": str(marker),
    }
    environment.setdefault("ATELIER_SECRETS_FILE", str(settings.ENVIRONMENT.home / "secrets.json"))
    command = [sys.executable, "-m", "celery", "-A", "tests.backend.datasets.worker", "worker"]
    options = ["-Q", "jobs", "-P", "prefork", "-c", "1", "-l", "warning", "-n", "jobs@test"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (marker.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen([*command, *options, *quiet], cwd=ROOT, env=environment, stdout=log, stderr=log)
    yield process
    # Its pool child dies with it; an orderly stop would take seconds and is not what is tested.
    process.kill()
    process.wait()


def wait_for(condition: Callable[[], bool], worker: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the condition holds; the test's own time limit ends it."""
    while not condition():
        assert worker.poll() is None, log.read_text()
        time.sleep(0.1)


def test_r02_a_document_whose_pool_child_was_killed_becomes_ready(
    library: Library, worker: subprocess.Popen[bytes], marker: Path
) -> None:
    document_id = library.upload("Terms.pdf", pdf_bytes(*PAGES)).json()["id"]
    log = marker.with_suffix(".log")
    wait_for(marker.exists, worker, log)
    wait_for(lambda: library.document(document_id)["status"] == "embedding", worker, log)

    victim = int(marker.read_text())
    assert victim != worker.pid
    os.kill(victim, signal.SIGKILL)
    # The lease of the dead runs out; a short one for all would run out under whoever takes over, too.
    Document.unscoped.filter(id=document_id).update(lease_expires_at=Now())

    def is_ready() -> bool:
        sweep()  # what beat has done every ten seconds
        return library.document(document_id)["status"] in ("ready", "failed")

    wait_for(is_ready, worker, log)
    document = library.document(document_id)
    assert (document["status"], document["attempts"], document["chunk_count"]) == ("ready", 2, 3)
    assert sorted(Chunk.unscoped.values_list("position", flat=True)) == [0, 1, 2]
    assert worker.poll() is None
