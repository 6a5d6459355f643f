"""One generation as the batcher sees it, the rows of a step and what came out of them."""

from collections.abc import Sequence as Sized
from dataclasses import dataclass, field
from typing import Protocol

from inference.types import Priority, SamplingParams


class Constraint(Protocol):
    """What a grammar allows next in one sequence. Used by the engine thread only; stateful."""

    def allows(self, token: int, remaining: int) -> bool:
        """Say whether `token` may come next, the end of generation included.

        `remaining` tokens may still be generated, this one included: what could not be closed with them is refused.
        """
        ...

    def mask(self, remaining: int) -> bytes:
        """Return a bitmap, one bit per token (little-endian 32-bit words), of what `allows` would allow.

        Near the end it may leave out some of it, never all: sample, ask `allows`, mask only what it refused.
        """
        ...

    def accept(self, tokens: Sized[int]) -> None:
        """Take in tokens that were chosen (or prescribed)."""
        ...

    def forced(self, limit: int, remaining: int) -> list[int]:
        """Return at most `limit` tokens that must come next whatever the model says; not accepted yet."""
        ...

    def admissible(self, draft: Sized[int], remaining: int) -> int:
        """Return how many leading tokens of `draft` `allows` would take in turn, without changing the state."""
        ...

    @property
    def is_complete(self) -> bool:
        """Nothing but the end may follow."""
        ...

    @property
    def is_whole(self) -> bool:
        """What was accepted is a whole value, or ends with whole calls; more may follow, but need not."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was chosen, with its log probability and the likeliest others (id, logprob) when asked for."""

    id: int
    logprob: float = 0.0
    top: tuple[tuple[int, float], ...] = ()


@dataclass(slots=True, eq=False)
class Sequence:
    """A prompt and what was generated after it.

    tokens: [0, computed) lie in the KV cache of `slot` · [computed, len) are still to be computed
            [0, prompt_tokens) came from the client · [prompt_tokens, len) were generated
    `resumed` of the generated tokens came with the request (an engine before this one made them).
    """

    id: int
    tokens: list[int]
    max_tokens: int
    sampling: SamplingParams = field(default_factory=SamplingParams)
    tenant: str = ""
    priority: Priority = "interactive"
    adapter: str | None = None
    constraint: Constraint | None = None
    arrived_s: float = 0.0  # the engine thread's clock
    resumed: int = 0
    prompt_tokens: int = field(init=False)
    computed: int = 0
    cached_tokens: int = 0  # of the prompt, found in the prefix cache at the first admission
    slot: int | None = None

    def __post_init__(self) -> None:
        assert self.tokens and self.max_tokens > 0
        self.prompt_tokens = len(self.tokens) - self.resumed
        assert self.prompt_tokens > 0

    @property
    def generated(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    @property
    def missing(self) -> int:
        """How many tokens must be computed before the next one can be sampled."""
        return len(self.tokens) - self.computed

    @property
    def remaining(self) -> int:
        """How many tokens may still be generated."""
        return self.max_tokens - self.generated


@dataclass(frozen=True, slots=True)
class Row:
    """Compute `count` tokens of `sequence` from `start` on, and sample when nothing is missing after them.

    `draft` are guesses of what follows: computed in the same step, kept as far as sampling agrees.
    """

    sequence: Sequence
    start: int
    count: int
    draft: tuple[int, ...] = ()

    @property
    def samples(self) -> bool:
        return self.start + self.count == len(self.sequence.tokens)

    @property
    def size(self) -> int:
        """How many tokens of the batch it takes."""
        return self.count + len(self.draft)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row gave: `tokens` in order (accepted guesses, the sampled one, then forced ones), none mid-prompt.

    `computed`: the sequence's cells [0, computed) are valid now; cells of refused guesses are gone already.
    `error`: this sequence cannot go on; the other rows of the step are not concerned.
    """

    tokens: tuple[Token, ...]
    computed: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Share cells [0, tokens) of slot `source` with the empty slot `target`; costs no computation."""

    source: int
    target: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Trim:
    """Forget the cells of `slot` from position `tokens` on."""

    slot: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One step: first the cells are arranged (`moves`, in order), then the rows are computed with one adapter."""

    rows: tuple[Row, ...]
    moves: tuple[Copy | Trim, ...] = ()
    adapter: str | None = None

    @property
    def tokens(self) -> int:
        return sum(row.size for row in self.rows)

    @property
    def is_decode_only(self) -> bool:
        return all(row.samples and row.count == 1 for row in self.rows)
