"""Products of 32 rows and more, which OpenBLAS computes where the wheel carries it: the same logits as ggml's own."""

from types import SimpleNamespace

import numpy as np
import pytest

from inference.batching.sequence import Row
from inference.engines.llama_executor import LlamaExecutor
from tests.inference.llama_model import executor, last_logits, rest, sequence, step

pytestmark = pytest.mark.model
TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all. " * 6
OWN_ROWS = 24  # fewer than ggml gives to a BLAS
CLOSE = 0.3  # mean distance of logits, as in test_llama_executor


def use_threads(engine: LlamaExecutor, count: int) -> None:
    fixed = SimpleNamespace(choose=lambda _rows: count, record=lambda *_step: None)
    engine._threads = fixed  # type: ignore[assignment]


# One more than the columns divide into evenly, and more than this machine may have cores.
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_a_large_batch_gives_the_logits_of_small_ones_with_any_number_of_threads(threads: int) -> None:
    with executor() as engine:
        use_threads(engine, threads)
        whole, chunked = sequence(TEXT, slot=0), sequence(TEXT, slot=1)
        engine.open(whole)
        engine.open(chunked)
        assert whole.missing > 4 * OWN_ROWS
        step(engine, rest(whole))
        at_once = last_logits(engine)
        while chunked.missing > OWN_ROWS:
            engine.run([Row(chunked, chunked.computed, OWN_ROWS)], None)
            chunked.computed += OWN_ROWS
        step(engine, rest(chunked))
        assert float(np.abs(at_once - last_logits(engine)).mean()) < CLOSE
