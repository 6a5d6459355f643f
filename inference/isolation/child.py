"""python -m inference.isolation.child FD PARENT [workers]: load one engine and serve it at the socket's end."""

import asyncio
import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn, assert_never

import numpy as np

from inference.errors import EngineDiedError, EngineFailedError, InferenceError
from inference.isolation.confine import confine, end_with_starter
from inference.isolation.messages import (
    Ask,
    Cancel,
    Deltas,
    Embed,
    Generate,
    Heartbeat,
    Load,
    Loaded,
    Ranked,
    Rerank,
    Tokenize,
    Tokens,
    ToParent,
    Vectors,
    decode_ask,
    encode,
    failure,
)
from inference.isolation.wire import Wire
from inference.protocol import LocalEngine
from inference.types import Delta, Embeddings

_LOG = logging.getLogger(__name__)
_DEAD = 70  # sysexits.h: EX_SOFTWARE
_STATS_EVERY_S = 0.1  # while there is work; a heartbeat's time otherwise


class Serving:
    """The child's half of a ProcessEngine: one task per request, one frame per step for all of them."""

    def __init__(self, confinement: str) -> None:
        self._confinement = confinement
        self._engine: LocalEngine | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._deltas: list[tuple[int, Delta]] = []
        self._is_flushing = False
        self._wants_stats = False
        self._worked = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self.wire = Wire(self._receive)

    def _receive(self, frame: bytes) -> None:
        match decode_ask(frame):
            case Load() as load:
                self._loading = asyncio.create_task(self._load(load))
            case Cancel(id=number):
                task = self._tasks.get(number)
                if task is not None:
                    task.cancel()
            case ask:
                task = asyncio.create_task(self._answer(ask))
                self._tasks[ask.id] = task
                task.add_done_callback(lambda _: self._tasks.pop(ask.id, None))
                self._worked.set()

    async def _load(self, load: Load) -> None:
        try:
            engine = await asyncio.to_thread(lambda: _factory(load.factory)(load.config))
            models = await engine.models()
        except Exception as problem:  # noqa: BLE001  # the edge of the process: the server tells why
            if not isinstance(problem, InferenceError):
                _LOG.exception("%s cannot be loaded", load.config.id)
                problem = EngineFailedError(f"The engine could not be made: {problem}.")
            self._send(failure(0, problem))
            return
        self._engine = engine
        self._send(Loaded(models, self._confinement))
        self._beating = asyncio.create_task(self._beat(engine, load.heartbeat_s))

    async def _beat(self, engine: LocalEngine, every_s: float) -> None:
        """Send heartbeats: rarely when idle, often enough for fresh numbers while there is work."""
        while True:
            try:
                stats = engine.stats()
            except EngineDiedError:
                _end_dead()
            self._send(Heartbeat(stats))
            if self._tasks:
                await asyncio.sleep(min(_STATS_EVERY_S, every_s))
                continue
            self._worked.clear()
            try:
                await asyncio.wait_for(self._worked.wait(), every_s)
            except TimeoutError:
                continue
            await asyncio.sleep(min(_STATS_EVERY_S, every_s))

    async def _answer(self, ask: Ask) -> None:
        try:
            engine = self._engine
            if engine is None:
                raise EngineFailedError("The engine is asked before it is loaded: this is a fault of the server.")
            match ask:
                case Generate():
                    await self._generate(engine, ask)
                case Embed():
                    self._send(_vectors(ask.id, await engine.embed(ask.request)))
                case Rerank():
                    self._send(Ranked(ask.id, await engine.rerank(ask.request)))
                case Tokenize():
                    self._send(Tokens(ask.id, await engine.tokenize(ask.request)))
                case _:
                    assert_never(ask)
        except EngineDiedError:
            _end_dead()
        except InferenceError as problem:
            self._fail(ask.id, problem)
        except Exception:  # noqa: BLE001  # the edge of the process: this request fails, the others go on
            _LOG.exception("A request failed")
            self._fail(ask.id, EngineFailedError("The engine failed on this request: see the log, then try again."))

    async def _generate(self, engine: LocalEngine, ask: Generate) -> None:
        self._wants_stats = True
        deltas = engine.generate(ask.request)
        try:
            async for delta in deltas:
                self._deltas.append((ask.id, delta))
                if not self._is_flushing:
                    self._is_flushing = True
                    asyncio.get_running_loop().call_soon(self._flush)
                # A server that reads no more stops us here; the engine keeps what comes meanwhile in one piece.
                await self.wire.writable()
        finally:
            close = getattr(deltas, "aclose", None)
            if close is not None:
                await close()

    def _flush(self) -> None:
        """Send what this turn of the event loop brought: a step wakes all its streams in one turn."""
        self._is_flushing = False
        if not self._deltas:
            return
        deltas, self._deltas = self._deltas, []
        stats = self._engine.stats() if self._wants_stats and self._engine is not None else None
        self._wants_stats = False
        self._send(Deltas(deltas, stats))

    def _fail(self, number: int, problem: InferenceError) -> None:
        self._flush()
        self._send(failure(number, problem))

    def _send(self, message: ToParent) -> None:
        self.wire.send(encode(message))


def _end_dead() -> NoReturn:
    """End this process, whose engine has lost its own: the server starts the next, and asks it what is open."""
    _LOG.error("the engine's workers have died")
    os._exit(_DEAD)


def _factory(point: str) -> Callable[..., LocalEngine]:
    module, _, name = point.partition(":")
    made: Callable[..., LocalEngine] = getattr(importlib.import_module(module), name)
    return made


def _vectors(number: int, made: Embeddings) -> Vectors:
    return Vectors(number, len(made.vectors), np.asarray(made.vectors, dtype=np.float32).tobytes(), made.usage)


async def _serve(channel: socket.socket, confinement: str) -> None:
    serving = Serving(confinement)
    await asyncio.get_running_loop().create_connection(lambda: serving.wire, sock=channel)
    await serving.wire.lost.wait()
    os._exit(0)  # at once: the kernel frees faster than the engine would, and nothing is to be saved


def main(arguments: list[str]) -> None:
    """Serve until the other end closes."""
    descriptor, parent = int(arguments[0]), int(arguments[1])
    # Ctrl-C goes to the whole group of processes: the server decides when an engine ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    confinement = confine(parent, has_workers="workers" in arguments[2:])
    with socket.socket(fileno=descriptor) as channel:
        channel.setblocking(False)
        asyncio.run(_serve(channel, confinement))


if __name__ == "__mp_main__":
    # What multiprocessing starts for an engine imports this module first, and must not outlive us.
    end_with_starter()
if __name__ == "__main__":
    main(sys.argv[1:])
