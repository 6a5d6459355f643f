"""The embedding thread: turns, errors of one batch, cancelled clients, limits."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from inference.engines.embedding_queue import EmbeddingQueue
from inference.errors import EngineFailedError, OverloadedError

POISON = 666


@dataclass
class PretendEmbedder:
    """The vector of tokens is their sum; POISON makes the batch fail; steps wait for the gate."""

    batch_tokens: int = 10
    max_sequences: int = 4
    dimensions: int = 1
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(10_000))
    batches: list[list[list[int]]] = field(default_factory=list)
    is_closed: bool = False

    def run(self, inputs: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        self.gate.acquire()
        assert sum(map(len, inputs)) <= self.batch_tokens
        assert len(inputs) <= self.max_sequences
        self.batches.append([list(tokens) for tokens in inputs])
        if any(POISON in tokens for tokens in inputs):
            raise RuntimeError("the model fell over")
        return np.array([[sum(tokens)] for tokens in inputs], np.float32)

    def close(self) -> None:
        self.is_closed = True


Make = Callable[[PretendEmbedder], EmbeddingQueue]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[tuple[EmbeddingQueue, PretendEmbedder]] = []

    def start(embedder: PretendEmbedder) -> EmbeddingQueue:
        made.append((EmbeddingQueue(embedder, max_queued=50), embedder))
        return made[-1][0]

    yield start
    for queue, embedder in made:
        embedder.gate.release(10_000)
        queue.stop()
        assert embedder.is_closed


async def test_vectors_come_in_the_order_of_the_texts(make: Make) -> None:
    queue = make(PretendEmbedder())
    inputs = [[n] * (1 + n % 5) for n in range(30)]
    assert (await queue.embed(inputs)).tolist() == [[float(sum(tokens))] for tokens in inputs]
    assert len(await queue.embed([])) == 0
    assert (queue.stats().active, queue.stats().queued, queue.stats().queued_tokens) == (0, 0, 0)


async def test_a_short_request_does_not_wait_behind_a_long_one(make: Make) -> None:
    embedder = PretendEmbedder(gate=threading.Semaphore(0), max_sequences=2)
    queue = make(embedder)
    long = asyncio.create_task(queue.embed([[1]] * 40))
    await asyncio.sleep(0)
    short = asyncio.create_task(queue.embed([[9]]))
    await asyncio.sleep(0)
    embedder.gate.release(3)
    assert (await short).tolist() == [[9.0]]
    assert not long.done()
    embedder.gate.release(1000)
    assert len(await long) == 40


async def test_a_failing_batch_fails_its_requests_only(make: Make) -> None:
    embedder = PretendEmbedder(max_sequences=1)
    queue = make(embedder)
    bad, good = await asyncio.gather(queue.embed([[1], [POISON], [2]]), queue.embed([[1], [2]]), return_exceptions=True)
    assert isinstance(bad, EngineFailedError)
    assert not isinstance(good, BaseException)
    assert good.tolist() == [[1.0], [2.0]]


async def test_what_a_client_that_left_asked_for_is_not_computed(make: Make) -> None:
    embedder = PretendEmbedder(gate=threading.Semaphore(0), max_sequences=1)
    queue = make(embedder)
    leaving = asyncio.create_task(queue.embed([[3]] * 30))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert (queue.stats().active, queue.stats().queued, queue.stats().queued_tokens) == (0, 0, 0)
    embedder.gate.release(1000)
    assert (await queue.embed([[1]])).tolist() == [[1.0]]
    assert len(embedder.batches) <= 3


async def test_too_many_texts_are_refused_but_one_large_request_is_taken(make: Make) -> None:
    embedder = PretendEmbedder(gate=threading.Semaphore(0))
    queue = make(embedder)
    first = asyncio.create_task(queue.embed([[1]] * 60))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refused:
        await queue.embed([[1]])
    assert refused.value.retry_after_s is not None
    embedder.gate.release(1000)
    assert len(await first) == 60
