"""The account of slots and KV cache cells: reserved before they are needed, so that a generation never runs out.

What nobody runs any more stays as a cached leaf, for prompts that begin alike, until somebody needs the room.
So do the cells of who was preempted; what is evicted is computed again. A copy in RAM would come back sooner (10 ms to
save and 5 ms to restore 1,500 tokens of a small model), but needs tens of megabytes beside the cache and a third kind
of move that may fail. Preemption is meant to be rare: whoever does not fit waits before it starts.
"""

from collections.abc import Hashable

from inference.batching.prefix import Match, PrefixTree
from inference.batching.sequence import Copy, Sequence, Trim

MIN_MATCH = 16  # shorter common beginnings are not worth a slot
_AHEAD_TOKENS = 256  # reserved for the answer at admission; longer answers grow
_GROWTH_TOKENS = 128
_SMALLEST_SHARE = 4  # leaves may fill the cache while nobody runs, half of it beside one sequence, at last a quarter


class KvCache:
    """Who holds which slot, and which cells are promised.

    Every slot is free, running (a sequence owns it) or a cached leaf.
    Invariant: tree.cells + sum over running (limit - computed) <= total; a sequence computes no cell beyond its limit.
    """

    def __init__(self, total: int, slots: int, cached: int | None = None, *, shares: bool = True) -> None:
        """`cached` bounds the cells kept for nobody; without `shares` nothing is kept."""
        self.total = total
        self.tree = PrefixTree()
        self.slots = slots
        self._max_cached = total if cached is None else cached
        self._shares = shares
        self._free_slots = list(range(slots - 1, -1, -1))
        self._limits: dict[int, int] = {}  # by slot in use
        self._leaves: dict[int, None] = {}  # cached slots, the least recently used first
        self._ahead = 0

    @property
    def used(self) -> int:
        return self.tree.cells

    @property
    def cached(self) -> int:
        """Cells that no running sequence holds."""
        return self.tree.cells - self.tree.held(self._limits)

    @property
    def free(self) -> int:
        return self.total - self.tree.cells - self._ahead

    @property
    def leaves(self) -> tuple[int, ...]:
        return tuple(self._leaves)

    @property
    def free_slots(self) -> tuple[int, ...]:
        return tuple(self._free_slots)

    def limit_of(self, sequence: Sequence) -> int:
        """Return how many cells a running sequence may hold before it must grow."""
        assert sequence.slot is not None
        return self._limits[sequence.slot]

    def take_moves(self) -> tuple[Copy | Trim, ...]:
        return self.tree.take_moves()

    def find(self, sequence: Sequence) -> Match:
        """Return the longest beginning of `sequence` that lies in the cache; one token is always left to evaluate."""
        if sequence.sampling.deterministic or not self._shares:
            return Match(None, 0)
        match = self.tree.match(_salt(sequence), sequence.tokens, len(sequence.tokens) - 1)
        return match if match.tokens >= MIN_MATCH else Match(None, 0)

    def admit(self, sequence: Sequence, spare: int = 0) -> bool:
        """Give `sequence` a slot, what is cached and room for the rest; False, and nothing changed, when full.

        At least `spare` cells must be left for others.
        """
        match = self.find(sequence)
        limit = len(sequence.tokens) + min(_AHEAD_TOKENS, sequence.remaining)
        pinned = self.tree.held(self._limits)  # what stays when all leaves go, and what the match keeps of them
        if match.slot is not None:
            pinned += self.tree.exclusive(match.slot, match.tokens, self._limits)
        if pinned + self._ahead + limit - match.tokens + spare > self.total:
            return False
        slot = self._slot_for(match)
        if slot is None:
            return False
        if match.slot is not None and match.slot != slot:
            self.tree.open(slot, _salt(sequence))
            self.tree.copy(match.slot, slot, match.tokens)
            self._touch(match.slot)
        elif match.slot is None:
            self.tree.open(slot, _salt(sequence))
        sequence.slot, sequence.computed = slot, match.tokens
        self._limits[slot] = limit
        self._ahead += limit - match.tokens
        while self.free < 0:
            assert self.evict(), "the leaves were counted as room"
        self._thin_out()
        return True

    def can_hold(self, sequence: Sequence, tokens: int) -> bool:
        """Say whether `tokens` of a running sequence fit into what is reserved already."""
        return tokens <= self.limit_of(sequence)

    def grow(self, sequence: Sequence) -> bool:
        """Reserve what is missing and some more, evicting leaves; False, and nothing reserved, if it does not fit."""
        slot = sequence.slot
        assert slot is not None
        needed = len(sequence.tokens) - self._limits[slot]
        while self.free < needed:
            if not self.evict():
                return False
        growth = min(needed + min(_GROWTH_TOKENS, sequence.remaining), self.free)
        self._limits[slot] += growth
        self._ahead += growth
        return True

    def advance(self, sequence: Sequence, computed: int) -> None:
        """Note that the cells of `sequence` are valid up to `computed` now."""
        slot = sequence.slot
        assert slot is not None and sequence.computed <= computed <= self._limits[slot]
        self.tree.extend(slot, sequence.tokens, computed)
        self._ahead -= computed - sequence.computed
        sequence.computed = computed

    def release(self, sequence: Sequence, *, keeps: bool) -> None:
        """Take the slot of a sequence back; its cells stay as a cached leaf when `keeps` and they are of use."""
        slot = sequence.slot
        assert slot is not None
        self._ahead -= self._limits.pop(slot) - sequence.computed
        self.tree.trim(slot, len(sequence.tokens))
        sequence.slot, sequence.computed = None, 0
        if keeps and self._shares and not sequence.sampling.deterministic and self.tree.length(slot) >= MIN_MATCH:
            self._keep(slot)
        else:
            self._drop(slot)

    def evict(self) -> bool:
        """Drop the least recently used leaf; False when there is none."""
        if not self._leaves:
            return False
        slot = next(iter(self._leaves))
        del self._leaves[slot]
        self._drop(slot)
        return True

    def clear(self) -> None:
        """Take note that the cache was emptied: every slot is free. Sequences must have been told."""
        self.tree.clear()
        self._free_slots = list(range(self.slots - 1, -1, -1))
        self._limits.clear()
        self._leaves.clear()
        self._ahead = 0

    def _slot_for(self, match: Match) -> int | None:
        """Return a slot for a new sequence: the leaf it continues, a free one, or the one evicted first."""
        source = match.slot
        continues = source in self._leaves and self.tree.length(source) == match.tokens
        if not continues and not self._free_slots:
            oldest = next((slot for slot in self._leaves if slot != source), None)
            if oldest is not None:
                del self._leaves[oldest]
                self._drop(oldest)
            else:
                continues = source in self._leaves
        if continues and source is not None:
            del self._leaves[source]
            self.tree.trim(source, match.tokens)
            return source
        return self._free_slots.pop() if self._free_slots else None

    def _keep(self, slot: int) -> None:
        """Make `slot` a leaf, and drop the leaves that say nothing which it does not say, or itself."""
        tokens, salt = self.tree.tokens(slot), self.tree.salt(slot)
        for leaf in tuple(self._leaves):
            if self.tree.salt(leaf) != salt:
                continue
            if self.tree.length(leaf) >= len(tokens):
                if self.tree.tokens(leaf)[: len(tokens)] == tokens:
                    self._touch(leaf)
                    self._drop(slot)
                    return
            elif tokens[: self.tree.length(leaf)] == self.tree.tokens(leaf):
                del self._leaves[leaf]
                self._drop(leaf)
        self._leaves[slot] = None
        self._thin_out()

    def _thin_out(self) -> None:
        """Evict leaves that cost more than they promise: attention goes over idle cells too, in every row of a step."""
        most = min(self._max_cached, self.total // min(_SMALLEST_SHARE, 1 + len(self._limits)))
        while self._leaves and self.cached > most:
            self.evict()

    def _touch(self, slot: int) -> None:
        if slot in self._leaves:
            del self._leaves[slot]
            self._leaves[slot] = None

    def _drop(self, slot: int) -> None:
        self.tree.release(slot)
        self._free_slots.append(slot)


def _salt(sequence: Sequence) -> Hashable:
    """Return what must agree for cells to be shared; a deterministic sequence shares with nobody."""
    if sequence.sampling.deterministic:
        return sequence.id
    return sequence.tenant, sequence.adapter
