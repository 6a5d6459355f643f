"""`bench analytics`: seeds a million runs in a home apart, counts them, and times every chart and the list."""

import os
from importlib import import_module

from backend.cli.benches.table import report
from backend.cli.screen import step
from backend.embedded.home import Home
from backend.embedded.stores import stores_running

RUNS = 1_000_000
QUICK_RUNS = 20_000


def analytics(home: Home, json_file: str | None, *, is_quick: bool = False, runs: int | None = None) -> int:
    """Run the bench; what was seeded once is used again."""
    count = runs or (QUICK_RUNS if is_quick else RUNS)
    apart = Home(home.root / "bench" / "analytics" / str(count))
    with stores_running(apart, is_durable=False) as env:
        apart.metrics.mkdir(mode=0o700, exist_ok=True)
        os.environ.update(env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "backend.config.settings"
        import_module("django").setup()
        # Models can only be imported once Django knows its settings.
        measuring = import_module("backend.cli.benches.analytics.measuring")
        with step(f"Seeding {count:,} runs"):
            workspace = measuring.seeded(count)
        with step("Counting them"):
            counted_s = measuring.counted()
        with step("Asking for every chart and every page"):
            rows, raw = measuring.measured(workspace, counted_s, count)
    return report("analytics", "the gate, or SQL over the runs", rows, raw, json_file)
