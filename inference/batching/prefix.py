"""A radix tree of the cells that lie in the KV cache: which slots share them, and where a prompt was computed before.

It mirrors the cache cell by cell: every change of who holds what is recorded as a move for the executor.
"""

from collections.abc import Collection, Hashable, Iterator
from collections.abc import Sequence as Sized
from dataclasses import dataclass, field

from inference.batching.sequence import Copy, Trim


@dataclass(frozen=True, slots=True)
class Match:
    """Cells [0, tokens) of `slot` are those of the prompt asked for; slot None: nothing fits."""

    slot: int | None
    tokens: int


@dataclass(slots=True, eq=False)
class _Node:
    """A run of cells at positions [start, end), held by the same slots.

    tokens[start:end] were computed into them. The list is the sequence's own: it only grows, so nothing is copied.
    A slot holds all cells from the root to its tail, hence the holders of a child are holders of its parent too.
    Siblings may begin alike: two sequences that computed the same tokens side by side have two sets of cells.
    """

    tokens: list[int]
    start: int
    end: int
    parent: "_Node | None"
    children: list["_Node"] = field(default_factory=list)
    holders: set[int] = field(default_factory=set)

    @property
    def size(self) -> int:
        return self.end - self.start


class PrefixTree:
    """The cells of all slots, one tree per salt: what is computed under one salt is never found under another."""

    def __init__(self) -> None:
        self.cells = 0  # unique ones: what several slots share counts once
        self._roots: dict[Hashable, _Node] = {}
        self._tails: dict[int, _Node] = {}
        self._salts: dict[int, Hashable] = {}
        self._moves: list[Copy | Trim] = []

    def take_moves(self) -> tuple[Copy | Trim, ...]:
        """Return what must be done to the real cache, in order, since the last call."""
        moves, self._moves = tuple(self._moves), []
        return moves

    def length(self, slot: int) -> int:
        return self._tails[slot].end

    def tokens(self, slot: int) -> list[int]:
        """Return the tokens whose cells `slot` holds."""
        path = list(self._path(slot))
        return [token for node in reversed(path) for token in node.tokens[node.start : node.end]]

    def salt(self, slot: int) -> Hashable:
        return self._salts[slot]

    def match(self, salt: Hashable, tokens: list[int], limit: int) -> Match:
        """Return the longest run of cells that begins as `tokens`, at most `limit` long."""
        best = Match(None, 0)
        if (root := self._roots.get(salt)) is None:
            return best
        open_nodes = list(root.children)
        while open_nodes:
            node = open_nodes.pop()
            end = node.start + common_length(tokens, node.tokens, node.start, min(node.end, limit))
            if end > best.tokens:
                best = Match(next(iter(node.holders)), end)
            if end == node.end:
                open_nodes.extend(node.children)
        return best

    def open(self, slot: int, salt: Hashable) -> None:
        """Take an empty slot into the tree."""
        assert slot not in self._tails
        root = self._roots.get(salt)
        if root is None:
            root = self._roots[salt] = _Node([], 0, 0, None)
        root.holders.add(slot)
        self._tails[slot], self._salts[slot] = root, salt

    def copy(self, source: int, target: int, count: int) -> None:
        """Share cells [0, count) of `source` with the empty slot `target` of the same salt."""
        assert self._salts[source] == self._salts[target] and self.length(target) == 0 < count <= self.length(source)
        node = self._at(source, count)
        self._tails[target] = node
        while node.parent is not None:
            node.holders.add(target)
            node = node.parent
        self._moves.append(Copy(source, target, count))

    def extend(self, slot: int, tokens: list[int], end: int) -> None:
        """Note that cells up to `end` were computed in `slot` out of `tokens`."""
        tail = self._tails[slot]
        self.cells += end - tail.end
        if tail.tokens is tokens and len(tail.holders) == 1:
            tail.end = end
        elif end > tail.end:
            child = _Node(tokens, tail.end, end, tail, holders={slot})
            tail.children.append(child)
            self._tails[slot] = child

    def trim(self, slot: int, count: int) -> None:
        """Let go of the cells of `slot` from position `count` on; those that nobody else holds are free."""
        if count >= self.length(slot):
            return
        keep = self._at(slot, count)
        node = self._tails[slot]
        while node is not keep:
            assert node.parent is not None
            node.holders.discard(slot)
            if not node.holders:
                self.cells -= node.size
                node.parent.children.remove(node)
            node = node.parent
        self._tails[slot] = keep
        self._moves.append(Trim(slot, count))

    def release(self, slot: int) -> None:
        """Let go of all cells of `slot`, and of the slot."""
        self.trim(slot, 0)
        salt = self._salts.pop(slot)
        root = self._tails.pop(slot)
        root.holders.discard(slot)
        if not root.holders:
            del self._roots[salt]

    def held(self, slots: Collection[int]) -> int:
        """Return how many unique cells `slots` hold together."""
        nodes = {id(node): node.size for slot in slots for node in self._path(slot)}
        return sum(nodes.values())

    def exclusive(self, slot: int, count: int, others: Collection[int]) -> int:
        """Return how many of cells [0, count) of `slot` none of `others` holds."""
        path = (node for node in self._path(slot) if node.start < count and node.holders.isdisjoint(others))
        return sum(min(node.end, count) - node.start for node in path)

    def clear(self) -> None:
        """Forget everything, moves not made yet included: the real cache is empty."""
        self.cells = 0
        for memory in (self._roots, self._tails, self._salts, self._moves):
            memory.clear()

    def _path(self, slot: int) -> Iterator[_Node]:
        node: _Node | None = self._tails[slot]
        while node is not None:
            yield node
            node = node.parent

    def _at(self, slot: int, position: int) -> _Node:
        """Return the node of `slot` that ends at `position`, splitting the one that goes beyond it."""
        node = next(node for node in self._path(slot) if node.start < position or node.parent is None)
        if node.end <= position or node.parent is None:
            return node
        # The lower part stays the same object: it is the tail of those who hold all of it.
        upper = _Node(node.tokens, node.start, position, node.parent, [node], set(node.holders))
        node.parent.children[node.parent.children.index(node)] = upper
        node.parent, node.start = upper, position
        return upper


def common_length(one: Sized[int], other: Sized[int], start: int, end: int) -> int:
    """Return how many tokens agree from position `start` on, looking no further than `end`."""
    end = min(end, len(one), len(other))
    if start >= end or one[start] != other[start]:
        return 0
    if one[start:end] == other[start:end]:
        return end - start
    low, high = start + 1, end - 1  # tokens [start, low) agree, those of [start, high + 1) do not
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low - start
