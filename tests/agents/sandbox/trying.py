"""Makes all attempts of the corpus; as a module, as the user that it runs as, and prints what came of each."""

import asyncio
import ctypes
import json
import os
import platform
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.sandbox.recipe import Host, Unavailable, host_found, launch_of
from agents.sandbox.worker import Worker
from agents.types import JsonObject, JsonValue
from tests.agents.sandbox.corpus import ATTEMPTS, KILLED_BY_FILTER, LIMITS, PREAMBLE, Attempt
from tests.agents.sandbox.weakening import CANARY


def attempts(user: str) -> tuple[Attempt, ...]:
    """Return what a user of this kind can try; some hold only where the machine has what they use."""
    is_intel = platform.machine() == "x86_64"
    return tuple(a for a in ATTEMPTS if user in a.users and (is_intel or "instruction set" not in a.name))


def _interfaces() -> Iterator[str]:
    for line in Path("/proc/net/dev").read_text().splitlines()[2:]:
        yield line.split(":")[0].strip()


@contextmanager
def surroundings() -> Iterator[dict[str, JsonValue]]:
    """Yield what there is to be found on the host: a server, a secret, shared memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(0, 4096, 0o1600)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        abstract = f"atelier-{os.getpid()}"
        local.bind("\0" + abstract)
        local.listen()
        with tempfile.NamedTemporaryFile("w", suffix=".secret", dir="/var/tmp") as secret:
            secret.write(CANARY)
            secret.flush()
            Path(secret.name).chmod(0o644)
            try:
                yield {
                    "port": server.getsockname()[1],
                    "abstract": abstract,
                    "secret": secret.name,
                    "canary": CANARY,
                    "segment": segment,
                    "pid": os.getpid(),
                    "hostname": os.uname().nodename,
                    "interfaces": list(_interfaces()),
                }
            finally:
                libc.shmctl(segment, 0, None)


async def gets_out(host: Host, attempt: Attempt, found: JsonObject, *, is_guarded: bool) -> str:
    """Return "out" or "held", or how the attempt ended without saying so."""
    launch = launch_of(host, attempt.language, LIMITS)
    if not is_guarded:
        launch = attempt.weaken(launch)
    code = attempt.code if attempt.language == "javascript" else PREAMBLE + attempt.code
    try:
        worker = await Worker.start(launch)
    except Unavailable as error:
        return str(error)
    ended = await worker.run(code, found, LIMITS)
    if ended.message is None:
        return "held" if ended.exit_status == KILLED_BY_FILTER else f"{ended.why} {ended.exit_status}"
    match ended.message.get("value"):
        case True:
            return "out"
        case False:
            return "held"
    return str(ended.message)


async def tried_all(user: str) -> dict[str, dict[str, str]]:
    """Return what came of each attempt, with its guard and without."""
    host = host_found()
    results = {}
    with surroundings() as found:
        for attempt in attempts(user):
            results[attempt.name] = {
                "guarded": await gets_out(host, attempt, found, is_guarded=True),
                "unguarded": await gets_out(host, attempt, found, is_guarded=False),
            }
    return results


if __name__ == "__main__":
    json.dump(asyncio.run(tried_all("root" if os.geteuid() == 0 else "ordinary")), sys.stdout)
