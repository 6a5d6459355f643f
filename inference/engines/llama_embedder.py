"""Encoders on llama.cpp: one context that takes many short inputs at once and gives one row of numbers for each.

It knows nothing of requests. An embedding model gives unit-length vectors, a cross-encoder its logits.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.config import ModelConfig
from inference.engines.llama_bindings import LlamaModel, TokenBatch, library
from inference.engines.llama_threads import ThreadChooser, cores_available
from inference.engines.wordpiece import WordPiece
from inference.errors import EngineFailedError, InvalidRequestError

Rows = npt.NDArray[np.float32]

# Every token attends to all tokens of its step, those of other inputs are masked afterwards: a step of several long
# inputs costs more than the same inputs one after the other, and short ones gain little beyond this many tokens.
_STEP_TOKENS = 256
# Our converter writes it: a token plus this number is that token in the second text of a pair.
_SEGMENT_OFFSET = "atelier.second_segment_offset"


class LlamaEmbedder:
    """Turns texts into tokens and tokens into rows; `run` is for one thread at a time."""

    def __init__(self, config: ModelConfig) -> None:
        api = library()
        self.model = LlamaModel(config.path)
        self.context_tokens = min(config.context_tokens, self.model.trained_context_tokens)
        self.batch_tokens = max(min(config.batch_tokens, _STEP_TOKENS), self.context_tokens)
        self.max_sequences = config.max_sequences
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
        self._memory = api.llama_get_memory(self._context)  # None for encoders
        pooling = api.llama_pooling_type(self._context)
        if pooling == api.LLAMA_POOLING_TYPE_NONE:
            raise EngineFailedError(f"{config.id!r} gives a vector per token, none per text: use an embedding model.")
        self.is_cross_encoder = pooling == api.LLAMA_POOLING_TYPE_RANK
        self.dimensions: int = (
            api.llama_model_n_cls_out(self.model.pointer) if self.is_cross_encoder else self.model.width
        )
        self.frame = _frame(self.model)
        self._second_segment = int(self.model.metadata(_SEGMENT_OFFSET) or 0)
        self._wordpiece = _wordpiece(self.model, self._second_segment or self.model.vocabulary_size)
        self._batch = TokenBatch(self.batch_tokens)
        self._threads = ThreadChooser(cores_available())

    def text_tokens(self, text: str, limit: int) -> list[int]:
        """Return at most `limit` tokens of `text`, without special ones."""
        if self._wordpiece is not None:
            return self._wordpiece.tokenize(text, limit)
        return self.model.tokenize(text, special=False)[:limit]

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of `text` with the special ones around them, cut to the model's limit."""
        return self._surround(self.text_tokens(text, self._room))

    def all_tokens(self, text: str) -> list[int]:
        """Return the tokens of `text` with the special ones, however many: who cuts texts has to know what is lost."""
        most = len(text.encode("utf-8", "replace"))
        return self._surround(self.text_tokens(text, most))

    def surround(self, tokens: Sequence[int]) -> list[int]:
        """Return a client's own tokens with the special ones around them, cut to the limit.

        Raises InvalidRequestError for an id that the vocabulary does not have: llama.cpp must never see it.
        """
        size = self.model.vocabulary_size
        for token in tokens:
            if not 0 <= token < size:
                raise InvalidRequestError(
                    f"{token!r} is not a token of this model: send ids from 0 to {size - 1}.", param="input"
                )
        return self._surround(tokens[: self._room])

    def second_segment(self, tokens: Sequence[int]) -> list[int]:
        """Return the tokens as they stand in the second text of a pair.

        llama.cpp adds the embedding of the first segment to every token. Our converter writes a second copy of the
        vocabulary that makes up for it; other files have none, and give what llama-server gives.
        """
        return [token + self._second_segment for token in tokens]

    def run(self, inputs: Sequence[Sequence[int]]) -> Rows:
        """Return rows of shape (inputs, dimensions); at most `batch_tokens` tokens and `max_sequences` inputs."""
        self._batch.clear()
        for number, tokens in enumerate(inputs):
            self._batch.extend(tokens, position=0, sequence=number, outputs=len(tokens))
        count = self._batch.raw.n_tokens
        threads = self._threads.choose(count)
        self._api.llama_set_n_threads(self._context, threads, threads)
        if self._memory:
            self._api.llama_memory_clear(self._memory, False)
        started = time.perf_counter()
        status = self._api.llama_decode(self._context, self._batch.raw)
        self._threads.record(count, threads, time.perf_counter() - started)
        if status != 0:
            raise EngineFailedError(
                f"llama.cpp could not embed {len(inputs)} texts of {count} tokens: status {status}."
            )
        rows = np.empty((len(inputs), self.dimensions), np.float32)
        for number in range(len(inputs)):
            row = self._api.llama_get_embeddings_seq(self._context, number)
            rows[number] = np.ctypeslib.as_array(row, (self.dimensions,))
        return rows if self.is_cross_encoder else _unit(rows)

    def close(self) -> None:
        self._api.llama_free(self._context)
        self.model.close()

    @property
    def _room(self) -> int:
        return self.context_tokens - self.frame.size

    def _surround(self, tokens: Sequence[int]) -> list[int]:
        return [*self.frame.before, *tokens, *self.frame.after]


def _unit(rows: Rows) -> Rows:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    norms[norms == 0] = 1
    rows /= norms
    return rows


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens that the vocabulary wants around one text, and between the two of a pair."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.before) + len(self.after)


def _frame(model: LlamaModel) -> Frame:
    api, vocabulary = library(), model.vocabulary
    bos, sep, eos = (get(vocabulary) for get in (api.llama_vocab_bos, api.llama_vocab_sep, api.llama_vocab_eos))
    if api.llama_vocab_type(vocabulary) == api.LLAMA_VOCAB_TYPE_WPM:
        return Frame((bos,), (sep,), (sep,))
    before = (bos,) if api.llama_vocab_get_add_bos(vocabulary) else ()
    after = (eos,) if api.llama_vocab_get_add_eos(vocabulary) else ()
    return Frame(before, (*after, *((sep,) if api.llama_vocab_get_add_sep(vocabulary) else ())), after)


def _wordpiece(model: LlamaModel, size: int) -> WordPiece | None:
    if model.metadata("tokenizer.ggml.model") != "bert":
        return None
    return WordPiece(
        model.vocabulary_texts()[:size],
        unknown=int(model.metadata("tokenizer.ggml.unknown_token_id") or 100),
        lowercase=model.metadata("tokenizer.ggml.normalizer.lowercase") != "false",
    )
