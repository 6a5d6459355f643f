"""Vectors from llama.cpp: one context without a KV cache that takes many short sequences at once."""

import math
import time
from collections.abc import Sequence

from inference.config import ModelConfig
from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.engines.llama_threads import ThreadChooser, cores_available
from inference.engines.wordpiece import WordPiece
from inference.errors import EngineFailedError


class LlamaEmbedder:
    """Computes unit-length vectors; used by one thread at a time."""

    def __init__(self, config: ModelConfig) -> None:
        api = library()
        self.model = LlamaModel(config.path)
        self.context_tokens = min(config.context_tokens, self.model.trained_context_tokens)
        self.batch_tokens = max(config.batch_tokens, self.context_tokens)
        self.max_sequences = config.max_sequences
        self.dimensions = self.model.width
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self.batch_tokens
        params.n_seq_max = config.max_sequences
        params.n_outputs_max = self.batch_tokens
        params.embeddings = True
        params.kv_unified = True
        params.no_perf = True
        params.n_threads = params.n_threads_batch = cores_available()
        self._context = api.llama_init_from_model(self.model.pointer, params)
        if not self._context:
            raise EngineFailedError(f"llama.cpp cannot make a context for {config.id!r}: is there enough memory?")
        self._api = api
        self._first: int = api.llama_vocab_bos(self.model.vocabulary)
        self._last: int = api.llama_vocab_sep(self.model.vocabulary)
        self._wordpiece = _wordpiece(self.model)
        self._batch = TokenBatch(self.batch_tokens)
        self._threads = ThreadChooser(cores_available())

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of `text` with [CLS] and [SEP], cut to the model's limit as the original does."""
        if self._wordpiece is not None:
            return [self._first, *self._wordpiece.tokenize(text, self.context_tokens - 2), self._last]
        tokens = self.model.tokenize(text, special=False, bos=True)
        return tokens if len(tokens) <= self.context_tokens else [*tokens[: self.context_tokens - 1], tokens[-1]]

    def run(self, inputs: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return one vector of shape (dimensions,) per input; at most batch_tokens tokens and max_sequences inputs."""
        self._batch.clear()
        for number, tokens in enumerate(inputs):
            self._batch.extend(tokens, position=0, sequence=number, outputs=len(tokens))
        rows = self._batch.raw.n_tokens
        threads = self._threads.choose(rows)
        self._api.llama_set_n_threads(self._context, threads, threads)
        started = time.perf_counter()
        status = self._api.llama_encode(self._context, self._batch.raw)
        self._threads.record(rows, threads, time.perf_counter() - started)
        if status != 0:
            raise EngineFailedError(f"llama.cpp could not embed {len(inputs)} texts of {rows} tokens: status {status}.")
        return [self._vector(number) for number in range(len(inputs))]

    def _vector(self, number: int) -> list[float]:
        values: list[float] = self._api.llama_get_embeddings_seq(self._context, number)[: self.dimensions]
        norm = math.sqrt(sum(value * value for value in values))
        return [value / norm for value in values] if norm > 0 else values

    def close(self) -> None:
        self._api.llama_free(self._context)
        self.model.close()


def _wordpiece(model: LlamaModel) -> WordPiece | None:
    if model.metadata("tokenizer.ggml.model") != "bert":
        return None
    return WordPiece(
        model.vocabulary_texts(),
        unknown=int(model.metadata("tokenizer.ggml.unknown_token_id") or 100),
        lowercase=model.metadata("tokenizer.ggml.normalizer.lowercase") != "false",
    )
