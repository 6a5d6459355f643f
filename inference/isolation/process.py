"""Starts and ends the process of an engine: a clean environment, one socket, nothing else inherited."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

import inference
from inference.config import ModelConfig
from inference.errors import EngineFailedError
from inference.isolation.messages import Failure, Load, Loaded, ToChild, ToParent, decode_answer, encode, error_of
from inference.isolation.wire import Wire

# No variable that could hold a secret: only what the interpreter, the C library and the threads read.
_ENVIRONMENT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "PATH", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
_ENVIRONMENT_PREFIXES = (
    "GGML_", "GOMP_", "OMP_", "LLAMA_", "MALLOC_", "PYTHONDONTWRITE", "PYTHONPYCACHE", "CUDA_", "NVIDIA_", "VLLM_CPU_",
)  # fmt: skip

_DEATH_S = 2.0
"""How long a child that closed its connection may take to end."""


class EngineProcess:
    """A child that has loaded its model. `on_message` hears everything that it says from then on."""

    def __init__(self, process: asyncio.subprocess.Process, on_message: Callable[[ToParent], None]) -> None:
        self._process = process
        self._on_message = on_message
        self._first: Loaded | Failure | None = None
        self._is_heard = asyncio.Event()
        self.wire = Wire(self._receive)
        self.loaded = Loaded([], "")

    @classmethod
    async def start(cls, load: Load, on_message: Callable[[ToParent], None], *, load_s: float) -> "EngineProcess":
        """Start a child and wait until its engine is loaded. Raises what loading raised in the child."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                process = await _spawn(load.config, theirs.fileno())
            except OSError as problem:
                ours.close()
                raise EngineFailedError(f"The engine's process cannot be started: {problem}.") from None
        child = cls(process, on_message)
        try:
            await asyncio.get_running_loop().create_connection(lambda: child.wire, sock=ours)
            child.send(load)
            child.loaded = await child._wait_loaded(load.config, load_s)
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: ToChild) -> None:
        self.wire.send(encode(message))

    async def death(self) -> str:
        """Return what the child that is lost ended with."""
        try:
            return _ended(await asyncio.wait_for(self._process.wait(), _DEATH_S))
        except TimeoutError:
            return "its connection was lost"

    async def end(self) -> None:
        """Kill the child, which has nothing to save, and wait until it is gone."""
        self.wire.close()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                self._process.kill()
        await self._process.wait()

    async def _wait_loaded(self, config: ModelConfig, load_s: float) -> Loaded:
        lost, heard = asyncio.create_task(self.wire.lost.wait()), asyncio.create_task(self._is_heard.wait())
        try:
            await asyncio.wait({lost, heard}, timeout=load_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            heard.cancel()
        match self._first:
            case Loaded() as loaded:
                return loaded
            case Failure() as told:
                raise error_of(told)
        if not self.wire.lost.is_set():
            raise EngineFailedError(f"{config.id!r} was not loaded within {load_s:g} s: use a smaller model.")
        status = await self._process.wait()
        raise EngineFailedError(
            f"The engine's process ended ({_ended(status)}) while it opened {config.path.name!r}: "
            "the file is damaged or unsupported, or memory ran out."
        )

    def _receive(self, frame: bytes) -> None:
        message = decode_answer(frame)
        if self._first is not None:
            self._on_message(message)
        elif isinstance(message, Loaded | Failure):
            self._first = message
            self._is_heard.set()
        else:
            raise msgspec.ValidationError(f"{type(message).__name__} before the engine is loaded")


async def _spawn(config: ModelConfig, descriptor: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        str(config.python or sys.executable), "-P", "-m", "inference.isolation.child",
        str(descriptor), str(os.getpid()), *(("workers",) if config.has_workers else ()),
        pass_fds=(descriptor,), env=environment(os.environ),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def environment(ours: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    """Return the part of our environment that a child may see, with this package on its path."""
    kept = {
        name: value for name, value in ours.items() if name in _ENVIRONMENT or name.startswith(_ENVIRONMENT_PREFIXES)
    }
    root = str(Path(next(iter(inference.__path__))).parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH", ""))))
    return kept


def _ended(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    named = {each.value: f", {each.name}" for each in signal.Signals}
    return f"signal {-status}{named.get(-status, '')}"
