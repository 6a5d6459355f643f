"""`bench serve`: the embedded engine against what else runs a GGUF, workload by workload."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import httpx

from backend.cli.benches.serve.build import llama_server_built, server_python
from backend.cli.benches.serve.prompts import single_token_words
from backend.cli.benches.serve.rig import Rig
from backend.cli.benches.serve.servers import ours
from backend.cli.benches.serve.workloads import WORKLOADS
from backend.cli.benches.table import Row, report
from backend.cli.errors import CommandError
from backend.cli.screen import say
from backend.embedded.home import Home, is_locked
from inference.config import CHAT_MODEL

_ROUNDS = 3
_QUICK_ROUNDS = 1


def chosen_workloads(only: str) -> list[str]:
    """Read `--only W1,W6`; nothing means all, in their order."""
    wanted = [name.strip().upper() for name in only.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in WORKLOADS]
    if unknown:
        raise CommandError(f"no workload {unknown[0]!r}: choose among {', '.join(WORKLOADS)}")
    return [name for name in WORKLOADS if not wanted or name in wanted]


def serve(home: Home, json_file: str | None, *, only: str = "", is_quick: bool = False) -> int:
    """Measure, print the table, write the JSON and each request's times beside it; 1 when a gate is missed."""
    chosen = chosen_workloads(only)
    if is_locked(home) and chosen != ["W6"]:
        say(f"! The platform in {str(home.root)!r} runs: stop it (./atelier down) for figures of W1 to W5 that count.")
    # The servers are sessions of their own: a bench that is ended must end them first, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    folder = home.root / "bench"
    built = llama_server_built(folder), server_python(folder)
    rig, rows = asyncio.run(_measured(folder, *built, chosen, is_quick=is_quick))
    if json_file:
        path = Path(json_file)
        rig.write_records(path.with_name(f"{path.stem}.requests.jsonl"))
    raw = {row.metric: [row.ours, row.peer] for row in rows}
    return report("serve", "each row's peer", rows, raw, json_file)


async def _measured(
    folder: Path, binary: Path, python: Path, chosen: Sequence[str], *, is_quick: bool
) -> tuple[Rig, list[Row]]:
    with ours(folder) as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            words = await single_token_words(client, CHAT_MODEL)
    rig = Rig(folder, python, binary, words, rounds=_QUICK_ROUNDS if is_quick else _ROUNDS, is_quick=is_quick)
    rows: list[Row] = []
    for name in chosen:
        say(f"{name}:")
        rows += await WORKLOADS[name](rig)
    return rig, rows
