"""The products of the compiled library: ours of Q4_1 weights, those of OpenBLAS, and the logits that come of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type

from inference.batching.sequence import Row
from inference.engines.llama_executor import LlamaExecutor
from inference.engines.llama_sampling import logits_of
from tests.inference.ggml_products import Product, has_device, whole_columns
from tests.inference.llama_model import executor, last_logits, model, rest, sequence, step

pytestmark = pytest.mark.model
TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all. " * 6
FEW_ROWS = 24
CLOSE = 0.4  # mean distance of logits, as in test_llama_executor
EXACT = 1e-4  # floats added up in another order
SINGLE_PRECISION = 1e-3


@pytest.fixture
def openblas() -> None:
    if not has_device("BLAS"):
        pytest.skip("llama.cpp was compiled without OpenBLAS")


@contextmanager
def product(device: str, kind: Type, *, rows: int, columns: int, length: int, batch: int = 1) -> Iterator[Product]:
    rng = np.random.default_rng(rows * columns * length)
    weights = (rng.random((rows, length), np.float32) * 2 - 0.7) * rng.random((rows, 1), np.float32)
    made = Product(device, kind, weights, whole_columns(rng, (batch, columns, length)))
    yield made
    made.close()


def use_threads(engine: LlamaExecutor, count: int) -> None:
    fixed = SimpleNamespace(choose=lambda _rows: count, record=lambda *_step: None)
    engine._threads = fixed  # type: ignore[assignment]


# Rows that fill no vector and no tile, rows of more blocks than are unpacked at once, columns that come in no fours.
@pytest.mark.parametrize("rows", [1, 7, 16, 50, 193])
@pytest.mark.parametrize("length", [32, 576, 1056, 4096])
@pytest.mark.parametrize("threads", [1, 3])
def test_products_of_4_bit_weights_are_those_of_their_values(rows: int, length: int, threads: int) -> None:
    for columns in (1, 2, 3, 4, 5, 8, 31, 64):
        with product("CPU", Type.Q4_1, rows=rows, columns=columns, length=length) as made:
            assert made.error(threads) < EXACT, f"{columns} columns"


@pytest.mark.parametrize("length", [576, 4096])
def test_a_column_does_not_depend_on_how_many_others_there_are(length: int) -> None:
    """Or an answer would depend on how much of its prompt was in the cache, and on who else asks."""
    rng = np.random.default_rng(length)
    weights = rng.random((50, length), np.float32)
    columns = rng.standard_normal((1, 11, length), np.float32)
    made = Product("CPU", Type.Q4_1, weights, columns)
    together = made.computed(threads=2)
    made.close()
    for count in (1, 2, 3, 4, 7):
        made = Product("CPU", Type.Q4_1, weights, columns[:, :count])
        assert np.array_equal(made.computed(threads=1), together[:, :count])
        made.close()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_matrix_of_several_is_multiplied_whole(threads: int) -> None:
    with product("CPU", Type.Q4_1, rows=72, columns=9, length=576, batch=3) as made:
        assert made.error(threads) < EXACT


# One more than the columns divide into evenly, and more than this machine may have cores.
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.usefixtures("openblas")
def test_openblas_shares_a_product_out_to_any_number_of_threads(threads: int) -> None:
    for rows, columns in ((32, 32), (33, 130), (576, 77)):
        with product("BLAS", Type.Q8_0, rows=rows, columns=columns, length=576) as made:
            assert made.is_supported()
            assert made.error(threads) < SINGLE_PRECISION


@pytest.mark.usefixtures("openblas")
def test_openblas_does_not_take_half_floats() -> None:
    with product("BLAS", Type.F16, rows=64, columns=64, length=576) as made:
        assert not made.is_supported()


def test_eight_sequences_in_a_step_get_the_logits_that_each_gets_alone() -> None:
    """Except for the order in which floats are added up: rounded to 8 bits in each layer, it moves logits a little."""
    with executor() as engine:
        use_threads(engine, 2)
        prompts = [sequence(TEXT[5 * slot : 5 * slot + 60], slot=slot) for slot in range(8)]
        alone = []
        for one in prompts:
            engine.open(one)
            engine.run([Row(one, 0, one.missing - 1)], None)
            engine.run([Row(one, one.prompt_tokens - 1, 1)], None)
            alone.append(last_logits(engine))
            engine._forget(one.slot or 0, one.prompt_tokens - 1)
        engine.run([Row(one, one.prompt_tokens - 1, 1) for one in prompts], None)
        together = [logits_of(engine.context, output, model()) for output in range(len(prompts))]
        assert float(np.abs(np.array(alone) - np.array(together)).mean()) < CLOSE


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_a_large_batch_gives_the_logits_of_small_ones_with_any_number_of_threads(threads: int) -> None:
    with executor() as engine:
        use_threads(engine, threads)
        whole, chunked = sequence(TEXT, slot=0), sequence(TEXT, slot=1)
        engine.open(whole)
        engine.open(chunked)
        assert whole.missing > 4 * FEW_ROWS
        step(engine, rest(whole))
        at_once = last_logits(engine)
        while chunked.missing > FEW_ROWS:
            engine.run([Row(chunked, chunked.computed, FEW_ROWS)], None)
            chunked.computed += FEW_ROWS
        step(engine, rest(chunked))
        assert float(np.abs(at_once - last_logits(engine)).mean()) < CLOSE
