"""What the workloads share: the peers, their best thread settings, prompts, and a record of every request."""

import json
import os
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from backend.cli.benches.serve import servers
from backend.cli.benches.serve.chat import asks, chat_round, mixed_load
from backend.cli.benches.serve.figures import Timing, rate
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.servers import Server, Threads
from backend.cli.screen import say
from inference.config import CHAT_MODEL

Peer = Literal["locked Llama", "llama-server"]
_METRIC = re.compile(r'^atelier_(\w+?)(?:_total)?\{[^}]*model="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)


def candidates(cores: int) -> tuple[Threads, ...]:
    """The thread settings among which a peer has its best: all cores, one of them for decoding, one for all."""
    return tuple(dict.fromkeys((Threads(1, cores), Threads(cores, cores), Threads(1, 1))))


@dataclass
class Rig:
    """One run of the bench."""

    folder: Path
    server_python: Path
    llama_server: Path
    words: Sequence[str]
    rounds: int
    is_quick: bool
    records: list[dict[str, object]] = field(default_factory=list)
    _best: dict[Peer, Threads] = field(default_factory=dict)

    def prompts(self, seed: int) -> Prompts:
        """Prompts that no other seed gives."""
        return Prompts(self.words, seed)

    def record(self, workload: str, side: str, number: int, timings: Sequence[Timing]) -> None:
        """Keep what each request saw, times in milliseconds from the first request of the round."""
        if not timings:
            return
        start = min(timing.sent_at for timing in timings)
        for timing in timings:
            moments = [round((moment - start) * 1000, 1) for moment in timing.arrivals]
            kept = {
                "workload": workload, "side": side, "round": number, "status": timing.status,
                "sent_ms": round((timing.sent_at - start) * 1000, 1),
                "ended_ms": round((timing.ended_at - start) * 1000, 1),
                "prompt_tokens": timing.prompt_tokens, "tokens": timing.tokens, "arrivals_ms": moments,
                "finish_reason": timing.finish_reason, "error": timing.error,
                "calls": timing.calls,
            }  # fmt: skip
            self.records.append(kept)

    def write_records(self, path: Path) -> None:
        """One line per request."""
        path.write_text("".join(json.dumps(record) + "\n" for record in self.records), encoding="utf-8")

    def ours(self, scheduling: str = "mlfq") -> AbstractContextManager[Server]:
        return servers.ours(self.folder, scheduling)

    def peer(self, kind: Peer, threads: Threads) -> AbstractContextManager[Server]:
        if kind == "locked Llama":
            return servers.locked_llama(self.folder, self.server_python, self.llama_server.parent, threads)
        return servers.llama_server(self.folder, self.llama_server, threads)

    def plain_server(self, threads: Threads) -> AbstractContextManager[Server]:
        return servers.llama_cpp_server(self.folder, self.server_python, self.llama_server.parent, threads)

    async def best_threads(self, kind: Peer) -> Threads:
        """The setting with which the peer generated most in one round of mixed chats; measured once per run."""
        if kind not in self._best:
            found: dict[Threads, float] = {}
            for threads in candidates(os.cpu_count() or 1):
                with self.peer(kind, threads) as server:
                    timings = await chat_round(server.target, asks(self.prompts(0), mixed_load(1).shapes))
                self.record("threads", f"{kind} {threads}", 0, timings)
                found[threads] = rate(timings)
            self._best[kind] = max(found, key=lambda threads: found[threads])
            shown = ", ".join(f"{threads}: {speed:.0f}" for threads, speed in found.items())
            say(f"  {kind}, tok/s by threads: {shown}; taken: {self._best[kind]}")
        return self._best[kind]


def engine_counters(server: Server) -> dict[str, float]:
    """What our server's /metrics says of the chat model now, by name without prefix and suffix."""
    text = httpx.get(f"{server.url}/metrics", trust_env=False).raise_for_status().text
    return {name: float(value) for name, model, value in _METRIC.findall(text) if model == CHAT_MODEL}


def risen(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """How much each counter grew."""
    return {name: value - before.get(name, 0.0) for name, value in after.items()}


def is_healthy(server: Server) -> bool:
    """True when the process that was started lives and its models can be asked."""
    return server.process.poll() is None and httpx.get(f"{server.url}/health", trust_env=False).status_code == 200
