"""Computes steps on llama.cpp: one context, one unified KV cache, one sampler chain per sequence."""

import secrets
import time
from collections.abc import Sequence as Sized

from inference.batching.sequence import Row, Sequence
from inference.config import ModelConfig
from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.engines.llama_threads import ThreadChooser, cores_available
from inference.errors import EngineFailedError
from inference.types import SamplingParams

_PENALTY_WINDOW = 64  # tokens that penalties look back on, llama.cpp's default
_RANDOM_SEED_LIMIT = 0xFFFF_FFFF  # this value itself would mean "random" to llama.cpp


class LlamaExecutor:
    """Implements Executor; the engine thread is its only caller."""

    def __init__(self, config: ModelConfig, model: LlamaModel, context_tokens: int) -> None:
        api = library()
        cores = cores_available()
        params = api.llama_context_default_params()
        params.n_ctx = context_tokens
        params.n_batch = params.n_ubatch = config.batch_tokens
        params.n_seq_max = config.max_sequences
        # One row of logits per sequence: without it the compute buffer holds one per token of the batch (50 MB).
        params.n_outputs_max = config.max_sequences
        params.kv_unified = True
        params.no_perf = True
        params.n_threads = params.n_threads_batch = cores
        if config.key_cache == "q8_0":
            # Keys in 8 bits save a quarter of the cache at the speed of f16, but only without flash attention, which
            # takes twice as long on 8 bits at a depth of 1,500 tokens; values in 8 bits would need it.
            params.type_k = api.GGML_TYPE_Q8_0
            params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._context = api.llama_init_from_model(model.pointer, params)
        if not self._context:
            raise EngineFailedError(f"llama.cpp cannot make a context for {config.id!r}: is there enough memory?")
        self._api = api
        self._model = model
        self._memory = api.llama_get_memory(self._context)
        self._batch = TokenBatch(config.batch_tokens)
        self._threads = ThreadChooser(cores)
        self._samplers: dict[int, object] = {}

    def open(self, sequence: Sequence) -> None:
        chain = _sampler_chain(sequence.sampling, self._model.vocabulary_size)
        for token in sequence.tokens[-_PENALTY_WINDOW:] if _has_penalties(sequence.sampling) else ():
            self._api.llama_sampler_accept(chain, token)
        self._samplers[sequence.id] = chain

    def run(self, rows: Sized[Row]) -> list[int | None]:
        self._batch.clear()
        outputs: list[int] = []
        for row in rows:
            sequence, end = row.sequence, row.start + row.count
            for position in range(row.start, end):
                is_output = row.samples and position == end - 1
                last = self._batch.add(sequence.tokens[position], position, sequence.slot or 0, is_output)
            outputs.append(last)
        size = self._batch.raw.n_tokens
        threads = self._threads.choose(size)
        self._api.llama_set_n_threads(self._context, threads, threads)
        started = time.perf_counter()
        status = self._api.llama_decode(self._context, self._batch.raw)
        if status != 0:
            self._roll_back(rows)
            raise EngineFailedError(f"llama.cpp could not compute {size} tokens: status {status}.")
        self._threads.record(size, threads, time.perf_counter() - started)
        return [self._sample(row, output) if row.samples else None for row, output in zip(rows, outputs, strict=True)]

    def clear(self, slots: Sized[int]) -> None:
        for slot in slots:
            self._api.llama_memory_seq_rm(self._memory, slot, -1, -1)

    def close(self, sequence: Sequence) -> None:
        chain = self._samplers.pop(sequence.id, None)
        if chain is not None:
            self._api.llama_sampler_free(chain)

    def shutdown(self) -> None:
        for chain in self._samplers.values():
            self._api.llama_sampler_free(chain)
        self._samplers.clear()
        self._batch.close()
        self._api.llama_free(self._context)
        self._model.close()

    def _sample(self, row: Row, output: int) -> int:
        token: int = self._api.llama_sampler_sample(self._samplers[row.sequence.id], self._context, output)
        return token

    def _roll_back(self, rows: Sized[Row]) -> None:
        for row in rows:
            self._api.llama_memory_seq_rm(self._memory, row.sequence.slot or 0, row.start, -1)


def _has_penalties(sampling: SamplingParams) -> bool:
    return sampling.repeat_penalty != 1.0 or sampling.presence_penalty != 0.0 or sampling.frequency_penalty != 0.0


def _sampler_chain(sampling: SamplingParams, vocabulary_size: int) -> object:
    """Build the chain in llama.cpp's usual order; steps that would change nothing are left out."""
    api = library()
    params = api.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = api.llama_sampler_chain_init(params)

    def add(sampler: object) -> None:
        api.llama_sampler_chain_add(chain, sampler)

    if _has_penalties(sampling):
        repeat, frequency, presence = sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty
        add(api.llama_sampler_init_penalties(vocabulary_size, _PENALTY_WINDOW, repeat, frequency, presence))
    if sampling.temperature <= 0:
        add(api.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        add(api.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1.0:
        add(api.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        add(api.llama_sampler_init_min_p(sampling.min_p, 1))
    add(api.llama_sampler_init_temp(sampling.temperature))
    seed = sampling.seed % _RANDOM_SEED_LIMIT if sampling.seed is not None else secrets.randbelow(_RANDOM_SEED_LIMIT)
    add(api.llama_sampler_init_dist(seed))
    return chain
