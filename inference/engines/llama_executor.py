"""Computes steps on llama.cpp: one context, one unified KV cache, one sampler per sequence."""

import time
from collections.abc import Sequence as Sized

from inference.batching.executor import CacheFullError, ContextLostError
from inference.batching.sequence import Copy, Outcome, Row, Sequence, Token, Trim
from inference.config import ModelConfig
from inference.engines.llama_adapters import LlamaAdapters
from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.engines.llama_memory import cleared_pages_returned
from inference.engines.llama_sampling import Candidates, SequenceSampler
from inference.engines.llama_threads import ThreadChooser, cores_available
from inference.errors import EngineFailedError, InferenceError

SLOTS = 32  # sequence ids: those that do not run keep cells for later
_MAX_DRAFTED = 16  # guesses in one step, over all sequences
_FULL, _ABORTED, _INVALID = 1, 2, -1  # what llama_decode returns


class LlamaExecutor:
    """Implements Executor; the engine thread is its only caller.

    Slots are sequence ids of the unified cache. Only `max_sequences` of them run at a time; the others keep cells for
    later.
    """

    def __init__(self, config: ModelConfig, model: LlamaModel, adapters: LlamaAdapters, context_tokens: int) -> None:
        self._api = library()
        self._config = config
        self._model = model
        self._adapters = adapters
        self._context_tokens = context_tokens
        self.slots = max(SLOTS, 2 * config.max_sequences)
        self._max_outputs = max(self.slots, config.max_sequences + _MAX_DRAFTED)  # llama.cpp asserts >= slots
        self._batch = TokenBatch(config.batch_tokens)
        self._candidates = Candidates(model.vocabulary_size)
        self._threads = ThreadChooser(cores_available())
        self._samplers: dict[int, SequenceSampler] = {}
        self._decode_s = 0.0  # spent inside llama_decode since load
        self.context: object = None
        self._memory: object = None
        self._make_context()

    @property
    def compute_s(self) -> float:
        """Seconds spent inside llama.cpp since load."""
        return self._decode_s + self._candidates.sampling_s

    def open(self, sequence: Sequence) -> None:
        self._samplers[sequence.id] = SequenceSampler(self._model, self._candidates, sequence)

    def move(self, moves: Sized[Copy | Trim]) -> None:
        for move in moves:
            match move:
                case Copy(source, target, tokens):
                    self._api.llama_memory_seq_cp(self._memory, source, target, 0, tokens)
                case Trim(slot, tokens):
                    self._forget(slot, tokens)

    def run(self, rows: Sized[Row], adapter: str | None) -> list[Outcome]:
        ends = self._fill(rows)
        self._adapters.use(self.context, adapter)
        size = self._batch.raw.n_tokens
        threads = self._threads.choose(size)
        self._api.llama_set_n_threads(self.context, threads, threads)
        started = time.perf_counter()
        status = self._api.llama_decode(self.context, self._batch.raw)
        seconds = time.perf_counter() - started
        self._decode_s += seconds
        if status != 0:
            raise self._failure(status, rows, size)
        self._threads.record(size, threads, seconds)
        return [self._outcome(row, end) for row, end in zip(rows, ends, strict=True)]

    def close(self, sequence: Sequence) -> None:
        sampler = self._samplers.pop(sequence.id, None)
        if sampler is not None:
            sampler.close()

    def shutdown(self) -> None:
        self.free()
        self._model.close()

    def free(self) -> None:
        """Free the context and the samplers, but not the model."""
        for sampler in self._samplers.values():
            sampler.close()
        self._samplers.clear()
        if self.context:
            self._api.llama_free(self.context)
            self.context = None

    def _make_context(self) -> None:
        api, config = self._api, self._config
        params = api.llama_context_default_params()
        params.n_ctx = self._context_tokens
        params.n_batch = params.n_ubatch = config.batch_tokens  # so that a step is one ubatch: all of it or nothing
        params.n_seq_max = self.slots
        # Rows of logits: without a bound the compute buffer holds one per token of the batch (50 MB).
        params.n_outputs_max = self._max_outputs
        params.kv_unified = True
        params.no_perf = True
        params.n_threads = params.n_threads_batch = cores_available()
        # Flash attention passes over the cells of other sequences, which the plain kernels compute and then mask: with
        # 8 sequences a step takes a sixth less, one sequence beside 7 resting ones a third less, and with f16 keys
        # a prompt half as long. Keys in 8 bits save a quarter of the cache and cost most of that gain for prompts.
        params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_AUTO
        if config.key_cache == "q8_0":
            params.type_k = api.GGML_TYPE_Q8_0
        with cleared_pages_returned():
            self.context = api.llama_init_from_model(self._model.pointer, params)
        if not self.context:
            raise EngineFailedError(f"llama.cpp cannot make a context for {config.id!r}: is there enough memory?")
        self._memory = api.llama_get_memory(self.context)

    def _fill(self, rows: Sized[Row]) -> list[int]:
        """Write the rows into the batch and return where each ends."""
        outputs = sum(1 + len(row.draft) for row in rows if row.samples)
        assert outputs <= self._max_outputs, f"{outputs} rows of logits, but there is room for {self._max_outputs}"
        self._batch.clear()
        ends = []
        for row in rows:
            sequence = row.sequence
            assert sequence.slot is not None and (row.samples or not row.draft)
            tokens = sequence.tokens[row.start : row.start + row.count]
            ends.append(
                self._batch.extend(
                    [*tokens, *row.draft] if row.draft else tokens,
                    position=row.start,
                    sequence=sequence.slot,
                    outputs=1 + len(row.draft) if row.samples else 0,
                )
            )
        return ends

    def _outcome(self, row: Row, end: int) -> Outcome:
        if not row.samples:
            return Outcome((), row.start + row.count)
        try:
            return self._sampled(row, end)
        except Exception as problem:  # noqa: BLE001  # the engine thread: the other rows of the step are done
            return Outcome((), row.start, problem)

    def _sampled(self, row: Row, end: int) -> Outcome:
        """Sample as long as the guesses are right: the first token that differs, or follows them all, is the last.

        batch: … start+count-1 │ draft 0 │ draft 1 │ … │ end      each row's logits say what comes after it
        """
        computed = row.start + row.count
        sequence = row.sequence
        sampler, left = self._samplers[sequence.id], sequence.remaining
        tokens: list[Token] = []
        accepted = 0
        for output, guess in zip(range(end - len(row.draft) - 1, end), (*row.draft, None), strict=True):
            token = sampler.sample(self.context, output, left - len(tokens))
            tokens.append(token)
            is_over = token.id in self._model.end_tokens or len(tokens) == left
            if is_over or token.id != guess:
                break
            accepted += 1
        if accepted < len(row.draft):
            self._forget(sequence.slot or 0, computed + accepted)
        if tokens[-1].id not in self._model.end_tokens:
            tokens += sampler.forced(left - len(tokens))
        return Outcome(tuple(tokens), computed + accepted)

    def _failure(self, status: int, rows: Sized[Row], size: int) -> Exception:
        if status < _INVALID:
            self._api.llama_free(self.context)
            self.context = None
            self._make_context()
            return ContextLostError(f"llama.cpp failed in a step of {size} tokens: status {status}.")
        for row in rows:
            self._forget(row.sequence.slot or 0, row.start)
        if status == _FULL:
            return CacheFullError(f"The KV cache has no room for {size} tokens.")
        reason = "it was aborted" if status == _ABORTED else f"status {status}"
        error: InferenceError = EngineFailedError(f"llama.cpp could not compute {size} tokens: {reason}.")
        return error

    def _forget(self, slot: int, tokens: int) -> None:
        self._api.llama_memory_seq_rm(self._memory, slot, tokens, -1)
