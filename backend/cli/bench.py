"""`bench`: each bench compares with a peer and a gate."""

from collections.abc import Callable, Mapping
from functools import partial

from backend.cli.benches.analytics.run import analytics
from backend.cli.benches.embed import embed
from backend.cli.benches.ingest import ingest
from backend.cli.benches.overhead import overhead
from backend.cli.benches.quantize import quantize
from backend.cli.benches.retrieval.run import retrieval
from backend.cli.benches.serve.run import serve
from backend.cli.benches.skills.run import skills
from backend.cli.benches.workflow.run import workflow
from backend.cli.errors import CommandError
from backend.embedded.home import Home

# Takes the home and the JSON file; prints its table and returns 1 when a gate is missed.
Bench = Callable[[Home, str | None], int]
BENCHES: Mapping[str, Bench] = {
    "overhead": overhead,
    "serve": serve,
    "quantize": quantize,
    "embed": embed,
    "retrieval": retrieval,
    "ingest": ingest,
    "workflow": workflow,
    "skills": skills,
    "analytics": analytics,
}


def bench_run(
    home: Home,
    name: str,
    json_file: str | None,
    *,
    only: str = "",
    is_quick: bool = False,
    data: str | None = None,
    functions: str | None = None,
) -> int:
    """Run one bench, or all that there are; the highest of their exit codes.

    `only` chooses among the workloads of `serve`, `data` is a folder of labelled questions for `retrieval` and
    `skills`, `functions` one of public cases of function calls for `skills`, and `is_quick` makes each shorter.
    """
    if name != "all" and name not in BENCHES:
        raise CommandError(f"no bench {name!r}: choose one of {', '.join(BENCHES)} or all")
    chosen = [bench for known, bench in BENCHES.items() if name in (known, "all")]
    options = {
        "--only": (only, ("serve",)),
        "--quick": (is_quick, ("serve", "retrieval", "skills", "analytics")),
        "--data": (data, ("retrieval", "skills")),
        "--functions": (functions, ("skills",)),
    }
    for option, (given, names) in options.items():
        if given and name not in names:
            raise CommandError(f"{option} is for bench {' and '.join(names)}, not for {name}: leave it out")
    if name == "serve":
        chosen = [partial(serve, only=only, is_quick=is_quick)]
    if name == "retrieval":
        chosen = [partial(retrieval, is_quick=is_quick, data=data)]
    if name == "skills":
        chosen = [partial(skills, is_quick=is_quick, data=data, functions=functions)]
    if name == "analytics":
        chosen = [partial(analytics, is_quick=is_quick)]
    return max(bench(home, json_file) for bench in chosen)
