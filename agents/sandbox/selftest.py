"""Tests the sandbox of this machine from inside, before anything of a user's runs in it."""

from dataclasses import replace
from pathlib import Path

from agents.ports import CodeLimits, Language
from agents.sandbox.recipe import FILE_BYTES, MAX_TASKS, Host, Unavailable, launch_of
from agents.sandbox.worker import Ended, Worker
from agents.types import JsonObject

_PROBE = Path(__file__).with_name("probe.py")
_LIMITS = CodeLimits()
_JAVASCRIPT = """
function main() {
  const status = require('node:fs').readFileSync('/proc/self/status', 'utf8');
  return {
    'privileges: none to gain': /NoNewPrivs:\\t1/.test(status),
    'kernel: system-call filter': /Seccomp:\\t2/.test(status),
  };
}
"""
_FORBIDDEN = ("/etc", "/home", "/sys", "/var", "/srv", "/mnt", "/media", "/opt", "/boot")


async def self_test(host: Host) -> Host:
    """Return the host, without Node where JavaScript does not run; raises `Unavailable` when a guard does not hold."""
    own = host.python_home.split("/")[1]
    arguments: JsonObject = {
        "own_folders": [own],
        "forbidden": [path for path in _FORBIDDEN if path != f"/{own}"],
        "file_bytes": FILE_BYTES,
        "memory_bytes": _LIMITS.memory_bytes,
        "tasks": MAX_TASKS,
    }
    _require_held(await _tried(host, "python3", _PROBE.read_text(encoding="utf-8"), arguments))
    if not host.node:
        return host
    try:
        _require_held(await _tried(host, "javascript", _JAVASCRIPT, {}))
    except Unavailable as error:
        return replace(host, node="", node_off=f"JavaScript does not run here: {error}")
    return host


async def _tried(host: Host, language: Language, code: str, arguments: JsonObject) -> Ended:
    worker = await Worker.start(launch_of(host, language, _LIMITS))
    return await worker.run(code, arguments, _LIMITS)


def _require_held(ended: Ended) -> None:
    held = (ended.message or {}).get("value")
    if not isinstance(held, dict):
        said = ended.message or ended.stderr[-500:] or ended.why
        raise Unavailable(f"the sandbox's self-test did not run: {said}")
    broken = [name for name, is_held in held.items() if is_held is not True]
    if broken:
        raise Unavailable(f"the sandbox does not hold on this machine ({'; '.join(broken)})")
