"""An engine for the tests of isolation: counts, and dies, hangs or looks around when its prompt says so."""

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from inference.config import ModelConfig
from inference.errors import ContextOverflowError, EngineDiedError, EngineFailedError
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
    Usage,
)

PAUSE_S = 0.002  # between two numbers


def create(config: ModelConfig) -> "MortalEngine":
    if config.path.name == "damaged.gguf":
        raise EngineFailedError("the file is damaged", param="path", retry_after_s=3.0)
    if config.path.name == "deadly.gguf":
        os.abort()
    if config.path.name == "endless.gguf":
        time.sleep(600)
    return MortalEngine(config.id)


@dataclass
class MortalEngine:
    """Answers "0 1 2 …", `max_tokens` numbers. A prompt may be a command:

    "poison N": die at number N · "hang": stop in a step · "stall": stop the event loop · "many": as fast as it can
    "lose N": lose its workers at number N, unless it was so far before
    "listen": connect to itself · "work": start a process, and name it
    "overflow": refuse · "bug": fail unexpectedly · "fetch PORT": try to connect · "environment": name the variables
    """

    id: str
    running: set[int] = field(default_factory=set)
    stuck_since: float = 0.0

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        command, _, argument = (request.prompt or "").partition(" ")
        self.running.add(id(request))
        try:
            match command:
                case "hang":
                    self.stuck_since = time.monotonic()
                    await asyncio.sleep(600)
                case "stall":
                    time.sleep(600)
                case "overflow":
                    raise ContextOverflowError.of(needed_tokens=9, allowed_tokens=8, model=self.id)
                case "bug":
                    raise ZeroDivisionError
                case "fetch" | "listen" | "work" | "environment":
                    yield Delta(_looked(command, argument), finish_reason="stop")
                    return
            limit = request.sampling.max_tokens or 1
            for number in range(len(request.resume_tokens), limit):
                if command == "poison" and number == int(argument):
                    os.abort()
                if command == "lose" and number == int(argument) and not request.resume_tokens:
                    raise EngineDiedError("the workers are gone")
                await asyncio.sleep(0 if command == "many" else PAUSE_S)
                yield Delta(f"{number} ", tokens=(number,))
            yield Delta(finish_reason="length", usage=Usage(1, limit))
        finally:
            self.running.discard(id(request))

    async def embed(self, request: EmbedRequest) -> Embeddings:
        if request.texts == ("poison",):
            os.abort()
        await asyncio.sleep(0.05)
        return Embeddings([[float(len(text)), 0.5] for text in request.texts], Usage(len(request.texts)))

    async def rerank(self, request: RerankRequest) -> Ranking:
        return Ranking(tuple(float(len(text)) for text in request.documents), Usage(1))

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        return list((request.prompt or "").encode())

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return [ModelInfo(self.id, "chat", context_tokens=100)]

    def stats(self) -> EngineStats:
        busy_s = time.monotonic() - self.stuck_since if self.stuck_since else 0.0
        return EngineStats(active=len(self.running), busy_s=busy_s)

    async def aclose(self) -> None:
        """Nothing is held."""


def _looked(command: str, argument: str) -> str:
    match command:
        case "fetch":
            return _connected(int(argument))
        case "listen":
            with socket.create_server(("127.0.0.1", 0)) as listener:
                return _connected(listener.getsockname()[1])
        case "work":
            worker = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
            worker.start()
            return str(worker.pid)
    return " ".join(sorted(os.environ))


def _connected(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return "connected"
    except OSError as problem:
        return f"{type(problem).__name__}"


def present(config: ModelConfig) -> "MortalEngine":
    """Like `create`, of a file that must be there."""
    if not config.path.exists():
        raise EngineFailedError(f"{config.path.name!r} is gone")
    return MortalEngine(config.id)
