"""`bench workflow`: the engine's cost per node, without and with checkpoints, and many small workflows at once.

LangGraph runs the same chain in turns with ours: without a store, and with its checkpoints in the same PostgreSQL,
each written before the next node begins.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg

from backend.cli.benches.overhead import bench_token
from backend.cli.benches.peers import python_environment
from backend.cli.benches.sides import Side, side_of
from backend.cli.benches.table import Row, report
from backend.cli.benches.wire import Pieces, post
from backend.cli.benches.workflow.chain import saved_chain
from backend.cli.screen import step
from backend.embedded.home import Home
from backend.embedded.state import state_running

NODES = 50
ROUNDS = 30
WARM_UP_ROUNDS = 5
KEPT_ROUNDS = 12
AT_ONCE = 60
BURSTS = 3
BARE_GATE_MS, KEPT_GATE_MS, BURST_GATE_MS = 0.3, 3.0, 1000.0
TIMEOUT_S = 120.0
PEER = Path(__file__).parent / "peer.py"
PEER_PACKAGES = ("langgraph", "langgraph-checkpoint-postgres", "psycopg[binary,pool]", "jinja2")
PEER_SCHEMA = "bench_langgraph"
OURS = "backend.cli.benches.workflow.ours"


class Chain(Side):
    """A process that runs the chain."""

    def ms_per_node(self, **question: object) -> float:
        """Return what one run took, by node."""
        return float(str(self.ask(nodes=NODES, **question)["seconds"])) * 1000 / NODES


@contextmanager
def _peer_schema(url: str) -> Iterator[str]:
    """Make a place for the peer's tables in the platform's PostgreSQL; yields its address, and removes it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {PEER_SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {PEER_SCHEMA}")
        try:
            mark = "&" if "?" in url else "?"
            yield f"{url}{mark}options={quote(f'-csearch_path={PEER_SCHEMA}')}"
        finally:
            connection.execute(f"DROP SCHEMA {PEER_SCHEMA} CASCADE")


@contextmanager
def _app(console: httpx.Client, nodes: int) -> Iterator[str]:
    """Make a workflow with a chain of as many nodes; yields its id and removes it afterwards."""
    app = console.post("/apps", json={"name": f"bench: {nodes} nodes", "mode": "workflow"}).raise_for_status().json()
    try:
        draft = {"graph": saved_chain(nodes)}
        console.put(f"/apps/{app['id']}/draft", json=draft).raise_for_status()
        yield app["id"]
    finally:
        console.delete(f"/apps/{app['id']}")


def _elapsed_ms(lines: Iterator[str]) -> float:
    """Return how long a run took by its own last event; raises RuntimeError when it did not succeed."""
    for line in lines:
        if not line.startswith("data: {"):
            continue
        event = json.loads(line[6:])
        if "elapsed_ms" in event and "outputs" in event and "node_id" not in event:
            return float(event["elapsed_ms"])
    raise RuntimeError("a run did not finish: see the log of the runs worker")


def _kept_ms(console: httpx.Client, app: str) -> float:
    with console.stream("POST", f"/apps/{app}/runs", json={"inputs": {"text": "x"}}) as response:
        response.raise_for_status()
        return _elapsed_ms(response.iter_lines()) / NODES


def _published(console: httpx.Client, app: str) -> str:
    """Publish the app; return a key of its service API."""
    console.post(f"/apps/{app}/publish", json={}).raise_for_status()
    return str(console.post(f"/apps/{app}/keys", json={"name": "bench"}).raise_for_status().json()["key"])


async def _burst(port: int, key: str) -> tuple[list[float], int]:
    """Start `AT_ONCE` runs at the same moment through the service API, and read each one's stream to its end.

    Return the milliseconds of each for its client, and how many failed.
    """
    body = json.dumps({"inputs": {"text": "x"}, "response_mode": "streaming", "user": "bench"}).encode()

    async def one() -> float | None:
        began, pieces = time.perf_counter(), Pieces()
        async with asyncio.timeout(TIMEOUT_S):
            head = await post(port, "/v1/workflows/run", body, pieces, bearer=key)
        taken = (time.perf_counter() - began) * 1000
        return taken if head.status == 200 and _has_succeeded(b"".join(piece for _, piece in pieces)) else None

    results = await asyncio.gather(*(one() for _ in range(AT_ONCE)), return_exceptions=True)
    times = [result for result in results if isinstance(result, float)]
    return times, AT_ONCE - len(times)


def _has_succeeded(stream: bytes) -> bool:
    """Return whether the last event of a stream says that the workflow has succeeded."""
    events = [line for line in stream.splitlines() if line.startswith(b"data: ")]
    last = json.loads(events[-1].removeprefix(b"data: ")) if events else {}
    return last.get("event") == "workflow_finished" and last["data"]["status"] == "succeeded"


def _bare(ours: Chain, peer: Chain) -> tuple[list[float], list[float]]:
    """Return the times without a store; each side goes first in every other round."""
    times: dict[int, list[float]] = {0: [], 1: []}
    for number in range(WARM_UP_ROUNDS + ROUNDS):
        for which, side in ((0, ours), (1, peer)) if number % 2 else ((1, peer), (0, ours)):
            taken = side.ms_per_node()
            if number >= WARM_UP_ROUNDS:
                times[which].append(taken)
    return times[0], times[1]


def _kept(console: httpx.Client, app: str, peer: Chain) -> tuple[list[float], list[float]]:
    """Return the times with checkpoints in PostgreSQL, in turns."""
    ours, theirs = [], []
    for number in range(WARM_UP_ROUNDS + KEPT_ROUNDS):
        mine, other = _kept_ms(console, app), peer.ms_per_node(kept=1)
        if number >= WARM_UP_ROUNDS:
            ours.append(mine)
            theirs.append(other)
    return ours, theirs


def workflow(home: Home, json_file: str | None) -> int:
    """Print what a node costs and how many workflows at once hold; 1 when a gate is missed."""
    python = str(python_environment(home, "langgraph", PEER_PACKAGES))
    with bench_token(home) as (token, url, _):
        headers = {"Authorization": f"Bearer {token}"}
        state = state_running(home)
        assert state is not None, "the token was made on a running platform"
        with (
            httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=TIMEOUT_S) as console,
            _peer_schema(state.database_url) as peer_url,
            side_of(Chain, sys.executable, "-m", OURS) as ours,
            side_of(Chain, python, str(PEER), peer_url) as peer,
            _app(console, NODES) as chain,
            _app(console, 1) as small,
        ):
            with step(f"A chain of {NODES} nodes, without a store"):
                bare = _bare(ours, peer)
            with step(f"A chain of {NODES} nodes, every one a checkpoint in PostgreSQL"):
                kept = _kept(console, chain, peer)
            bursts, failed = [], 0
            with step(f"{AT_ONCE} small workflows at once, {BURSTS} times"):
                key, port = _published(console, small), console.base_url.port
                assert port is not None, "the platform's address names its port"
                asyncio.run(_burst(port, key))  # opens what is opened once: connections, the app's plan
                for _ in range(BURSTS):
                    times, lost = asyncio.run(_burst(port, key))
                    bursts.append(times)
                    failed += lost
    rows = _rows(bare, kept, bursts, failed)
    raw = {"ours": bare[0], "peer": bare[1], "ours kept": kept[0], "peer kept": kept[1]}
    return report(
        "workflow", "LangGraph", rows, {**raw, "at once": [time for times in bursts for time in times]}, json_file
    )


Pair = tuple[list[float], list[float]]


def _rows(bare: Pair, kept: Pair, bursts: Sequence[Sequence[float]], failed: int) -> list[Row]:
    ours_bare, peer_bare = (statistics.median(times) for times in bare)
    ours_kept, peer_kept = (statistics.median(times) for times in kept)
    p95 = statistics.median(_p95(times) for times in bursts)
    return [
        Row("no store, ms a node, p50", ours_bare, peer_bare, f"≤ {BARE_GATE_MS}", ours_bare <= BARE_GATE_MS),
        Row(
            "checkpoints in PostgreSQL, ms a node, p50",
            ours_kept,
            peer_kept,
            f"≤ {KEPT_GATE_MS:g}",
            ours_kept <= KEPT_GATE_MS,
        ),
        Row(f"{AT_ONCE} workflows at once over HTTP, ms, p95", p95, 0, f"≤ {BURST_GATE_MS:g}", p95 <= BURST_GATE_MS),
        Row(f"failed of {AT_ONCE * BURSTS}", failed, 0, "none", failed == 0),
    ]


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else float("inf")
