"""Decides what the next step computes: a pure value machine, without threads, clocks or llama.cpp."""

from collections import Counter
from collections.abc import Sequence as Sized
from dataclasses import dataclass, replace
from typing import Literal

from inference.batching.kv import MIN_MATCH, KvCache
from inference.batching.lookup import MAX_DRAFTING, Speculation, without
from inference.batching.policy import FcfsPolicy, MlfqPolicy, Policy
from inference.batching.prefix import common_length
from inference.batching.sequence import Batch, Outcome, Row, Sequence, Token
from inference.batching.speed import StepSpeed, Turns
from inference.types import FinishReason

_DECODE_TOKENS = 8  # who misses no more (a token, or some that a grammar forced) counts as decoding
_SPARE_SHARE = 8  # of the cells, one in so many is left to sequences that need few
_SOLO = "\0solo"  # the group of the deterministic sequences; no adapter is called so


@dataclass(frozen=True, slots=True)
class Limits:
    """What the executor can take.

    A step has at most `max_sequences` rows and `batch_tokens` tokens. `slots` may hold more sequences than that:
    paused ones, and finished ones whose cells (at most `cached_tokens`) serve prompts that begin alike.
    `shares_prefixes` is False for models whose cells cannot be shared and trimmed (recurrent, sliding windows): they
    get no guesses either.
    """

    kv_tokens: int
    max_sequences: int
    batch_tokens: int
    slots: int = 0
    cached_tokens: int | None = None
    shares_prefixes: bool = True
    itl_target_s: float = 0.1
    scheduling: Literal["mlfq", "fcfs"] = "mlfq"

    def __post_init__(self) -> None:
        assert self.batch_tokens > self.max_sequences > 0
        assert self.slots == 0 or self.slots >= self.max_sequences


@dataclass(frozen=True, slots=True)
class Progress:
    """What one step gave to one sequence: tokens, an end, or both."""

    sequence: Sequence
    tokens: tuple[Token, ...]
    finish_reason: FinishReason | None


class Scheduler:
    """Decoding before prefill, and of both what the policy ranks first.

    waiting ──admit──▶ resident ──finish──▶ gone; the slot becomes a cached leaf
       ▲                  │
       └────preempt───────┘   when cells run out, the lowest gives up its slot; its cells become a leaf, too

    A resident sequence that is not among the first `max_sequences` pauses: it keeps its cells, its turn will come.
    All rows of a step use one adapter; adapters, and deterministic sequences (alone in their steps), take turns.
    Invariants: every sequence is either waiting or resident; a step keeps the limits; with work, a step has rows.
    """

    def __init__(self, limits: Limits, *, end_tokens: frozenset[int] = frozenset()) -> None:
        self.limits = limits
        self.speed = StepSpeed(itl_target_s=limits.itl_target_s)
        slots = limits.slots or limits.max_sequences
        self.kv = KvCache(limits.kv_tokens, slots, limits.cached_tokens, shares=limits.shares_prefixes)
        self.speculation = Speculation(self.speed)
        self._prompt_turns = Turns()
        self._takes_turns = False  # the step that was planned has a prompt that ranks behind its answers
        self.preemptions = 0
        self.admitted = 0
        self.queued_s = 0.0  # from arrival to the first admission, summed
        self.prompt_tokens = 0
        self.prefix_hit_tokens = 0
        self._policy: Policy = MlfqPolicy() if limits.scheduling == "mlfq" else FcfsPolicy()
        self._end_tokens = end_tokens
        self._waiting: dict[int, Sequence] = {}
        self._resident: dict[int, Sequence] = {}
        self._started: set[int] = set()  # sequences whose prompt was counted
        self._groups: Counter[str | None] = Counter()
        self._turns: dict[str | None, int] = {}
        self._steps = 0
        self._now_s = 0.0  # when the step that is being planned began

    @property
    def has_work(self) -> bool:
        return bool(self._waiting or self._resident)

    @property
    def resident(self) -> tuple[Sequence, ...]:
        return tuple(self._resident.values())

    @property
    def waiting(self) -> tuple[Sequence, ...]:
        return tuple(self._waiting.values())

    def add(self, sequence: Sequence, now_s: float) -> None:
        """Queue a sequence; prompt and answer together must fit into the cache."""
        assert sequence.prompt_tokens + sequence.max_tokens <= self.kv.total
        assert sequence.id not in self._waiting and sequence.id not in self._resident
        sequence.arrived_s = now_s
        self._waiting[sequence.id] = sequence
        self._groups[_group(sequence)] += 1
        self._policy.arrive(sequence, now_s)

    def finish(self, sequence: Sequence, tokens: int | None = None) -> None:
        """Drop a sequence, whether it waits or runs; of its tokens only `tokens` count. Unknown ones are ignored."""
        if tokens is not None:
            del sequence.tokens[tokens:]
        if self._resident.pop(sequence.id, None) is not None:
            self.kv.release(sequence, keeps=True)
        elif self._waiting.pop(sequence.id, None) is None:
            return
        self._policy.leave(sequence)
        self._started.discard(sequence.id)
        self.speculation.forget(sequence.id)
        group = _group(sequence)
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]
            self._turns.pop(group, None)

    def reset(self) -> None:
        """Take note that the cache was emptied: every resident sequence waits to be computed again."""
        for sequence in self._resident.values():
            sequence.slot, sequence.computed = None, 0
        self._waiting = self._resident | self._waiting
        self._resident = {}
        self.kv.clear()

    def relieve(self) -> bool:
        """Give up cells after a step did not fit; False when there is nothing left to give up."""
        if self.kv.evict():
            while self.kv.evict():
                pass
            return True
        if len(self._resident) < 2:
            return False
        self._preempt(self._lowest())
        return True

    def schedule(self, now_s: float) -> Batch:
        """Return the next step; it is without rows only when there is no work."""
        self._now_s = now_s
        self._policy.age(now_s)
        rows: list[Row] = []
        for _ in range(len(self._groups)):  # the only sequence of a group may have to give up its cells: then the next
            group = self._next_group()
            candidates = self._candidates(group)
            rows = self._solo_rows(candidates) if group == _SOLO else self._rows(candidates, now_s)
            self._steps += 1
            self._turns[group] = self._steps
            if rows:
                break
        adapter = rows[0].sequence.adapter if rows else None
        return Batch(tuple(rows), self.kv.take_moves(), adapter)

    def update(self, rows: Sized[Row], outcomes: Sized[Outcome], now_s: float) -> list[Progress]:
        """Take in what the rows of a step gave and return what is new; the caller finishes those that end."""
        news = []
        for row, outcome in zip(rows, outcomes, strict=True):
            sequence = row.sequence
            tokens, reason = self._accepted(sequence, outcome)
            sequence.tokens.extend(token.id for token in tokens)
            assert outcome.computed <= len(sequence.tokens)
            self.kv.advance(sequence, outcome.computed)
            if row.draft:
                self.speculation.record(len(row.draft), outcome.computed - row.start - row.count)
            is_decode = row.count <= _DECODE_TOKENS and row.start >= sequence.prompt_tokens
            self._policy.served(sequence, 0 if is_decode else row.count, len(tokens), now_s)
            if tokens or reason is not None:
                news.append(Progress(sequence, tokens, reason))
        return news

    def record(self, batch: Batch, seconds: float) -> None:
        """Learn what a step took."""
        decoded, prefilled = parts_of(batch)
        self.speed.record(decoded, prefilled, seconds)
        if self._takes_turns:
            self._prompt_turns.took(max(0.0, seconds - self.speed.decode_s(decoded)))
        elif not prefilled:
            self._prompt_turns.gave_back(seconds)

    def _accepted(self, sequence: Sequence, outcome: Outcome) -> tuple[tuple[Token, ...], FinishReason | None]:
        """Return those of the tokens that belong to the answer, and why it ends with them."""
        ends = () if sequence.sampling.ignore_eos else self._end_tokens
        for index, token in enumerate(outcome.tokens):
            if token.id in ends:
                return outcome.tokens[:index], "stop"
        if len(outcome.tokens) >= sequence.remaining:
            is_whole = sequence.constraint is not None and sequence.constraint.is_whole
            return outcome.tokens[: sequence.remaining], "stop" if is_whole else "length"
        return outcome.tokens, None

    def _next_group(self) -> str | None:
        if len(self._groups) < 2:
            return next(iter(self._groups), None)
        return min(self._groups, key=lambda group: self._turns.get(group, 0))

    def _candidates(self, group: str | None) -> list[Sequence]:
        """Return the sequences of a group, those first whose turn it is."""
        everyone = [*self._resident.values(), *self._waiting.values()]
        if len(self._groups) > 1:
            everyone = [sequence for sequence in everyone if _group(sequence) == group]
        if len(everyone) > 1:
            ranks = {sequence.id: self._policy.rank(sequence) for sequence in everyone}
            everyone.sort(key=lambda sequence: ranks[sequence.id])
        return everyone

    def _rows(self, candidates: list[Sequence], now_s: float) -> list[Row]:
        """Choose who takes part; prompts that rank behind the answers take turns with them."""
        behind = self._behind(candidates)
        if behind and self._prompt_turns.are_answers:
            self._takes_turns = False
            if rows := self._chosen([each for each in candidates if each.id not in behind], now_s):
                return rows
            self._prompt_turns.forgive()  # the answers had to give up their cells
        rows = self._chosen(candidates, now_s)
        self._takes_turns = any(row.sequence.id in behind for row in rows)
        return rows

    def _chosen(self, candidates: list[Sequence], now_s: float) -> list[Row]:
        """Choose everybody who decodes and as much prefill as fits between two tokens."""
        decoding = sum(sequence.missing <= _DECODE_TOKENS for sequence in self._resident.values())
        budget = self.speed.prefill_budget(min(decoding, self.limits.max_sequences), self.limits.batch_tokens)
        decodes: list[Row] = []
        prefills: list[Row] = []
        tokens_left = self.limits.batch_tokens
        may_admit = True
        waiting = {sequence.id for sequence in candidates if sequence.slot is None}
        for sequence in candidates:
            if len(decodes) + len(prefills) == self.limits.max_sequences or tokens_left == 0:
                break
            if sequence.slot is None:
                # One that was preempted meanwhile, for somebody before it, is not admitted again at once.
                if not may_admit or budget <= 0 or sequence.id not in waiting:
                    continue
                if self._will_be_shared(sequence, prefills):
                    continue
                if not self._admit(sequence):
                    may_admit = not self._policy.blocks(sequence, now_s)
                    continue
            elif not self._has_room(sequence):
                continue
            if sequence.missing <= _DECODE_TOKENS:
                rows, size = decodes, sequence.missing
            else:
                rows, size = prefills, _even_part(sequence.missing, budget)
                budget -= max(size, 0)
            if (size := min(size, tokens_left)) > 0:
                rows.append(Row(sequence, sequence.computed, size))
                tokens_left -= size
        rows = [row for row in decodes + prefills if row.sequence.slot is not None]
        return self._with_drafts(rows) if not prefills and len(rows) <= MAX_DRAFTING else rows

    def _behind(self, candidates: list[Sequence]) -> set[int]:
        """Return the prompts that rank behind an answer which is being generated."""
        decoding = [
            self._policy.level(sequence)
            for sequence in candidates
            if sequence.slot is not None and sequence.missing <= _DECODE_TOKENS
        ]
        if not decoding:
            self._prompt_turns.forgive()
            return set()
        first = min(decoding)
        prompts = (sequence for sequence in candidates if sequence.missing > _DECODE_TOKENS)
        return {sequence.id for sequence in prompts if self._policy.level(sequence) > first}

    def _with_drafts(self, rows: list[Row]) -> list[Row]:
        """Add guesses to the rows of a step that leaves the processor time for them."""
        if not (self.limits.shares_prefixes and self.speculation.may_draft()):
            return rows
        tokens_left = self.limits.batch_tokens - sum(row.count for row in rows)
        drafted = []
        for row in rows:
            sequence = row.sequence
            room = self.kv.limit_of(sequence) - len(sequence.tokens)
            limit = min(sequence.remaining - 1, room, tokens_left) if row.samples else 0
            draft = self.speculation.draft(sequence.id, sequence.tokens, limit)
            if not sequence.sampling.ignore_eos:
                draft = without(draft, self._end_tokens)
            if draft and sequence.constraint is not None:
                draft = draft[: sequence.constraint.admissible(draft, sequence.remaining)]
            tokens_left -= len(draft)
            drafted.append(replace(row, draft=tuple(draft)) if draft else row)
        return drafted

    def _solo_rows(self, candidates: list[Sequence]) -> list[Row]:
        """Return one row of the first deterministic sequence, cut in the same way however often it is computed."""
        order = sorted(candidates, key=lambda sequence: sequence.slot is None)
        for sequence in order:
            if not (self._admit(sequence) if sequence.slot is None else self._has_room(sequence)):
                continue
            in_prompt = sequence.prompt_tokens - sequence.computed
            return [Row(sequence, sequence.computed, max(1, min(in_prompt, self.limits.batch_tokens)))]
        return []

    def _will_be_shared(self, sequence: Sequence, prefills: list[Row]) -> bool:
        """Say whether waiting pays: a prompt of this step is going to compute what this one needs, too."""
        if not self.limits.shares_prefixes:
            return False
        cached = -1
        for row in prefills:
            other = row.sequence
            if (other.tenant, other.adapter) != (sequence.tenant, sequence.adapter):
                continue
            alike = common_length(sequence.tokens, other.tokens, 0, min(len(sequence.tokens), len(other.tokens)))
            if alike >= MIN_MATCH:
                cached = self.kv.find(sequence).tokens if cached < 0 else cached
                if min(alike, len(sequence.tokens) - 1) - cached >= MIN_MATCH:
                    return True
        return False

    def _admit(self, sequence: Sequence) -> bool:
        # Paused sequences keep their cells: were all of them held by long ones, the short ones would wait after all.
        spare = self.kv.total // _SPARE_SHARE if self._resident and self._policy.is_long(sequence) else 0
        while not self.kv.admit(sequence, spare):
            lowest = self._lowest() if self._resident else None
            if lowest is None or not self._policy.outranks(sequence, lowest):
                return False
            self._preempt(lowest)
        del self._waiting[sequence.id]
        self._resident[sequence.id] = sequence
        if sequence.id not in self._started:
            self._started.add(sequence.id)
            self.admitted += 1
            self.queued_s += self._now_s - sequence.arrived_s
            sequence.cached_tokens = min(sequence.computed, sequence.prompt_tokens)
            self.prompt_tokens += sequence.prompt_tokens
            self.prefix_hit_tokens += sequence.cached_tokens
        return True

    def _has_room(self, sequence: Sequence) -> bool:
        """Make sure that the tokens of a resident sequence have cells; the lowest are preempted when there are none."""
        while not self.kv.can_hold(sequence, len(sequence.tokens)):
            if self.kv.grow(sequence):
                break
            lowest = self._lowest()
            self._preempt(lowest)
            if lowest is sequence:
                return False
        return True

    def _lowest(self) -> Sequence:
        """Return the resident sequence that gives way first; deterministic ones come last, they lose most."""
        return max(
            self._resident.values(),
            key=lambda sequence: (not sequence.sampling.deterministic, self._policy.rank(sequence)),
        )

    def _preempt(self, sequence: Sequence) -> None:
        del self._resident[sequence.id]
        self.kv.release(sequence, keeps=True)
        self._waiting[sequence.id] = sequence
        self.preemptions += 1


def parts_of(batch: Batch) -> tuple[int, int]:
    """Return how many tokens of a step are decoded, guesses included, and how many are prefilled."""
    decoded = sum(row.size for row in batch.rows if row.count <= _DECODE_TOKENS)
    return decoded, batch.tokens - decoded


def _even_part(tokens: int, most: int) -> int:
    """Return the size of the first of as few equal parts as possible: a small rest would cost as much as a part."""
    return -(-tokens // -(-tokens // most)) if most > 0 else 0


def _group(sequence: Sequence) -> str | None:
    return _SOLO if sequence.sampling.deterministic else sequence.adapter
