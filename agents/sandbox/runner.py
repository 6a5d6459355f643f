"""Runs inside the sandbox, alone: takes one job, runs it, and writes what came of it. Nothing here is trusted.

A frame is a length of 4 bytes, big end first, and JSON. An empty frame says that a job may come.
"""

import ast
import builtins
import contextlib
import datetime
import gc
import json
import os
import re
import sys
import traceback
from collections.abc import Coroutine, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import cast

BOX, CODE, PACKAGES = "/box", "/box/main.py", "/run/packages"
WARM = (datetime, re)
"""What most code imports: ready before the job comes."""
MAX_TRACE_CHARS, MAX_VALUE_CHARS = 4000, 50_000
LAST = "__last__"
NICE = 5
"""Code waits for models and databases, not they for it."""
_PROCESS_FILES = ("/subprocess.py", "/popen_fork.py", "/popen_spawn_posix.py", "/popen_forkserver.py", "/util.py")


def serve(result_fd: int) -> None:
    """Take one job from standard input and end."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # short of memory, the kernel ends this before anything else
    os.nice(NICE)
    if os.path.isdir(PACKAGES):
        sys.path.append(PACKAGES)
    for name in ("exit", "quit"):  # what Python's own start-up would bring
        setattr(builtins, name, sys.exit)
    gc.freeze()
    _send(result_fd, b"")
    job = json.loads(_receive(0))
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        payload = _result(job)
    except BaseException as error:  # noqa: BLE001  # an edge: whatever the code raised is its author's to read
        payload = _encoded({"error": told(error)})
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed or replaced by the code
            stream.flush()
    _send(result_fd, payload)
    os._exit(0)


def _result(job: dict[str, object]) -> bytes:
    value = _of_script(str(job["code"])) if job["entry"] == "script" else _of_main(job)
    payload = _encoded({"value": value})
    limit = int(cast(int, job["output_bytes"]))
    if len(payload) > limit:
        raise ValueError(f"the result has {len(payload)} bytes as JSON; at most {limit} are taken")
    return payload


def _of_main(job: dict[str, object]) -> object:
    main = getattr(_loaded(str(job["code"]), SourceFileLoader), "main", None)
    if not callable(main):
        raise NameError("the code has no function `main`")
    value = main(**cast(dict[str, object], job["arguments"]))
    if hasattr(value, "__await__"):
        import asyncio  # takes long, and few need it

        return asyncio.run(cast("Coroutine[object, object, object]", value))
    return value


def _of_script(code: str) -> str | None:
    value = getattr(_loaded(code, _Script), LAST, None)
    if value is None:
        return None
    text = repr(value)
    return text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}… ({len(text)} characters)"


class _Script(SourceFileLoader):
    """Loads code so that the value of its last expression has a name."""

    def source_to_code(  # type: ignore[override]  # the base class takes more kinds of sources than a file has
        self, data: bytes, path: str, *, _optimization: int = -1
    ) -> CodeType:
        tree = ast.parse(data, path)
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = tree.body[-1]
            named = ast.Assign([ast.Name(LAST, ast.Store())], last.value)
            tree.body[-1] = ast.fix_missing_locations(ast.copy_location(named, last))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimization)


def _loaded(code: str, loader: type[SourceFileLoader]) -> ModuleType:
    """Run the code as the main module, from a file: a traceback then quotes its lines."""
    with open(CODE, "w", encoding="utf-8", errors="replace") as file:
        file.write(code)
    sys.dont_write_bytecode = True
    module = ModuleType("__main__")
    module.__file__ = CODE
    sys.modules["__main__"] = module
    loader("__main__", CODE).exec_module(module)
    return module


def _encoded(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    return text.encode("utf-8", "replace")


def _plain(value: object) -> object:
    """Return numbers and arrays of numpy and pandas as Python's own."""
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        return to_list()
    raise TypeError(f"main returned a {type(value).__name__}, which is no JSON: use text, numbers, lists and dicts")


def told(error: BaseException) -> dict[str, str]:
    """Return what went wrong, a hint where there is one, and the lines of the code that led there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(BOX)]
    summary = f"the code called exit({error.code!r})" if isinstance(error, SystemExit) else _summary(error)
    trace = traceback.format_list(frames) + traceback.format_exception_only(type(error), error)
    return {
        "message": summary[:MAX_TRACE_CHARS] + (f" (line {frames[-1].lineno})" if frames else ""),
        "hint": _hint(error),
        "trace": "".join(trace)[-MAX_TRACE_CHARS:] if frames or isinstance(error, SyntaxError) else "",
    }


def _summary(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)[-1:]).strip()


def _hint(error: BaseException) -> str:
    for link in _chain(error):
        files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(link.__traceback__)]
        if isinstance(link, ModuleNotFoundError):
            extra = f" and {', '.join(sorted(_packages()))}" if _packages() else ""
            return f"code has Python's standard library{extra}; an administrator can add packages (docs/sandbox.md)"
        if isinstance(link, OSError) and (type(link).__name__ == "gaierror" or _ends(files, ("/socket.py",))):
            return "code has no network: fetch with an HTTP request node and pass the answer in"
        if isinstance(link, OSError) and _ends(files, _PROCESS_FILES):
            return "code may not start other programs or processes"
    return ""


def _ends(files: list[str], endings: tuple[str, ...]) -> bool:
    return any(file.endswith(endings) for file in files)


def _packages() -> list[str]:
    """Return the names of what was installed for the sandbox."""
    if not os.path.isdir(PACKAGES):
        return []
    return [name.split("-")[0] for name in os.listdir(PACKAGES) if name.endswith(".dist-info")]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came from."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _send(descriptor: int, payload: bytes) -> None:
    left = memoryview(len(payload).to_bytes(4, "big") + payload)
    while left:
        left = left[os.write(descriptor, left) :]


def _receive(descriptor: int) -> bytes:
    size = int.from_bytes(_exactly(descriptor, 4), "big")
    return _exactly(descriptor, size)


def _exactly(descriptor: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(descriptor, min(size - len(parts), 1 << 20))
        if not part:
            os._exit(0)  # nobody has a job any more
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
