"""Our side of `bench workflow`: runs the chain with the engine alone, without a store, as often as it is asked."""

import asyncio
import json
import sys
import time
from typing import cast

from agents.dsl.saved import graph_read
from agents.ports import Absent, Ports
from agents.types import JsonObject, RunSpec
from agents.workflow.execute import run_graph
from backend.cli.benches.workflow.chain import saved_chain


async def _run(spec: RunSpec) -> float:
    """Return the seconds of one run, its validation included."""
    nothing = Absent()
    ports = Ports(models=nothing, knowledge=nothing, files=nothing)  # type: ignore[arg-type]  # no node asks for them
    started = time.perf_counter()
    last = None
    async for body in run_graph(spec, ports):
        last = body
    seconds = time.perf_counter() - started
    if last is None or last.kind != "run_finished":
        raise RuntimeError(f"the chain ended with {last!r}")
    return seconds


async def serve() -> None:
    """Answer every line of standard input with the time of one run; the end of it is the end."""
    specs: dict[int, RunSpec] = {}
    while line := await asyncio.to_thread(sys.stdin.readline):
        count = json.loads(line)["nodes"]
        if count not in specs:
            graph = graph_read(cast(JsonObject, saved_chain(count)))
            specs[count] = RunSpec("run", "bench", graph.nodes, graph.edges, inputs={"text": "x"}, mode="workflow")
        sys.stdout.write(json.dumps({"seconds": await _run(specs[count])}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
