"""A grammar at work in one sequence: what may come next, what must, and that the value closes in time."""

from collections.abc import Sequence

import numpy as np
from llguidance import LLMatcher

from inference.structured.vocabulary import Bits, Vocabulary
from inference.structured.walker import Walk, Walker

_MAX_TRIED = 128  # candidates of a mask that are tried one by one near the end


class GrammarConstraint:
    """One sequence under one grammar, from its first token to its last.

    Invariant: as long as the value could be closed with the tokens that remained at the beginning, it can be closed
    with those that remain now; `_path` is a way to do it when it was asked for, and is followed when there is no other.
    """

    def __init__(self, matcher: LLMatcher, walker: Walker, vocabulary: Vocabulary, walk: Walk | None = None) -> None:
        self._matcher = matcher
        self._walker = walker
        self._vocabulary = vocabulary
        self._walk = walk or walker.start
        self._path: tuple[int, ...] | None = None

    def allows(self, token: int, remaining: int) -> bool:
        if token in self._vocabulary.ends:
            return self._walk.is_whole
        if not self._vocabulary.is_text(token) or self._matcher.validate_tokens([token]) != 1:
            return False
        if self._path is None and self._walker.reach(self._walk) >= remaining:
            self._way()
        return self._closing(self._walk, self._path, token, remaining) is not None

    def mask(self, remaining: int) -> bytes:
        if self.is_complete:
            return self._vocabulary.bits(sorted(self._vocabulary.ends)).tobytes()
        grammar = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)[: self._vocabulary.mask_bytes]
        if self._matcher.is_error():
            return self._only_path()
        if self._walk.is_whole:
            grammar = grammar | self._vocabulary.bits(sorted(self._vocabulary.ends))
        allowed = self._tried(grammar, remaining)
        return allowed.tobytes() if allowed.any() else self._only_path()

    def accept(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            if token in self._vocabulary.ends:
                return
            following = self._walker.advance(self._walk, self._vocabulary.pieces[token])
            if following is None or not self._matcher.consume_token(token):
                raise ValueError(f"Token {token} does not fit the grammar: ask allows() before.")
            self._path = self._path[1:] if self._path and self._path[0] == token else None
            self._walk = following

    def forced(self, limit: int, remaining: int) -> list[int]:
        if limit < 1 or self._walk.is_whole:
            return []
        found = [token for token in self._matcher.compute_ff_tokens() if self._vocabulary.is_text(token)][:limit]
        return found[: self.admissible(found, remaining)]

    def admissible(self, draft: Sequence[int], remaining: int) -> int:
        tokens = list(draft)
        count = next((i for i, token in enumerate(tokens) if not self._vocabulary.is_text(token)), len(tokens))
        count = self._matcher.validate_tokens(tokens[:count]) if count else 0
        walk, path = self._walk, self._path
        for i, token in enumerate(tokens[:count]):
            following = self._closing(walk, path, token, remaining - i)
            if following is None:
                return i
            walk, path = following, path[1:] if path and path[0] == token else None
        return count

    @property
    def is_complete(self) -> bool:
        return self._walk.is_whole and self._matcher.is_stopped()

    @property
    def is_whole(self) -> bool:
        return self._walk.is_whole

    @property
    def shortest(self) -> int:
        """How many tokens lead to the end."""
        return len(self._way())

    def _way(self) -> tuple[int, ...]:
        if self._path is None:
            self._path = self._vocabulary.split(self._walker.ending(self._walk))
        return self._path

    def _closing(self, walk: Walk, path: tuple[int, ...] | None, token: int, remaining: int) -> Walk | None:
        """Return where `token` leads, or None when the value could not be closed after it with what then remains."""
        following = self._walker.advance(walk, self._vocabulary.pieces[token])
        if following is None or (path and path[0] == token) or self._walker.bound(following) < remaining:
            return following
        way = self._vocabulary.split(self._walker.ending(walk)) if path is None else path
        # With too few tokens from the beginning, every step must still shorten the way.
        shortened = len(self._vocabulary.split(self._walker.ending(following))) < max(remaining, len(way))
        return following if shortened else None

    def _tried(self, grammar: Bits, remaining: int) -> Bits:
        """Return the tokens of `grammar` after which the value can still be closed; near the end some are left out."""
        calm = self._walker.calm(self._walk, remaining)
        if calm is not None and calm >= self._vocabulary.most_signs:
            return grammar
        kept = np.zeros_like(grammar) if calm is None else grammar & self._vocabulary.with_signs(calm)
        way = self._way()
        if calm is None and self._walker.is_inside_text(self._walk) and len(way) < remaining:
            kept = grammar & self._vocabulary.inner
        unsure = np.flatnonzero(np.unpackbits(grammar & ~kept, bitorder="little"))[:_MAX_TRIED].tolist()
        return kept | self._vocabulary.bits([token for token in (*way[:1], *unsure) if self.allows(token, remaining)])

    def _only_path(self) -> bytes:
        return self._vocabulary.bits(self._way()[:1] or sorted(self._vocabulary.ends)).tobytes()
