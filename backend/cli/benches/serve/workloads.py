"""W1 to W6 in one run: each starts its servers, measures in turns, and returns its rows of the table."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from os import cpu_count

from backend.cli.benches.serve import gates
from backend.cli.benches.serve.chat import (
    CLIENTS,
    LONG_CHAT,
    SHORT_CHAT,
    Load,
    asks,
    chat_round,
    mixed_load,
    plain_load,
    stall_round,
)
from backend.cli.benches.serve.figures import Timing, gaps, middle, percentile, rate
from backend.cli.benches.serve.jobs import (
    LOAD,
    capacity,
    job_shapes,
    job_trace,
    outcome,
    overload_capacity,
    overload_round,
)
from backend.cli.benches.serve.loads import closed_loop, open_loop
from backend.cli.benches.serve.processes import busy_core
from backend.cli.benches.serve.rag import rag_round
from backend.cli.benches.serve.rig import Rig, engine_counters, is_healthy, risen
from backend.cli.benches.serve.servers import Server, Threads
from backend.cli.benches.serve.tools import call_asks, free_asks, is_valid_call
from backend.cli.benches.table import Row
from backend.cli.screen import say

Workload = Callable[[Rig], Awaitable[list[Row]]]
_WARM_UP = 900_000
# The default of the engine: a request that would wait longer for its first token is refused.
_FIRST_TOKEN_TARGET_S = 30.0


async def _in_turns(rig: Rig, name: str, load: Load, sides: Mapping[str, Server]) -> dict[str, list[list[Timing]]]:
    """Rounds of the same requests on each side in turn; the side that begins changes from round to round."""
    rounds: dict[str, list[list[Timing]]] = {side: [] for side in sides}
    for number in range(rig.rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for side in order:
            prompts = rig.prompts(hash_of(name, load.name, number))
            timings = await chat_round(sides[side].target, asks(prompts, load.shapes))
            rig.record(f"{name} {load.name}", side, number, timings)
            rounds[side].append(timings)
            say(f"  {name} {load.name}, round {number + 1}, {side}: {rate(timings):.1f} tok/s")
    return rounds


def hash_of(*parts: object) -> int:
    """A seed for prompts; the same in every run, another one for every part."""
    return int.from_bytes("/".join(map(str, parts)).encode(), "big") % (2**61 - 1)


async def _warm_up(rig: Rig, *servers: Server) -> None:
    """Let each server see a few requests first: pages of the model, threads, measured speeds."""
    for server in servers:
        await chat_round(server.target, asks(rig.prompts(_WARM_UP), mixed_load(1).shapes))


async def chat(rig: Rig) -> list[Row]:
    """W1: tokens per second of eight clients, and the gaps that a long prompt makes."""
    locked_threads, server_threads = await rig.best_threads("locked Llama"), await rig.best_threads("llama-server")
    with ExitStack() as stack:
        ours = stack.enter_context(rig.ours())
        server = stack.enter_context(rig.peer("llama-server", server_threads))
        locked = stack.enter_context(rig.peer("locked Llama", locked_threads))
        await _warm_up(rig, ours, server)
        before = engine_counters(ours)
        load = mixed_load(1 if rig.is_quick else 2)
        rounds = await _in_turns(rig, "W1", load, {"ours": ours, "llama-server": server, "locked Llama": locked})
        work = risen(before, engine_counters(ours))
        stalls: dict[str, list[float]] = {"ours": [], "llama-server": []}
        for number in range(rig.rounds):
            for side, where in (("ours", ours), ("llama-server", server)):
                found, timings = await stall_round(where.target, rig.prompts(hash_of("stall", number)))
                rig.record("W1 stall", side, number, timings)
                stalls[side] += found
    speeds = {side: [rate(timings) for timings in found] for side, found in rounds.items()}
    rows = [
        gates.faster(
            f"W1 tok/s, llama-server {server_threads}",
            speeds["ours"],
            speeds["llama-server"],
            gates.CHAT_AGAINST_SERVER,
        ),
        gates.faster(
            f"W1 tok/s, locked Llama {locked_threads}",
            speeds["ours"],
            speeds["locked Llama"],
            gates.CHAT_AGAINST_LOCKED,
        ),
        await _plain_server(rig, speeds["ours"], locked_threads),
        *_latencies("W1", rounds["ours"], rounds["llama-server"]),
        gates.stall(stalls["ours"], stalls["llama-server"]),
    ]
    return [*rows, *_engine_rows(work)]


async def _plain_server(rig: Rig, ours: list[float], threads: Threads) -> Row:
    """llama_cpp.server once: by default it breaks a stream off when the next request comes."""
    with rig.plain_server(threads) as server:
        timings = await chat_round(server.target, asks(rig.prompts(hash_of("plain")), mixed_load(1).shapes))
    rig.record("W1 mixed", "llama_cpp.server", 0, timings)
    whole = sum(timing.finish_reason == "length" for timing in timings)
    note = f"{whole} of {len(timings)} answers came whole"
    return gates.shown(f"W1 tok/s, llama_cpp.server {threads}", middle(ours), rate(timings), note)


def _latencies(name: str, ours: list[list[Timing]], peer: list[list[Timing]]) -> list[Row]:
    rows = []
    for label, share in (("p50", 0.5), ("p99", 0.99)):
        first = [percentile([t.first_s for found in side for t in found], share) * 1000 for side in (ours, peer)]
        rows.append(gates.shown(f"{name} time to first token, {label}, ms", *first))
    for label, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1.0)):
        between = [
            percentile([gap for found in side for t in found for gap in gaps(t)] or [0.0], share) * 1000
            for side in (ours, peer)
        ]
        rows.append(gates.shown(f"{name} gap between tokens, {label}, ms", *between))
    return rows


def _engine_rows(work: Mapping[str, float]) -> list[Row]:
    """What our engine counted itself while it was measured."""
    if not work.get("steps"):
        return []
    in_steps = work["step_sequences"] / work["steps"]
    python = 100 * (1 - work["compute_seconds"] / work["step_seconds"]) if work.get("step_seconds") else 0.0
    return [
        Row("W1 sequences per step, mean", in_steps, 0.0, "at least 4", in_steps >= gates.SEQUENCES_PER_STEP),
        Row("W1 Python's share of a step, %", python, 0.0, "at most 5 %", python <= gates.PYTHON_SHARE),
    ]


async def rag(rig: Rig) -> list[Row]:
    """W2: time to first token with 1,500 tokens in the prefix cache, against without."""
    with rig.ours() as ours, rig.peer("llama-server", await rig.best_threads("llama-server")) as peer:
        await _warm_up(rig, ours, peer)
        cold: dict[str, list[float]] = {"ours": [], "llama-server": []}
        warm: dict[str, list[float]] = {"ours": [], "llama-server": []}
        for number in range(rig.rounds):
            for side, server in (("ours", ours), ("llama-server", peer)):
                found = await rag_round(server.target, rig.prompts(hash_of("rag", number)), number)
                rig.record("W2", side, number, [found.cold, *found.warm])
                cold[side].append(found.cold.first_s)
                warm[side] += [timing.first_s for timing in found.warm]
    peer_row = gates.shown(
        "W2 llama-server, warm / cold, ms", middle(warm["llama-server"]) * 1000, middle(cold["llama-server"]) * 1000
    )
    return [gates.warm(warm["ours"], cold["ours"]), peer_row]


async def jobs(rig: Rig) -> list[Row]:
    """W3: the same trace under our order and under first come, first served."""
    count = 60 if rig.is_quick else 120
    found: dict[str, list[Timing]] = {}
    per_s = 0.0
    for scheduling in ("fcfs", "mlfq"):  # the capacity is measured in the first: there the longest stay first
        with rig.ours(scheduling) as server:
            await _warm_up(rig, server)
            if not per_s:
                per_s = LOAD * await capacity(server.target, rig.prompts(hash_of("capacity")), job_shapes(40))
            found[scheduling] = await open_loop(server.target, job_trace(rig.prompts(hash_of("jobs")), per_s, count))
            rig.record("W3", scheduling, 0, found[scheduling])
    longest = [max(timing.elapsed_s for timing in found[side]) for side in ("mlfq", "fcfs")]
    return [
        gates.jobs(found["mlfq"], found["fcfs"]),
        gates.shown("W3 longest job, ours / FCFS, s", *longest, note=f"{per_s:.2f} jobs a second"),
    ]


async def calls(rig: Rig) -> list[Row]:
    """W4: calls of tools by grammar, and as many tokens without one."""
    count = CLIENTS * (2 if rig.is_quick else 5)
    with rig.ours() as server:
        await _warm_up(rig, server)
        bound: list[float] = []
        free: list[float] = []
        valid = asked = 0
        # The tools stand at the head of every prompt: both sides find them cached.
        await closed_loop(server.target, call_asks(rig.prompts(hash_of("tools")), 1), 1)
        for number in range(rig.rounds):
            requests = call_asks(rig.prompts(hash_of("calls", number)), count)
            timings = await closed_loop(server.target, requests, CLIENTS)
            rig.record("W4 grammar", "ours", number, timings)
            valid += sum(is_valid_call(timing) for timing in timings)
            asked += len(timings)
            # Other questions, or they would be cached; the same lengths in the same order, or batches would differ.
            twins = free_asks(rig.prompts(hash_of("free", number)), [timing.tokens for timing in timings])
            loose = await closed_loop(server.target, twins, CLIENTS)
            rig.record("W4 free", "ours", number, loose)
            bound.append(rate(timings))
            free.append(rate(loose))
    return [
        gates.calls(valid, asked),
        gates.faster("W4 tok/s, with grammar / without", bound, free, gates.GRAMMAR_SPEED),
    ]


async def overload(rig: Rig) -> list[Row]:
    """W5: three times as many requests as the server manages."""
    lasts_s = 15.0 if rig.is_quick else 60.0
    with rig.ours() as server:
        await _warm_up(rig, server)
        per_s = await overload_capacity(server.target, rig.prompts(hash_of("overload capacity")))
        timings = await overload_round(server.target, rig.prompts(hash_of("overload")), per_s, lasts_s)
        rig.record("W5", "ours", 0, timings)
        restarts = engine_counters(server).get("engine_restarts", 0.0)
        survived = is_healthy(server) and restarts == 0
    first = [timing.first_s for timing in timings if timing.is_whole]
    return gates.overloaded(outcome(timings), first, _FIRST_TOKEN_TARGET_S, survived=survived)


async def busy(rig: Rig) -> list[Row]:
    """W6: W1's two sizes while another process keeps a core busy, against llama-server at threads = cores."""
    cores = cpu_count() or 1
    rows = []
    with rig.ours() as ours, rig.peer("llama-server", Threads(cores, cores)) as server:
        await _warm_up(rig, ours, server)
        with busy_core():
            for shape in (LONG_CHAT, SHORT_CHAT):
                load = plain_load(shape, 1)
                rounds = await _in_turns(rig, "W6", load, {"ours": ours, "llama-server": server})
                speeds = {side: [rate(timings) for timings in found] for side, found in rounds.items()}
                metric = f"W6 tok/s, {load.name}, llama-server -t {cores} -tb {cores}"
                rows.append(gates.faster(metric, speeds["ours"], speeds["llama-server"], gates.BUSY_RATIOS[load.name]))
    return rows


WORKLOADS: Mapping[str, Workload] = {"W1": chat, "W2": rag, "W3": jobs, "W4": calls, "W5": overload, "W6": busy}
