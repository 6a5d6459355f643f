"""One generation as the batcher sees it, and the rows of a step."""

from dataclasses import dataclass, field

from inference.types import SamplingParams


@dataclass(slots=True, eq=False)
class Sequence:
    """A prompt and what was generated after it.

    tokens: [0, computed) lie in the KV cache of `slot` · [computed, len) are still to be computed
            [0, prompt_tokens) came from the client · [prompt_tokens, len) were sampled
    """

    id: int
    tokens: list[int]
    max_tokens: int
    sampling: SamplingParams = field(default_factory=SamplingParams)
    prompt_tokens: int = field(init=False)
    computed: int = 0
    slot: int | None = None

    def __post_init__(self) -> None:
        assert self.tokens and self.max_tokens > 0
        self.prompt_tokens = len(self.tokens)

    @property
    def generated(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    @property
    def missing(self) -> int:
        """How many tokens must be computed before the next one can be sampled."""
        return len(self.tokens) - self.computed

    @property
    def remaining(self) -> int:
        """How many tokens may still be sampled."""
        return self.max_tokens - self.generated


@dataclass(frozen=True, slots=True)
class Row:
    """Compute `count` tokens of `sequence` from `start` on, and sample when nothing is missing after them."""

    sequence: Sequence
    start: int
    count: int

    @property
    def samples(self) -> bool:
        return self.start + self.count == len(self.sequence.tokens)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one step, decoding rows first."""

    rows: tuple[Row, ...]

    @property
    def tokens(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def is_decode_only(self) -> bool:
        return all(row.count == 1 for row in self.rows)
