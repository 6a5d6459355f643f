"""Chooses tokens from logits with llama.cpp's samplers, one chain per sequence; knows no scheduling."""

import ctypes
import math
import secrets
import time
from collections.abc import Iterable
from collections.abc import Sequence as Sized
from types import ModuleType

import numpy as np
import numpy.typing as npt

from inference.batching.sequence import Constraint, Sequence, Token
from inference.engines.llama_bindings import LlamaModel, library
from inference.types import SamplingParams

_PENALTY_WINDOW = 64  # tokens that penalties look back on, llama.cpp's default
_RANDOM_SEED_LIMIT = 0xFFFF_FFFF  # this value itself would mean "random" to llama.cpp
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data

Logits = npt.NDArray[np.float32]
TokenIds = npt.NDArray[np.int64]


class Candidates:
    """One llama_token_data_array that all sequences of an engine thread fill in turn."""

    def __init__(self, vocabulary_size: int) -> None:
        self._api = library()
        self._ids = np.arange(vocabulary_size, dtype=np.int32)
        self._rows = np.zeros(vocabulary_size, _CANDIDATE)
        self._array = self._api.llama_token_data_array()
        self.sampling_s = 0.0  # spent inside llama.cpp's samplers since load, grammars aside
        self._pointer = ctypes.byref(self._array)

    def pick(self, chain: object, logits: Logits, allowed: TokenIds | None = None) -> int:
        """Apply a chain to the logits, or only to those of `allowed`; the chain has not accepted the result yet."""
        ids = self._ids if allowed is None else allowed
        rows = self._rows[: len(ids)]
        rows["id"] = ids
        rows["logit"] = logits if allowed is None else logits[allowed]
        rows["p"] = 0.0
        array = self._array
        array.data = ctypes.cast(rows.ctypes.data, type(array.data))
        array.size, array.selected, array.sorted = len(ids), -1, False
        self._api.llama_sampler_apply(chain, self._pointer)
        token: int = array.data[array.selected].id  # samplers may have put another array in place
        return token


class SequenceSampler:
    """The chain, the grammar and the wishes of one sequence.

    Without a grammar the whole choice is one call into C. With one, a token is chosen as if there were none, and only
    when the grammar refuses it, the choice is repeated among the allowed ones: the distribution is the same as if the
    forbidden ones had been masked first, and most tokens cost no mask.
    """

    def __init__(self, model: LlamaModel, candidates: Candidates, sequence: Sequence) -> None:
        self._api = library()
        self._model = model
        self._candidates = candidates
        self._constraint: Constraint | None = sequence.constraint
        self._top_logprobs = sequence.sampling.top_logprobs
        self._chain: object | None = sampler_chain(sequence.sampling, model)
        self._remembers = has_penalties(sequence.sampling)
        if self._remembers:
            self._remember(sequence.tokens[-_PENALTY_WINDOW:])
        if sequence.constraint is not None and sequence.resumed:
            sequence.constraint.accept(sequence.tokens[sequence.prompt_tokens :])

    def sample(self, context: object, output: int, remaining: int) -> Token:
        """Choose from row `output` of the last batch, and take the choice in; `remaining` counts it too."""
        if self._constraint is not None:
            token = self._choose_allowed(self._constraint, logits_of(context, output, self._model), remaining)
        else:
            started = time.perf_counter()
            token = self._api.llama_sampler_sample(self._chain, context, output)
            self._candidates.sampling_s += time.perf_counter() - started
        if self._top_logprobs is None:
            return Token(token)
        return with_logprobs(token, logits_of(context, output, self._model), self._top_logprobs)

    def forced(self, remaining: int) -> list[Token]:
        """Take in and return what the grammar prescribes next: at most `remaining` tokens, then the end if it is due.

        Nothing was computed for them; under the grammar their probability is 1, so the logarithm of it is 0.
        """
        if self._constraint is None:
            return []
        tokens = self._constraint.forced(remaining, remaining) if remaining > 0 else []
        if tokens:
            self._constraint.accept(tokens)
            if self._remembers:
                self._remember(tokens)
        if self._constraint.is_complete:
            tokens = [*tokens, self._model.end_token]
        return [Token(token) for token in tokens]

    def close(self) -> None:
        if self._chain is not None:
            self._api.llama_sampler_free(self._chain)
            self._chain = None

    def _choose_allowed(self, constraint: Constraint, logits: Logits, remaining: int) -> int:
        if constraint.is_complete:
            return self._model.end_token
        token = self._candidates.pick(self._chain, logits)
        if not constraint.allows(token, remaining):
            allowed = allowed_tokens(constraint.mask(remaining), len(logits))
            if not len(allowed):  # a grammar with nothing left to say has ended
                return self._model.end_token
            token = self._candidates.pick(self._chain, logits, allowed)
        if token not in self._model.end_tokens:
            constraint.accept([token])
            self._remember([token])
        return token

    def _remember(self, tokens: Iterable[int]) -> None:
        for token in tokens:
            self._api.llama_sampler_accept(self._chain, token)


def sampler_chain(sampling: SamplingParams, model: LlamaModel) -> object:
    """Build the chain in llama.cpp's usual order; steps that would change nothing are left out.

    In deterministic mode a request without a seed is greedy, so that nothing depends on chance.
    """
    api = library()
    params = api.llama_sampler_chain_default_params()
    params.no_perf = True
    chain = api.llama_sampler_chain_init(params)

    def add(sampler: object) -> None:
        api.llama_sampler_chain_add(chain, sampler)

    biases = [*sampling.logit_bias, *((token, -math.inf) for token in model.end_tokens if sampling.ignore_eos)]
    if biases:
        add(_bias_sampler(api, biases, model.vocabulary_size))
    if has_penalties(sampling):
        repeat, frequency, presence = sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty
        add(api.llama_sampler_init_penalties(model.vocabulary_size, _PENALTY_WINDOW, repeat, frequency, presence))
    if sampling.temperature <= 0 or (sampling.deterministic and sampling.seed is None):
        add(api.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        add(api.llama_sampler_init_top_k(min(sampling.top_k, model.vocabulary_size)))
    if sampling.top_p < 1.0:
        add(api.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        add(api.llama_sampler_init_min_p(sampling.min_p, 1))
    add(api.llama_sampler_init_temp(sampling.temperature))
    seed = sampling.seed % _RANDOM_SEED_LIMIT if sampling.seed is not None else secrets.randbelow(_RANDOM_SEED_LIMIT)
    add(api.llama_sampler_init_dist(seed))
    return chain


def has_penalties(sampling: SamplingParams) -> bool:
    return sampling.repeat_penalty != 1.0 or sampling.presence_penalty != 0.0 or sampling.frequency_penalty != 0.0


def logits_of(context: object, output: int, model: LlamaModel) -> Logits:
    """Return a view, float32 of shape (vocabulary_size,), of one row; valid until the next step."""
    pointer = library().llama_get_logits_ith(context, output)
    row = (ctypes.c_float * model.vocabulary_size).from_address(ctypes.addressof(pointer.contents))
    return np.ctypeslib.as_array(row)


def allowed_tokens(mask: bytes, vocabulary_size: int) -> TokenIds:
    """Return the ids whose bit is set in a bitmap of little-endian 32-bit words."""
    bits = np.unpackbits(np.frombuffer(mask, np.uint8), bitorder="little")
    return np.flatnonzero(bits[:vocabulary_size])


def with_logprobs(token: int, logits: Logits, top: int) -> Token:
    """Return the token with its log probability before any filter, and the `top` likeliest, best first."""
    highest = float(logits.max())
    norm = highest + math.log(float(np.exp(logits - highest).sum(dtype=np.float64)))
    likeliest: Sized[int] = ()
    if top > 0:
        some = np.argpartition(logits, -top)[-top:] if top < len(logits) else np.arange(len(logits))
        likeliest = some[np.lexsort((some, -logits[some]))].tolist()
    return Token(
        token,
        float(logits[token]) - norm,
        tuple((candidate, float(logits[candidate]) - norm) for candidate in likeliest),
    )


def _bias_sampler(api: ModuleType, biases: list[tuple[int, float]], vocabulary_size: int) -> object:
    rows = (api.llama_logit_bias * len(biases))(*biases)
    return api.llama_sampler_init_logit_bias(vocabulary_size, len(biases), rows)
