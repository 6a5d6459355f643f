"""What our kernels compute agrees with what llama.cpp computes without them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from inference.config import CHAT_MODEL, builtin_models
from inference.engines.llama_bindings import LlamaModel, library

pytestmark = pytest.mark.model

Rows = Sequence[tuple[int, int]]  # (sequence, tokens of it)


class Context:
    """A bare context: every step gives the logits of the last token of each of its sequences."""

    def __init__(self, model: LlamaModel, *, flash: bool, threads: int) -> None:
        self._api = library()
        params = self._api.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 2048, 256, 256, 8
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        on, off = self._api.LLAMA_FLASH_ATTN_TYPE_ENABLED, self._api.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.flash_attn_type = on if flash else off
        self.pointer = self._api.llama_init_from_model(model.pointer, params)
        self._batch = self._api.llama_batch_init(256, 0, 1)
        self._words = np.random.default_rng(7)
        self._vocabulary = int(self._api.llama_vocab_n_tokens(model.vocabulary))
        self._lengths: dict[int, int] = {}

    def step(self, rows: Rows) -> np.ndarray:
        batch, count = self._batch, 0
        last = []
        for sequence, tokens in rows:
            for _ in range(tokens):
                position = self._lengths.get(sequence, 0)
                self._lengths[sequence] = position + 1
                batch.token[count], batch.pos[count] = int(self._words.integers(100, 40_000)), position
                batch.n_seq_id[count], batch.seq_id[count][0], batch.logits[count] = 1, sequence, 0
                count += 1
            batch.logits[count - 1] = 1
            last.append(count - 1)
        batch.n_tokens = count
        assert self._api.llama_decode(self.pointer, batch) == 0
        found = (self._api.llama_get_logits_ith(self.pointer, index) for index in last)
        return np.array([np.ctypeslib.as_array(logits, (self._vocabulary,)).copy() for logits in found])

    def close(self) -> None:
        self._api.llama_batch_free(self._batch)
        self._api.llama_free(self.pointer)


@contextmanager
def context(model: LlamaModel, *, flash: bool = True, threads: int = 2) -> Iterator[Context]:
    opened = Context(model, flash=flash, threads=threads)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def model() -> LlamaModel:
    found = next(each for each in builtin_models(Path()) if each.id == CHAT_MODEL)
    return LlamaModel(found.path)


STEPS: tuple[Rows, ...] = (
    ((0, 200),),
    ((0, 37),),
    ((1, 3),),
    ((2, 20),),
    ((0, 1), (1, 1), (2, 1)),
    ((0, 1), (1, 30), (2, 4)),
    ((2, 1),),
)


def test_attention_of_few_tokens_agrees_with_plain_attention(model: LlamaModel) -> None:
    with context(model) as ours, context(model, flash=False) as plain:
        for rows in STEPS:
            found, expected = ours.step(rows), plain.step(rows)
            # Activations are rounded to eight bits before every product: ggml's own two ways differ as much.
            assert np.sqrt(np.mean((found - expected) ** 2)) < 0.6, rows
            assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995, rows


def test_attention_is_the_same_however_many_threads_share_it(model: LlamaModel) -> None:
    with context(model, threads=1) as one, context(model, threads=2) as two:
        for rows in STEPS:
            np.testing.assert_array_equal(one.step(rows), two.step(rows))


def test_no_product_is_computed_in_tiles() -> None:
    """Tiles, where a processor has them, would take weights away from our kernels; some compilers break them."""
    assert b"AMX" not in library().llama_print_system_info()
