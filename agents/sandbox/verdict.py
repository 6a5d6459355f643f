"""From how a job ended to what its author reads."""

import signal

from agents.errors import CodeFailed
from agents.ports import CodeLimits, CodeResult
from agents.sandbox.worker import FLOOD_BYTES, Ended
from agents.types import JsonValue

MAX_MESSAGE_CHARS = 4000
_LAST_LINES_CHARS = 1000
_SIGNALLED = 128


def result_of(ended: Ended, limits: CodeLimits) -> CodeResult:
    """Return what the code returned and printed; raises `CodeFailed` with what went wrong."""
    if ended.message is None:
        raise CodeFailed(_why(ended, limits))
    if ended.message.keys() == {"value"}:
        return CodeResult(ended.message["value"], ended.stdout, ended.stderr, ended.elapsed_ms)
    raise CodeFailed(_told(ended.message.get("error")))


def _told(error: JsonValue) -> str:
    """Return the message of an exception; the code may have forged it, so nothing is expected of it."""
    if not isinstance(error, dict):
        return "the code wrote something to the channel of its result that is none"
    message, hint, trace = (str(error.get(key) or "") for key in ("message", "hint", "trace"))
    parts = [f"{message}: {hint}" if hint else message, trace]
    return "\n".join(part for part in parts if part)[:MAX_MESSAGE_CHARS]


def _why(ended: Ended, limits: CodeLimits) -> str:
    match ended.why:
        case "timeout":
            return f"the code was stopped: it took longer than {limits.wall_s:g} s"
        case "flood":
            return f"the code was stopped: it printed more than {FLOOD_BYTES >> 20} MB"
        case "ended":
            return _how_it_ended(ended, limits)
        case other:
            return other


def _how_it_ended(ended: Ended, limits: CodeLimits) -> str:
    status = ended.exit_status or 0
    memory = f"{limits.memory_bytes >> 20} MB"
    last = ended.stderr.strip()[-_LAST_LINES_CHARS:]
    if "heap out of memory" in ended.stderr:
        return f"the code was stopped: it used more than its {memory} of memory"
    match status - _SIGNALLED:
        case signal.SIGXCPU:
            return f"the code was stopped: it used more than {limits.cpu_s:g} s of processor time"
        case signal.SIGKILL:
            return f"the system killed the code: it used more than {limits.cpu_s:g} s of processor time or {memory}"
        case signal.SIGSEGV | signal.SIGABRT | signal.SIGTRAP | signal.SIGILL as number:
            why = f"it recursed too deep, used more than its {memory} of memory, or its libraries broke"
            return f"the code crashed ({signal.Signals(number).name}): {why}" + (f"\n{last}" if last else "")
    return f"the code ended its process (exit status {status}) before `main` returned" + (f"\n{last}" if last else "")
