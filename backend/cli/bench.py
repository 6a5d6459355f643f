"""`bench`: each bench compares with a peer and a gate; those that have not come say so."""

from collections.abc import Callable, Mapping
from functools import partial

from backend.cli.benches.embed import embed
from backend.cli.benches.overhead import overhead
from backend.cli.benches.serve.run import serve
from backend.cli.errors import CommandError, NotYetError
from backend.embedded.home import Home

NAMES = ("overhead", "serve", "quantize", "embed", "retrieval", "ingest", "workflow", "skills")
# Takes the home and the JSON file; prints its table and returns 1 when a gate is missed.
Bench = Callable[[Home, str | None], int]
BENCHES: Mapping[str, Bench] = {"overhead": overhead, "serve": serve, "embed": embed}


def bench_run(home: Home, name: str, json_file: str | None, *, only: str = "", is_quick: bool = False) -> int:
    """Run one bench, or all that there are; the highest of their exit codes.

    `only` and `is_quick` choose among the workloads of `serve`.
    """
    if name != "all" and name not in NAMES:
        raise CommandError(f"no bench {name!r}: choose one of {', '.join(NAMES)} or all")
    chosen = [bench for known, bench in BENCHES.items() if name in (known, "all")]
    if (only or is_quick) and name != "serve":
        raise CommandError(f"--only and --quick are for bench serve, not for {name}: leave them out")
    if name == "serve":
        chosen = [partial(serve, only=only, is_quick=is_quick)]
    if not chosen:
        raise NotYetError(f"not yet: bench {name} has not come with this release")
    return max(bench(home, json_file) for bench in chosen)
