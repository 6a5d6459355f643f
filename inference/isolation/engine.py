"""An engine in another process, as if it were here: requests survive the process, which is watched and restarted."""

import array
import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal

from inference.config import ModelConfig
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.isolation.calls import Call
from inference.isolation.confine import NOT_CONFINED
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
    encode,
)
from inference.isolation.process import EngineProcess
from inference.isolation.quarantine import MAX_CRASHES, Quarantine
from inference.types import (
    Delta,
    Embeddings,
    EmbedRequest,
    EngineStats,
    GenerateRequest,
    ModelInfo,
    Ranking,
    RerankRequest,
)

_LOG = logging.getLogger(__name__)
_CLEARED_BY_TOKENS = 16  # a suspect that gets so far beyond the last crash did not cause it


@dataclass(frozen=True, slots=True)
class Limits:
    """When a child counts as hung, and how soon the next one is started.

    heartbeat_s: how often it reports when idle · silence_s: without a report it is hung · step_s: longest step ·
    load_s: longest loading · stable_s: one that lived so long is replaced at once, a younger one after a pause
    that doubles from backoff_s to max_backoff_s
    """

    heartbeat_s: float = 1.0
    silence_s: float = 15.0
    step_s: float = 60.0
    load_s: float = 600.0
    stable_s: float = 30.0
    backoff_s: float = 0.1
    max_backoff_s: float = 15.0


class ProcessEngine:
    """A LocalEngine whose work is done by a child. After `start` it is watched until `aclose`."""

    def __init__(self, config: ModelConfig, factory: str, limits: Limits) -> None:
        self._config = config
        self._limits = limits
        self._load = Load(config, factory, limits.heartbeat_s)
        self._numbers = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._quarantine = Quarantine()
        # Twice what the engine takes: it refuses first, and says better when to come back.
        self._max_calls = 2 * (config.max_sequences + config.max_queued)
        self._stats = EngineStats()
        self._restarts = 0
        self._has_reported = False
        self._process: EngineProcess | None = None
        self._loaded = Loaded([], NOT_CONFINED)
        self._failure = ""
        self._supervision: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, config: ModelConfig, factory: str, limits: Limits | None = None) -> "ProcessEngine":
        """Return the engine once its child has loaded the model. Raises what loading raised.

        `factory` names what makes the engine there: "module:function".
        """
        engine = cls(config, factory, limits or Limits())
        await engine._launch()
        if engine.confinement == NOT_CONFINED:
            _LOG.warning("%s: this kernel lets no process give up the network; its engine is not confined", config.id)
        engine._supervision = asyncio.create_task(engine._supervise())
        return engine

    @property
    def state(self) -> Literal["loaded", "restarting", "failed"]:
        if self._process is not None:
            return "loaded"
        return "failed" if self._failure else "restarting"

    @property
    def reason(self) -> str:
        """Why the engine does not run now; empty when it does."""
        return self._failure

    @property
    def confinement(self) -> str:
        """What keeps the child from the network: "network namespace + seccomp", one of them, or "none"."""
        return self._loaded.confinement

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is no child."""
        return self._process.pid if self._process is not None else None

    @property
    def outstanding(self) -> int:
        """How many requests wait for their answer or its end."""
        return len(self._calls)

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        call = self._begin(Generate(next(self._numbers), request))
        try:
            while True:
                delta = await call.next()
                yield delta
                if delta.finish_reason is not None:
                    return
        finally:
            self._end(call)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        made = await self._ask(Embed(next(self._numbers), request))
        assert isinstance(made, Vectors)
        values = array.array("f", made.data)
        size = len(values) // made.count if made.count else 0
        return Embeddings([values[i * size : (i + 1) * size] for i in range(made.count)], made.usage)

    async def rerank(self, request: RerankRequest) -> Ranking:
        made = await self._ask(Rerank(next(self._numbers), request))
        assert isinstance(made, Ranked)
        return made.ranking

    async def tokenize(self, request: GenerateRequest) -> list[int]:
        made = await self._ask(Tokenize(next(self._numbers), request))
        assert isinstance(made, Tokens)
        return made.tokens

    async def count_tokens(self, request: GenerateRequest) -> int:
        return len(await self.tokenize(request))

    async def models(self) -> list[ModelInfo]:
        return self._loaded.models

    def stats(self) -> EngineStats:
        """Return what the child last reported: at most a tenth of a second old while it works."""
        stats = self._stats if self._process is not None else EngineStats(queued=len(self._calls))
        return replace(stats, restarts=self._restarts)

    async def aclose(self) -> None:
        if self._supervision is not None:
            self._supervision.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervision
        self._failure = "The engine is shutting down: try again."
        self._fail_all(self._failure)
        await self._drop_process()

    async def _ask(self, ask: Ask) -> Vectors | Ranked | Tokens:
        call = self._begin(ask)
        try:
            answer = await call.answer()
        finally:
            self._end(call)
        assert isinstance(answer, Vectors | Ranked | Tokens)
        return answer

    def _begin(self, ask: Ask) -> Call:
        if self._failure:
            raise EngineFailedError(self._failure, retry_after_s=self._limits.max_backoff_s)
        if len(self._calls) >= self._max_calls:
            raise OverloadedError(
                f"{len(self._calls)} requests wait for {self._config.id!r} already: try again in 1 s.",
                retry_after_s=1.0,
            )
        call = Call(ask)
        if self._process is None:
            encode(ask)  # what cannot travel is refused now, not after the restart
        else:
            self._process.send(call.send())
        self._calls[call.id] = call
        return call

    def _end(self, call: Call) -> None:
        """Nobody reads the call any more: stop what still runs for it."""
        if self._forget(call) and call.is_sent and self._process is not None:
            self._process.send(Cancel(call.id))

    def _forget(self, call: Call) -> bool:
        """Take the call off the books, make room for a suspect that waits; False when it was off already."""
        was_there = self._calls.pop(call.id, None) is not None
        if was_there:
            self._clear(call)
        return was_there

    def _clear(self, call: Call) -> None:
        was_on_trial = self._quarantine.is_on_trial(call.id)
        self._quarantine.forget(call.id)
        if was_on_trial:
            self._send_waiting()

    def _receive(self, message: ToParent) -> None:
        self._has_reported = True
        match message:
            case Deltas(items=items, stats=stats):
                self._stats = stats or self._stats
                for number, delta in items:
                    self._take(number, delta)
            case Heartbeat(stats=stats):
                self._stats = stats
            case Loaded():
                return
            case answer:
                call = self._calls.get(answer.id)
                if call is not None:
                    call.settle(answer)
                    self._forget(call)

    def _take(self, number: int, delta: Delta) -> None:
        call = self._calls.get(number)
        if call is None:  # cancelled while it was on its way
            return
        call.take(delta)
        if delta.finish_reason is not None:
            self._forget(call)
        elif self._quarantine.is_on_trial(number) and call.progress >= _CLEARED_BY_TOKENS:
            self._clear(call)

    async def _supervise(self) -> None:
        """Replace the child whenever it dies or hangs."""
        backoff_s = 0.0
        while True:
            started = time.monotonic()
            problem = await self._watch()
            _LOG.warning("%s: the engine %s; it is restarted", self._config.id, problem)
            self._restarts += 1
            await self._drop_process()
            self._blame(problem)
            if time.monotonic() - started >= self._limits.stable_s:
                backoff_s = 0.0
            backoff_s = await self._relaunch(backoff_s)
            self._send_waiting()

    async def _drop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.end()

    async def _relaunch(self, backoff_s: float) -> float:
        """Start a child after a pause, again and again until one has loaded; return the next pause."""
        while True:
            await asyncio.sleep(backoff_s)
            backoff_s = min(max(2 * backoff_s, self._limits.backoff_s), self._limits.max_backoff_s)
            try:
                await self._launch()
            except (InferenceError, OSError) as problem:
                _LOG.error("%s: the engine cannot be restarted: %s", self._config.id, problem)
                self._failure = f"The engine of {self._config.id!r} cannot be restarted: {problem}"
                self._fail_all(self._failure)
            else:
                return backoff_s

    async def _launch(self) -> None:
        self._process = await EngineProcess.start(self._load, self._receive, load_s=self._limits.load_s)
        self._loaded = self._process.loaded
        self._stats, self._failure, self._has_reported = EngineStats(), "", True

    async def _watch(self) -> str:
        """Return what is wrong with the child as soon as something is."""
        assert self._process is not None
        limits = self._limits
        silent_s = 0.0
        lost = asyncio.create_task(self._process.wire.lost.wait())
        try:
            while True:
                await asyncio.wait({lost}, timeout=limits.heartbeat_s)
                if lost.done():
                    return f"died ({await self._process.death()})"
                # Counted in our own turns: if this process was stopped itself, it first reads what has come meanwhile.
                silent_s = 0.0 if self._has_reported else silent_s + limits.heartbeat_s
                self._has_reported = False
                if silent_s >= limits.silence_s:
                    return f"was silent for {silent_s:g} s"
                if self._stats.busy_s >= limits.step_s:
                    return f"hung in a step for {self._stats.busy_s:.0f} s"
        finally:
            lost.cancel()

    def _blame(self, problem: str) -> None:
        """Count the crash against all that ran, and end those that were in too many."""
        sent = [call for call in self._calls.values() if call.is_sent]
        for call in sent:
            call.is_sent = False
        for number in self._quarantine.blame([call.id for call in sent]):
            call = self._calls[number]
            call.fail(
                EngineFailedError(
                    f"The engine {problem} {MAX_CRASHES} times in a row while it worked on this request: "
                    "change the request before you try again."
                )
            )
            self._forget(call)

    def _send_waiting(self) -> None:
        """Give the engine what it does not have: all but suspects in order, then the newest suspect, alone."""
        if self._process is None:
            return
        waiting = [call for call in self._calls.values() if not call.is_sent]
        suspects = [call for call in waiting if self._quarantine.is_suspect(call.id)]
        others = [call for call in waiting if not self._quarantine.is_suspect(call.id)]
        for call in (*others, *reversed(suspects)):
            if self._quarantine.admit(call.id):
                self._process.send(call.send())

    def _fail_all(self, message: str) -> None:
        for call in tuple(self._calls.values()):
            call.fail(EngineFailedError(message))
            self._forget(call)
