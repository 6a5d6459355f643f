"""A model that is loaded to be measured: one context, one sequence, logits of many positions at once."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inference.engines.llama_adapters import LlamaAdapters
from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.engines.llama_threads import cores_available
from inference.errors import EngineFailedError
from inference.gguf_header import check_gguf
from inference.quantization.errors import QuantizationError

WINDOW_TOKENS = 512
Tokens = npt.NDArray[np.int32]
Logits = npt.NDArray[np.float32]


class Context:
    """Computes one sequence; every `run` starts at `position` and forgets what lay after it."""

    def __init__(self, model: LlamaModel, pointer: object, rows: int, threads: int | None) -> None:
        self._api = library()
        self._model = model
        self._pointer = pointer
        self._memory = self._api.llama_get_memory(pointer)
        self._batch = TokenBatch(rows)
        self._single = cores_available()
        self._batch_threads = threads
        self._row_s: dict[int, float] = {}  # by threads: seconds for a row of a batch, when they were last used

    def run(self, tokens: Tokens, *, outputs: int, position: int = 0) -> float:
        """Compute and return the seconds that it took. Raises EngineFailedError."""
        self._api.llama_memory_seq_rm(self._memory, 0, position, -1)
        self._batch.clear()
        self._batch.extend(tokens.tolist(), position=position, sequence=0, outputs=outputs)
        threads = self.batch_threads
        self._api.llama_set_n_threads(self._pointer, self._single, threads)
        started = time.perf_counter()
        status = self._api.llama_decode(self._pointer, self._batch.raw)
        self._api.llama_synchronize(self._pointer)
        if status != 0:
            raise EngineFailedError(f"llama.cpp could not compute {len(tokens)} tokens: status {status}.")
        taken_s = time.perf_counter() - started
        if len(tokens) > 1:
            self._row_s[threads] = taken_s / len(tokens)
        return taken_s

    def use_threads(self, count: int) -> None:
        """Compute single tokens with so many threads; batches try one and all, and keep to what was faster."""
        self._single = count

    @property
    def batch_threads(self) -> int:
        """How many threads the next batch takes."""
        if self._batch_threads is not None:
            return self._batch_threads
        # Where other processes want the cores, every layer waits for the slowest thread: more may be far slower.
        untried = [count for count in (1, cores_available()) if count not in self._row_s]
        return untried[0] if untried else min(self._row_s, key=lambda count: self._row_s[count])

    def use_adapter(self, adapters: LlamaAdapters, name: str | None) -> None:
        """Compute with one adapter of the model from now on, or with none."""
        adapters.use(self._pointer, name)

    def logits(self, outputs: int) -> Logits:
        """Return the logits (outputs, vocabulary) of the last run; they live until the next."""
        found = self._api.llama_get_logits(self._pointer)
        values: Logits = np.ctypeslib.as_array(found, (outputs, self._model.vocabulary_size))
        return values


class Loaded:
    """The weights of one file, checked before llama.cpp opens it."""

    def __init__(self, path: Path) -> None:
        check_gguf(path)
        self.model = LlamaModel(path)

    @contextlib.contextmanager
    def context(
        self, *, rows: int, outputs: int, cells: int = 0, callback: object = None, threads: int | None = None
    ) -> Iterator[Context]:
        """Open a context for batches of `rows`; raises EngineFailedError when memory does not suffice.

        Without `threads` for batches it finds out which are fastest, which costs two batches.
        """
        api = library()
        params = api.llama_context_default_params()
        params.n_ctx = max(rows, cells)
        params.n_batch = params.n_ubatch = rows
        params.n_outputs_max = outputs
        params.n_seq_max = 1
        params.n_threads = params.n_threads_batch = cores_available()
        params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_AUTO
        if callback is not None:
            params.cb_eval = callback
        pointer = api.llama_init_from_model(self.model.pointer, params)
        if not pointer:
            raise EngineFailedError("llama.cpp cannot make a context: is there enough memory?")
        try:
            yield Context(self.model, pointer, rows, threads)
        finally:
            api.llama_free(pointer)

    def close(self) -> None:
        self.model.close()


class Reader(Protocol):
    """What turns a text into a model's tokens. A context of 0 is not known."""

    @property
    def trained_context_tokens(self) -> int: ...

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]: ...


def windows_of(model: Reader, text: str, most: int, *, least: int) -> Tokens:
    """Cut `text` into windows (count, tokens + 1): a row holds what is read and, one further, what comes next.

    Raises QuantizationError when the text makes fewer than `least` windows.
    """
    width = min(WINDOW_TOKENS, model.trained_context_tokens or WINDOW_TOKENS)
    # Of a book only the beginning is needed; a token is hardly ever longer than 16 characters on average.
    tokens = model.tokenize(text[: most * (width + 1) * 16], special=False)
    bos = model.tokenize("", special=False, bos=True)[:1]
    step = width + 1 - len(bos)
    count = min(most, len(tokens) // step)
    if count < least:
        raise QuantizationError(f"The text has {len(tokens)} tokens, but {least * step} are needed: give a longer one.")
    rows = np.array(tokens[: count * step], np.int32).reshape(count, step)
    return np.concatenate([np.full((count, 1), bos[0], np.int32), rows], axis=1) if bos else rows
