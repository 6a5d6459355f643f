"""How fast runs are exported and removed, and with how much memory: a script, since no test may depend on the clock.

    python -m tests.backend.runs.measure_keeping /tmp/keeping-home [RUNS]

fills a throw-away PostgreSQL with runs of ten events (once: the folder may be used again), exports all of them as CSV
and as JSON lines, and removes half.
"""

# ruff: noqa: T201

import os
import resource
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

from backend.embedded.home import Home
from backend.embedded.stores import stores_running
from tests.backend.runs import measure_list

EVENTS = """
INSERT INTO runs_runevent (run_id, seq, first_seq, at, kind, data)
SELECT id, seq, seq, created_at, 'node_finished', jsonb_build_object('outputs', repeat('x', 400))
  FROM runs_run, generate_series(1, 10) AS seq
"""


def memory_mb() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def export(form: str, folder: Path) -> None:
    from django.utils import timezone

    from backend.accounts.models import Workspace
    from backend.logs.exporting import Progress, export_write, runs_of_export

    runs = runs_of_export(Workspace.objects.get(name="many").id, {}, timezone.now())
    before, began = memory_mb(), time.perf_counter()
    end = export_write(folder / f"all.{form}", runs, form, Progress(0, None, 0), lambda _progress: None)
    took = time.perf_counter() - began
    size = end.written_bytes / 1024 / 1024
    print(
        f"{form}: {end.done} runs, {size:.0f} MB, {end.done / took:.0f} runs/s, {memory_mb() - before:.0f} MB more",
        flush=True,
    )


def remove() -> None:
    from django.db.models import Q
    from django.utils import timezone

    from backend.accounts.models import Workspace
    from backend.runs.removal import runs_remove

    workspace_id = Workspace.objects.get(name="many").id
    before = timezone.now() - timedelta(days=45)
    spans, gone, began = [], 0, time.perf_counter()
    while True:
        start = time.perf_counter()
        removed = runs_remove(workspace_id, Q(created_at__lt=before), before)
        if not removed.runs:
            break
        spans.append((time.perf_counter() - start) * 1000)
        gone += removed.runs
    took = time.perf_counter() - began
    print(f"removed: {gone} runs with {10 * gone} events, {gone / took:.0f} runs/s")
    slowest = sorted(spans)[-1]
    print(f"a batch: {statistics.median(spans):.0f} ms (median), {slowest:.0f} ms (the slowest of {len(spans)})")


def main() -> int:
    folder = Path(sys.argv[1])
    measure_list.RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with stores_running(Home(folder), is_durable=False) as env:
        os.environ.update(env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "backend.config.settings"
        import django

        django.setup()
        from django.db import connection

        if not (folder / "filled").exists():
            measure_list.seed()
            with connection.cursor() as cursor:
                cursor.execute(EVENTS)
            measure_list.index()
            (folder / "filled").touch()
        export("csv", folder)
        export("jsonl", folder)
        remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
