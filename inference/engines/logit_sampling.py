"""Chooses tokens from logits in numpy, for engines that bring no samplers; one per sequence, knows no model."""

import math

import numpy as np
import numpy.typing as npt

from inference.batching.sequence import Constraint, Sequence, Token
from inference.engines.llama_sampling import allowed_tokens, has_penalties, with_logprobs
from inference.types import SamplingParams

_PENALTY_WINDOW = 64  # tokens that penalties look back on, as in llama.cpp

Logits = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


class LogitSampler:
    """The same order of steps as the built-in engine's: bias, penalties, top-k, top-p, min-p, temperature.

    With a grammar a token is chosen as if there were none, and anew among the allowed ones when it refuses.
    """

    def __init__(self, sequence: Sequence, *, ends: frozenset[int]) -> None:
        self._sampling = sequence.sampling
        self._ends = ends
        self._end = min(ends)
        self._constraint: Constraint | None = sequence.constraint
        self._random = np.random.default_rng(sequence.sampling.seed)
        self._recent = list(sequence.tokens[-_PENALTY_WINDOW:]) if has_penalties(sequence.sampling) else None
        if sequence.constraint is not None and sequence.resumed:
            sequence.constraint.accept(sequence.tokens[sequence.prompt_tokens :])

    def sample(self, logits: Logits, remaining: int) -> Token:
        """Choose from logits, float32 of shape (vocabulary_size,), and take the choice in; `remaining` counts it."""
        token = self._chosen(logits, remaining)
        if token not in self._ends:
            self._remember([token])
        top = self._sampling.top_logprobs
        return Token(token) if top is None else with_logprobs(token, logits, top)

    def forced(self, remaining: int) -> list[Token]:
        """Take in and return what the grammar prescribes next, then the end if it is due."""
        if self._constraint is None:
            return []
        tokens = self._constraint.forced(remaining, remaining) if remaining > 0 else []
        if tokens:
            self._constraint.accept(tokens)
            self._remember(tokens)
        if self._constraint.is_complete:
            tokens = [*tokens, self._end]
        return [Token(token) for token in tokens]

    def _chosen(self, logits: Logits, remaining: int) -> int:
        constraint = self._constraint
        scores = self._biased(logits)
        if constraint is None:
            return self._pick(scores)
        if constraint.is_complete:
            return self._end
        token = self._pick(scores)
        if not constraint.allows(token, remaining):
            allowed = allowed_tokens(constraint.mask(remaining), len(logits))
            if not len(allowed):  # a grammar with nothing left to say has ended
                return self._end
            token = int(allowed[self._pick(scores[allowed])])
        if token not in self._ends:
            constraint.accept([token])
        return token

    def _remember(self, tokens: list[int]) -> None:
        if self._recent is not None:
            self._recent = [*self._recent, *tokens][-_PENALTY_WINDOW:]

    def _biased(self, logits: Logits) -> Scores:
        sampling = self._sampling
        scores = logits.astype(np.float64)
        for token, bias in sampling.logit_bias:
            scores[token] += bias
        if sampling.ignore_eos:
            scores[list(self._ends)] = -math.inf
        if self._recent:
            tokens, counts = np.unique(self._recent, return_counts=True)
            seen = scores[tokens]
            seen = np.where(seen > 0, seen / sampling.repeat_penalty, seen * sampling.repeat_penalty)
            scores[tokens] = seen - counts * sampling.frequency_penalty - sampling.presence_penalty
        return scores

    def _pick(self, scores: Scores) -> int:
        sampling = self._sampling
        if sampling.temperature <= 0 or (sampling.deterministic and sampling.seed is None):
            return int(scores.argmax())
        order = np.argsort(-scores, kind="stable")
        if sampling.top_k > 0:
            order = order[: sampling.top_k]
        order = _likely(order, scores, sampling)
        return int(self._random.choice(order, p=_softmax(scores[order] / sampling.temperature)))


def _likely(order: npt.NDArray[np.int64], scores: Scores, sampling: SamplingParams) -> npt.NDArray[np.int64]:
    """Return what top-p and min-p leave of candidates, best first: one at least."""
    chances = _softmax(scores[order])
    if sampling.top_p < 1.0:
        order = order[: int(np.searchsorted(np.cumsum(chances), sampling.top_p)) + 1]
        chances = _softmax(scores[order])
    if sampling.min_p > 0.0:
        order = order[chances >= sampling.min_p * chances[0]]
    return order


def _softmax(scores: Scores) -> Scores:
    weights: Scores = np.exp(scores - scores.max())
    chances: Scores = weights / weights.sum()
    return chances
