"""One name, several engines: the least busy replica that is well answers, and the same prompts go to the same one."""

import asyncio
import contextlib
import hashlib
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from inference.errors import InferenceError, OverloadedError
from inference.types import Delta, GenerateRequest, ModelInfo

_SLACK = 2  # requests that a replica may have more than the least busy one and still be chosen for its cached prefix
_FAILURES = 2  # in a row, until a replica rests
_FIRST_REST_S, _LONGEST_REST_S = 5.0, 60.0
_PROBE_S = 3.0
_PREFIX_CHARACTERS = 2048


class Replica(Protocol):
    """An engine, or what stands for one."""

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]: ...

    async def models(self) -> list[ModelInfo]: ...


@dataclass(slots=True)
class _Health:
    outstanding: int = 0
    failures: int = 0
    rest_s: float = 0.0
    rests_until: float = 0.0
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """What is known of one replica now."""

    name: str
    outstanding: int
    is_well: bool
    is_draining: bool


class Router:
    """Chooses among replicas by name; a value machine that asks nobody and waits for nothing."""

    def __init__(self, names: Collection[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._health = {name: _Health() for name in names}
        self._clock = clock
        self._counting = threading.Lock()  # requests come from several threads' loops

    def keep(self, names: Collection[str]) -> None:
        """Route among exactly these from now on; what is known of those that stay, stays."""
        with self._counting:
            self._health = {name: self._health.get(name) or _Health() for name in names}

    def choose(self, prefix: str, but: Collection[str] = ()) -> str | None:
        """Return the replica for a prompt that begins with `prefix`, None when there is none.

        Those that rest are chosen only when no other is left: a late answer is better than none.
        """
        open_ones = {n: h for n, h in self._health.items() if not h.is_draining and n not in but}
        now = self._clock()
        well = {name: health for name, health in open_ones.items() if health.rests_until <= now} or open_ones
        if not well:
            return None
        least = min(health.outstanding for health in well.values())
        near = [name for name, health in well.items() if health.outstanding <= least + _SLACK]
        favourite = max(well, key=lambda name: _score(name, prefix))
        return favourite if favourite in near else min(well, key=lambda name: (well[name].outstanding, name))

    def wants_probe(self, name: str) -> bool:
        """Whether the replica has failed before and should be asked something small first."""
        health = self._health.get(name)
        return health is not None and health.failures >= _FAILURES

    def begin(self, name: str) -> None:
        """Count a request that a replica has now; replicas that were taken out meanwhile are not counted."""
        with self._counting:
            health = self._health.get(name)
            if health is not None:
                health.outstanding += 1

    def end(self, name: str, *, is_well: bool) -> None:
        """Count an answer's end; a replica that failed several times in a row rests, each time for longer."""
        with self._counting:
            health = self._health.get(name)
            if health is not None:  # else it was taken out meanwhile
                health.outstanding = max(0, health.outstanding - 1)
                self._judge(health, is_well=is_well)

    def _judge(self, health: _Health, *, is_well: bool) -> None:
        if is_well:
            health.failures, health.rest_s, health.rests_until = 0, 0.0, 0.0
            return
        health.failures += 1
        if health.failures >= _FAILURES:
            health.rest_s = min(max(2 * health.rest_s, _FIRST_REST_S), _LONGEST_REST_S)
            health.rests_until = self._clock() + health.rest_s

    def drain(self, name: str, *, is_draining: bool = True) -> None:
        """Send a replica nothing new, or let it in again; what it works on goes on."""
        self._health[name].is_draining = is_draining

    def states(self) -> list[ReplicaState]:
        now = self._clock()
        return [
            ReplicaState(name, health.outstanding, health.rests_until <= now, health.is_draining)
            for name, health in self._health.items()
        ]


def _score(name: str, prefix: str) -> bytes:
    """Rendezvous hashing: when a replica goes, only its own prompts move."""
    return hashlib.blake2b(f"{name}\0{prefix}".encode("utf-8", "replace"), digest_size=8).digest()


def prefix_of(request: GenerateRequest) -> str:
    """Return what the prompts of one conversation, and of one application, have in common."""
    first = request.messages[0].content if request.messages else request.prompt or ""
    second = request.messages[1].content if len(request.messages) > 1 else ""
    return f"{request.tenant}\0{first[:_PREFIX_CHARACTERS]}\0{second[:_PREFIX_CHARACTERS]}"


async def routed(
    router: Router, replicas: Mapping[str, Replica], request: GenerateRequest
) -> AsyncGenerator[tuple[str, Delta], None]:
    """Yield (replica, delta) of the replica that answers; one that fails before its first delta is replaced.

    Raises what the last replica raised, and what one raises that the next could not do better.
    """
    tried: list[str] = []
    problem: InferenceError = OverloadedError("Every replica is drained: let one in again.")
    while (name := router.choose(prefix_of(request), tried)) is not None:
        tried.append(name)
        router.begin(name)
        has_begun = is_well = False
        try:
            if router.wants_probe(name):
                await _probe(replicas[name])
            async with contextlib.aclosing(_closable(replicas[name].generate(request))) as deltas:
                async for delta in deltas:
                    has_begun = is_well = True
                    yield name, delta
            return
        except InferenceError as caught:
            is_well = not _is_its_fault(caught)
            if has_begun or is_well:
                raise
            problem = caught
        except (GeneratorExit, asyncio.CancelledError):
            is_well = True  # the reader left
            raise
        finally:
            router.end(name, is_well=is_well)
    raise problem


def _is_its_fault(problem: InferenceError) -> bool:
    """Whether another replica may do better; a bad request is bad everywhere."""
    return problem.retryable or problem.http_status >= 500 or problem.code in {"upstream_auth", "model_not_found"}


async def _probe(replica: Replica) -> None:
    try:
        async with asyncio.timeout(_PROBE_S):
            await replica.models()
    except TimeoutError:
        raise OverloadedError("The replica does not answer a question about its models.", retry_after_s=5.0) from None


async def _closable(deltas: AsyncIterator[Delta]) -> AsyncGenerator[Delta, None]:
    try:
        async for delta in deltas:
            yield delta
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()
