"""Code runs in a sandbox of its own and says what went wrong; what it sends is data; the pool keeps a few ready."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import uvloop

from agents.errors import CodeFailed
from agents.ports import Language
from agents.sandbox.pool import SandboxPool
from agents.types import JsonObject, JsonValue
from tests.agents.sandbox.running import failure, python

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python3", "def main(a, b):\n    print('seen')\n    return {'sum': a + b, 'all': [a, b]}"),
        ("python3", "async def main(a, b):\n    print('seen')\n    return {'sum': a + b, 'all': [a, b]}"),
        ("javascript", "function main({a, b}) { console.log('seen'); return {sum: a + b, all: [a, b]}; }"),
        ("javascript", "const main = async ({a, b}) => { console.log('seen'); return {sum: a + b, all: [a, b]}; };"),
    ],
)
async def test_main_gets_its_arguments_and_gives_its_value(pool: SandboxPool, language: Language, code: str) -> None:
    done = await pool.run(language, code, {"a": 20, "b": 3})
    assert (done.value, done.stdout, done.stderr) == ({"sum": 23, "all": [20, 3]}, "seen\n", "")


async def test_every_script_and_every_type_passes_both_ways(pool: SandboxPool) -> None:
    given: JsonObject = {"texts": ["Привет", "你好", "🎉", 'a "quoted"\nline'], "none": None, "n": [1, 2.5, True]}
    assert (await pool.run("python3", "def main(**found):\n    return found", given)).value == given
    assert (await pool.run("javascript", "const main = (found) => found", given)).value == given


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("\n\ndef main():\n    raise ValueError('too small')", ["ValueError: too small (line 4)", "in main"]),
        (
            "def helper(x):\n    return x['a']\ndef main():\n    return helper({})",
            ["KeyError: 'a' (line 2)", "in helper"],
        ),
        ("def main(:", ["SyntaxError", "line 1", "def main(:"]),
        ("x = 1", ["no function `main`"]),
        ("def main(needed):\n    return 1", ["missing 1 required positional argument: 'needed'"]),
        ("import jieba", ["No module named 'jieba'", "standard library", "an administrator can add packages"]),
        ("import json, requests", ["No module named 'requests'"]),
        (
            "import urllib.request as u\ndef main():\n    u.urlopen('http://1.1.1.1')",
            ["code has no network", "(line 3)"],
        ),
        ("import socket\ndef main():\n    socket.getaddrinfo('example.com', 80)", ["code has no network"]),
        ("import subprocess\ndef main():\n    subprocess.run(['ls'])", ["may not start other programs"]),
        ("def main():\n    exit(3)", ["the code called exit(3)"]),
        ("import os\nos._exit(3)", ["ended its process (exit status 3)"]),
        ("def main():\n    return {1, 2}", ["main returned a set, which is no JSON"]),
        ("def main():\n    return float('nan')", ["not JSON compliant"]),
        ("def main():\n    return 'x' * 300_000", ["300012 bytes as JSON; at most 262144"]),
        ("def main():\n    return main()", ["RecursionError", "(line 2)"]),
        ("import ctypes\ndef main():\n    ctypes.string_at(0)", ["the code crashed (SIGSEGV)"]),
        ("import sys\nsys.exit('bye')", ["the code called exit('bye')"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt (line 1)"]),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", ["E: <exception str() failed>"]),
    ],
)
async def test_python_that_fails_is_told_why_and_where(pool: SandboxPool, code: str, told: list[str]) -> None:
    message = await failure(pool, code)
    assert all(part in message for part in told), message
    assert "runner.py" not in message


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("function main() {\n  throw new RangeError('too small');\n}", ["RangeError: too small (line 2)", "at main"]),
        ("function main( {", ["SyntaxError", "line 1"]),
        ("const x = 1", ["no function `main`"]),
        ("const main = () => undefined", ["main returned undefined"]),
        ("const main = () => { throw 7 }", ["the code threw 7"]),
        ("const main = () => new Promise(() => {})", ["main never settled"]),
        (
            "const main = async () => { Promise.reject(new Error('lost')); await new Promise(() => {}) }",
            ["Error: lost"],
        ),
        ("const main = () => process.exit(2)", ["process.exit(2)"]),
        ("const main = () => fetch('https://example.com')", ["code has no network"]),
        ("const main = () => require('child_process').execSync('ls')", ["may not start other programs"]),
        ("const main = () => require('lodash')", ["Cannot find module 'lodash'", "nothing can be installed"]),
        ("const main = () => 'x'.repeat(300000)", ["300012 bytes as JSON"]),
        ("const main = () => { const f = () => f(); return f() }", ["RangeError: Maximum call stack size exceeded"]),
    ],
)
async def test_javascript_that_fails_is_told_why_and_where(pool: SandboxPool, code: str, told: list[str]) -> None:
    message = await failure(pool, code, "javascript")
    assert all(part in message for part in told), message


@pytest.mark.parametrize(
    ("language", "code", "value"),
    [
        ("python3", "import math\nx = 2\nmath.sqrt(x * 8)", "4.0"),
        ("python3", "print('seen')\n[1,\n 'two']", "[1, 'two']"),
        ("python3", "x = 1", None),
        ("python3", "None", None),
        ("python3", "", None),
        ("python3", "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nf(15)", "610"),
        ("python3", "if __name__ == '__main__':\n    y = 1\ny", "1"),
        ("python3", "'x' * 60_000", "'" + "x" * 49_999 + "… (60002 characters)"),
        ("javascript", "const x = 2; [x, 'two']", "[ 2, 'two' ]"),
        ("javascript", "Promise.resolve(7)", "7"),
        ("javascript", "const x = 1", None),
    ],
)
async def test_a_script_gives_the_value_of_its_last_expression(
    pool: SandboxPool, language: Language, code: str, value: str | None
) -> None:
    assert (await pool.run(language, code, {}, entry="script")).value == value


async def test_a_script_that_fails_is_told_its_own_lines(pool: SandboxPool) -> None:
    with pytest.raises(CodeFailed) as raised:
        await pool.run("python3", "x = 1\n\nx / 0", {}, entry="script")
    assert str(raised.value).startswith("ZeroDivisionError: division by zero (line 3)")
    assert "x / 0" in str(raised.value)


HOSTILE = "__import__('os').system('id')"


async def test_r33_what_is_printed_is_text_whatever_it_says(pool: SandboxPool) -> None:
    frame = len(b'{"value":1}').to_bytes(4, "big") + b'{"value":1}'
    code = "import sys\ndef main(hostile, frame):\n    print(hostile)\n    sys.stderr.write(frame)\n    return hostile"
    done = await python(pool, code, hostile=HOSTILE, frame=frame.decode())
    assert (done.value, done.stdout, done.stderr) == (HOSTILE, HOSTILE + "\n", frame.decode().replace("\0", "\ufffd"))


# The file that the runner writes its result to is the code's too: it may write what it likes there.
CHANNEL = "import os, sys\nchannel = int(sys.argv[1])\n"


@pytest.mark.parametrize(
    "written",
    [
        "b'garbage, no frame at all'",
        "(2**31).to_bytes(4, 'big') + b'x'",
        "(10**6).to_bytes(4, 'big') + b'x' * 10**6",
        "(5).to_bytes(4, 'big') + b'nojson'",
        "(4).to_bytes(4, 'big') + b'[12]'",
        "(2).to_bytes(4, 'big') + b'{}'",
        "(16).to_bytes(4, 'big') + b'{\"error\":\"pwned\"}'",
        "(13).to_bytes(4, 'big') + b'{\"value\":NaN}'",
        "(15).to_bytes(4, 'big') + b'{\"value\":1e999}'",
        "(10 + 200_000).to_bytes(4, 'big') + b'{\"value\":' + b'[' * 100_000 + b']' * 100_000 + b'}'",
        "(14).to_bytes(4, 'big') + b'{\"value\":\"\\xff\\xff\"}'",
        "(17).to_bytes(4, 'big') + b'{\"value\":1,\"a\":1}'",
        "(4).to_bytes(4, 'big') + b'\\x80\\x04N.'",
    ],
)
async def test_r33_garbage_in_the_channel_is_an_error_of_the_code(pool: SandboxPool, written: str) -> None:
    message = await failure(pool, f"{CHANNEL}data = {written}\nos.write(channel, data)\nos._exit(0)")
    assert "channel of its result" in message


async def test_r33_a_forged_result_is_just_the_codes_result(pool: SandboxPool) -> None:
    payload = json.dumps({"value": {"__class__": HOSTILE}}).encode()
    code = f"{CHANNEL}os.write(channel, ({len(payload)}).to_bytes(4, 'big') + {payload!r})\nos._exit(0)"
    assert (await python(pool, code)).value == {"__class__": HOSTILE}


async def test_what_no_database_can_hold_is_replaced(pool: SandboxPool) -> None:
    done = await python(pool, "def main():\n    print('a\\0b')\n    return {'k\\0': 'a\\0b', 'half': '\\ud800'}")
    assert done.value == {"k\ufffd": "a\ufffdb", "half": "?"}
    assert done.stdout == "a\ufffdb\n"
    halves = await pool.run("javascript", "const main = () => '\\ud800x'", {})
    assert halves.value == "\ufffdx"


async def test_one_job_leaves_nothing_for_the_next(warm_pool: SandboxPool) -> None:
    leave = "import builtins, os\ndef main():\n    builtins.mark = 1\n    open('/box/left', 'w').close()\n    return 1"
    look = "import builtins, os\ndef main():\n    return [hasattr(builtins, 'mark'), os.listdir('/box')]"
    for _ in range(3):
        await python(warm_pool, leave)
        assert (await python(warm_pool, look)).value == [False, ["main.py"]]


async def test_a_ready_sandbox_is_used_once_and_another_one_takes_its_place(warm_pool: SandboxPool) -> None:
    await python(warm_pool, "def main():\n    return 1")
    before = await ready(warm_pool, 2)
    await python(warm_pool, "def main():\n    return 1")
    after = await ready(warm_pool, 2)
    assert len(set(before) & set(after)) == 1


async def test_ready_sandboxes_end_when_nobody_wants_them() -> None:
    pool = SandboxPool(warm=2, idle_s=1.5)
    waiting: tuple[int, ...] = ()
    while not waiting:
        await python(pool, "def main():\n    return 1")
        await asyncio.sleep(0.3)
        waiting = pool.waiting_pids
    await ready(pool, 0)
    await gone(waiting)
    assert (await python(pool, "def main():\n    return 1")).value == 1
    await pool.aclose()


async def test_a_ready_sandbox_that_died_is_not_given_a_job(warm_pool: SandboxPool) -> None:
    await python(warm_pool, "def main():\n    return 1")
    for pid in await ready(warm_pool, 2):
        os.kill(pid, 9)
    await asyncio.sleep(0.2)
    assert (await python(warm_pool, "def main():\n    return 2")).value == 2


async def test_cancelling_ends_the_sandbox_at_once(warm_pool: SandboxPool) -> None:
    await python(warm_pool, "def main():\n    return 1")
    before = await ready(warm_pool, 2)
    task = asyncio.create_task(python(warm_pool, "def main():\n    while True: pass"))
    await asyncio.sleep(0.3)
    working = [pid for pid in before if pid not in warm_pool.waiting_pids]
    assert len(working) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{working[0]}").exists()


async def test_a_pool_works_on_the_event_loops_of_several_threads() -> None:
    pool = SandboxPool()
    values: list[JsonValue] = []

    async def use() -> None:
        values.append((await python(pool, "def main():\n    return 7")).value)
        await pool.aclose()

    for run in (asyncio.run, uvloop.run):
        thread = threading.Thread(target=run, args=(use(),))
        thread.start()
        await asyncio.to_thread(thread.join)
    assert values == [7, 7]


def test_sandboxes_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio\n"
        "from agents.sandbox.pool import SandboxPool\n"
        "async def main():\n"
        "    pool = SandboxPool()\n"
        "    await pool.run('python3', 'def main(): return 1', {})\n"
        "    await asyncio.sleep(0.5)\n"
        "    print(*pool.waiting_pids, flush=True)\n"
        "    await pool.run('python3', 'import time\\ndef main(): time.sleep(60)', {})\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, str(script)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert pids
        parent.kill()
    asyncio.run(gone(tuple(pids)))


async def test_packages_of_the_sandbox_can_be_imported_and_ours_cannot(tmp_path: Path) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = tmp_path / "lib" / version / "site-packages"
    (site / "cutter-1.0.dist-info").mkdir(parents=True)
    (site / "cutter.py").write_text("def cut(text):\n    return text.split()\n")
    if os.geteuid() == 0:
        for folder in (tmp_path, *tmp_path.parents):
            if folder != Path("/tmp") and folder.is_relative_to("/tmp"):
                folder.chmod(0o755)
    pool = SandboxPool(tmp_path)
    done = await python(pool, "import cutter\ndef main():\n    return cutter.cut('a b')")
    assert done.value == ["a", "b"]
    assert "standard library and cutter; an administrator" in await failure(pool, "import django")
    await pool.aclose()


async def test_short_of_memory_the_kernel_ends_sandboxes_first(pool: SandboxPool) -> None:
    python_code = "def main():\n    return open('/proc/self/oom_score_adj').read()"
    node_code = "const main = () => require('fs').readFileSync('/proc/self/oom_score_adj', 'utf8')"
    assert (await pool.run("python3", python_code, {})).value == "1000\n"
    assert (await pool.run("javascript", node_code, {})).value == "1000\n"


async def test_code_is_less_urgent_than_everything_else(pool: SandboxPool) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert (await pool.run("python3", "import os\ndef main():\n    return os.nice(0)", {})).value == ours + 5
    assert (await pool.run("javascript", "const main = () => require('os').getPriority()", {})).value == max(ours, 5)


async def ready(pool: SandboxPool, count: int) -> tuple[int, ...]:
    """Return the sandboxes that wait, once there are so many."""
    for _ in range(500):
        if len(pool.waiting_pids) == count:
            return pool.waiting_pids
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(pool.waiting_pids)} sandboxes wait, not {count}")


async def gone(pids: tuple[int, ...]) -> None:
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, f"{pids} live on"
        await asyncio.sleep(0.02)
