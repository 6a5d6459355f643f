"""Code that takes all it can get. As a module it sets all of it off as the user that it runs as, and prints the end."""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, replace

from agents.errors import CodeFailed
from agents.ports import CodeLimits, Language
from agents.sandbox.pool import SandboxPool
from agents.sandbox.recipe import Host, host_found, launch_of
from agents.sandbox.verdict import result_of
from agents.sandbox.worker import Ended, Worker

LIMITS = CodeLimits(wall_s=3, cpu_s=2, memory_bytes=512 << 20)
PATIENT = replace(LIMITS, wall_s=60, cpu_s=30)
GRACE_S = 2.0
STOPPED = ("longer than 3 s", "processor time")
# On a busy machine the clock may be first.
OUT_OF_MEMORY = ("MemoryError", "of memory", "crashed", *STOPPED)


@dataclass(frozen=True)
class Bomb:
    """Code without an end, or with a bad one; its failure says one of `told`."""

    name: str
    code: str
    told: tuple[str, ...]
    language: Language = "python3"

    @property
    def limits(self) -> CodeLimits:
        """What ends of itself gets the time that a busy machine needs."""
        return LIMITS if set(STOPPED) & set(self.told) else PATIENT


BOMBS = (
    Bomb(
        "forks",
        "import os\n"
        "def main():\n"
        "    while True:\n"
        "        try:\n"
        "            os.fork()\n"
        "        except OSError:\n"
        "            pass",
        STOPPED,
    ),
    Bomb(
        "starts programs",
        "import subprocess\n"
        "def main():\n"
        "    while True:\n"
        "        try:\n"
        "            subprocess.Popen(['/usr/bin/yes'])\n"
        "        except OSError:\n"
        "            pass",
        STOPPED,
    ),
    Bomb(
        "spins",
        "def main():\n    while True: pass",
        STOPPED,
    ),
    Bomb(
        "spins when it is imported",
        "while True: pass",
        STOPPED,
    ),
    Bomb(
        "spins in C",
        "def main():\n    return str(9 ** 9 ** 9)",
        STOPPED,
    ),
    Bomb(
        "backtracks",
        "import re\ndef main():\n    re.match('(a+)+$', 'a' * 60 + 'b')",
        STOPPED,
    ),
    Bomb(
        "spins in threads",
        "import threading\n"
        "def spin():\n"
        "    while True: pass\n"
        "def main():\n"
        "    try:\n"
        "        while True: threading.Thread(target=spin).start()\n"
        "    except RuntimeError:\n"
        "        spin()",
        STOPPED,
    ),
    Bomb(
        "sleeps",
        "import time\ndef main():\n    time.sleep(3600)",
        STOPPED[:1],
    ),
    Bomb(
        "sleeps and ignores every signal",
        "import signal, time\n"
        "def main():\n"
        "    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "        signal.signal(number, signal.SIG_IGN)\n"
        "    time.sleep(3600)",
        STOPPED[:1],
    ),
    Bomb(
        "stops itself",
        "import os, signal\ndef main():\n    os.kill(os.getpid(), signal.SIGSTOP)",
        STOPPED[:1],
    ),
    Bomb(
        "closes every pipe and sleeps",
        "import os, time\ndef main():\n    os.closerange(0, 64)\n    time.sleep(3600)",
        ("closed the channel of its result", *STOPPED),
    ),
    Bomb(
        "ignores its limit of processor time",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        STOPPED,
    ),
    Bomb(
        "takes memory",
        "def main():\n    kept = []\n    while True: kept.append(bytearray(1 << 22))",
        OUT_OF_MEMORY,
    ),
    Bomb(
        "takes memory at once",
        "def main():\n    return len('a' * (1 << 40))",
        OUT_OF_MEMORY,
    ),
    Bomb(
        "takes memory for objects",
        "def main():\n    kept = []\n    while True: kept.append([kept])",
        (
            *OUT_OF_MEMORY,
            *STOPPED,
        ),
    ),
    Bomb(
        "takes shared memory",
        "import mmap\n"
        "def main():\n"
        "    kept = []\n"
        "    while True:\n"
        "        kept.append(mmap.mmap(-1, 1 << 24))\n"
        "        kept[-1].write(bytes(1 << 24))",
        (
            "Cannot allocate memory",
            *OUT_OF_MEMORY,
        ),
    ),
    Bomb(
        "fills the disk",
        "def main():\n    for i in range(1000):\n        open(f'/box/{i}', 'wb').write(bytes(8 << 20))",
        ("No space left",),
    ),
    Bomb(
        "writes a large file",
        "def main():\n    open('/box/a', 'wb').write(bytes(64 << 20))",
        ("File too large",),
    ),
    Bomb(
        "makes files",
        "def main():\n    n = 0\n    while True:\n        open(f'/box/{n}', 'w').close()\n        n += 1",
        (
            "No space left",
            *STOPPED,
        ),
    ),
    Bomb(
        "opens files",
        "def main():\n    kept = []\n    while True: kept.append(open('/dev/null'))",
        ("Too many open files",),
    ),
    Bomb(
        "prints a gigabyte",
        "def main():\n    for _ in range(1024): print('x' * (1 << 20))",
        ("printed more than 8 MB",),
    ),
    Bomb(
        "prints a gigabyte of errors",
        "import sys\ndef main():\n    for _ in range(1024): sys.stderr.write('x' * (1 << 20))",
        ("printed more than 8 MB",),
    ),
    Bomb(
        "recurses",
        "def main():\n    return main()",
        ("RecursionError",),
    ),
    Bomb(
        "recurses without a limit",
        "import sys\n"
        "sys.setrecursionlimit(1 << 30)\n"
        "class A:\n"
        "    def __repr__(self): return repr(self)\n"
        "def main():\n"
        "    return repr(A())",
        (
            "crashed",
            "MemoryError",
            *STOPPED,
        ),
    ),
    Bomb(
        "returns a gigabyte",
        "def main():\n    return ['x' * (1 << 20)] * 1024",
        (
            "at most 262144",
            *OUT_OF_MEMORY,
            *STOPPED,
        ),
    ),
    Bomb(
        "returns a deep list",
        "def main():\n    a = []\n    for _ in range(100_000): a = [a]\n    return a",
        (
            "RecursionError",
            "crashed",
        ),
    ),
    Bomb(
        "JavaScript spins",
        "function main() { for (;;); }",
        STOPPED,
        "javascript",
    ),
    Bomb(
        "JavaScript spins in promises",
        "const again = () => Promise.resolve().then(again);\nconst main = () => again();",
        STOPPED,
        "javascript",
    ),
    Bomb(
        "JavaScript waits",
        "const main = () => new Promise(() => setInterval(() => {}, 1000));",
        STOPPED[:1],
        "javascript",
    ),
    Bomb(
        "JavaScript takes memory",
        "function main() {\n  const kept = [];\n  for (;;) kept.push(new Array(1e5).fill({}));\n}",
        (
            *OUT_OF_MEMORY,
            *STOPPED,
        ),
        "javascript",
    ),
    Bomb(
        "JavaScript takes memory beside its heap",
        "function main() {\n  const kept = [];\n  for (;;) kept.push(Buffer.alloc(1 << 24, 1));\n}",
        (
            "allocation failed",
            *OUT_OF_MEMORY,
        ),
        "javascript",
    ),
    Bomb(
        "JavaScript starts workers",
        "const { Worker } = require('worker_threads');\n"
        "function main() {\n"
        "  return new Promise(() => {\n"
        "    for (;;) new Worker('for(;;);', { eval: true });\n"
        "  });\n"
        "}",
        (
            "ERR_WORKER",
            "ended its process",
            "EAGAIN",
            *OUT_OF_MEMORY,
            *STOPPED,
        ),
        "javascript",
    ),
    Bomb(
        "JavaScript prints a gigabyte",
        "function main() { for (;;) console.log('x'.repeat(1 << 20)); }",
        ("printed more than 8 MB",),
        "javascript",
    ),
    Bomb(
        "JavaScript makes a long text",
        "const main = () => 'x'.repeat(2 ** 29 - 24).length && 'x'.repeat(2 ** 28);",
        (
            "at most 262144",
            "RangeError",
            *OUT_OF_MEMORY,
            *STOPPED,
        ),
        "javascript",
    ),
)


@dataclass(frozen=True)
class Blast:
    """What came of a bomb: its failure, how long it took, and what a small job beside it gave."""

    told: str
    elapsed_s: float
    beside: object


async def set_off(pool: SandboxPool, host: Host, bomb: Bomb) -> Blast:
    """Run the bomb, and a small job once it burns. Its time counts from when its sandbox was ready."""
    worker = await Worker.start(launch_of(host, bomb.language, bomb.limits))

    async def burn() -> tuple[Ended, float]:
        began = time.monotonic()
        ended = await worker.run(bomb.code, {}, bomb.limits)
        return ended, time.monotonic() - began

    task = asyncio.create_task(burn())
    await asyncio.sleep(0.2)
    beside = await pool.run("python3", "def main(a):\n    return a + 1", {"a": 1})
    ended, elapsed_s = await task
    try:
        told = f"it returned {str(result_of(ended, bomb.limits).value)[:100]!r}"
    except CodeFailed as error:
        told = str(error)
    return Blast(told, elapsed_s, beside.value)


async def set_off_all() -> dict[str, dict[str, object]]:
    """Return what came of every bomb, as `Blast` has it, three at a time."""
    pool = SandboxPool()
    assert pool.reason_off == "", pool.reason_off
    host = host_found()
    blasts: dict[str, Blast] = {}
    left = list(BOMBS)

    async def work() -> None:
        while left:
            bomb = left.pop()
            blasts[bomb.name] = await set_off(pool, host, bomb)

    await asyncio.gather(work(), work(), work())
    # Three at a time beside other tests: one that ended late is set off again, alone.
    for bomb in BOMBS:
        if blasts[bomb.name].elapsed_s >= bomb.limits.wall_s + GRACE_S:
            blasts[bomb.name] = await set_off(pool, host, bomb)
    await pool.aclose()
    return {name: asdict(blast) for name, blast in blasts.items()}


if __name__ == "__main__":
    json.dump(asyncio.run(set_off_all()), sys.stdout)
