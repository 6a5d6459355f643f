"""What every bench prints and writes: rows of ours against a peer, with the gate, and the raw times beside them."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.cli.errors import CommandError
from backend.cli.screen import say


@dataclass(frozen=True)
class Row:
    """One figure of ours and of the peer; `gate` says in words what must hold, `is_met` whether it does."""

    metric: str
    ours: float
    peer: float
    gate: str
    is_met: bool

    @property
    def ratio(self) -> float:
        return self.ours / self.peer if self.peer else float("inf")


def machine() -> dict[str, object]:
    """What ran it: figures of two machines are not compared."""
    return {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()}


def json_write(file: str, body: Mapping[str, object]) -> None:
    """Write figures; raises CommandError where they cannot be."""
    try:
        Path(file).write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file!r} cannot be written: {error.strerror}; choose another file for --json") from error


def report(name: str, peer: str, rows: Sequence[Row], raw: Mapping[str, Sequence[float]], json_file: str | None) -> int:
    """Print the table, write the JSON when asked for, and return 1 when a gate is missed."""
    width = max(len(row.metric) for row in rows)
    say(f"{name}: ours against {peer}")
    say(f"{'metric':{width}}  {'ours':>10}  {'peer':>10}  {'ratio':>7}  gate")
    for row in rows:
        mark = "✓" if row.is_met else "✗"
        say(f"{row.metric:{width}}  {row.ours:>10.2f}  {row.peer:>10.2f}  {row.ratio:>7.2f}  {mark} {row.gate}")
    if json_file:
        shown = [{**asdict(row), "ratio": row.ratio, "pass": row.is_met, "peer_name": peer} for row in rows]
        for row in shown:
            del row["is_met"]
        body = {"name": name, "machine": machine(), "rows": shown, "raw_ms": {key: list(raw[key]) for key in raw}}
        json_write(json_file, body)
    return 0 if all(row.is_met for row in rows) else 1
