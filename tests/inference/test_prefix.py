"""The radix tree of cells, compared with a cache that keeps every cell apart."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inference.batching.prefix import Match, PrefixTree, common_length
from inference.batching.sequence import Copy, Trim

SLOTS = 5


class Machine(RuleBasedStateMachine):
    """The slow twin holds, per slot, a list of cells; each is an object with its token."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = PrefixTree()
        self.cells: dict[int, list[list[int]]] = {}
        self.lists: dict[int, list[int]] = {}
        self.salts: dict[int, str] = {}

    @rule(salt=st.sampled_from("ab"))
    def open(self, salt: str) -> None:
        slot = next((slot for slot in range(SLOTS) if slot not in self.cells), None)
        if slot is not None:
            self.tree.open(slot, salt)
            self.cells[slot], self.lists[slot], self.salts[slot] = [], [], salt

    @precondition(lambda self: bool(self.cells))
    @rule(data=st.data(), tokens=st.lists(st.integers(0, 1), min_size=1, max_size=6))
    def extend(self, data: st.DataObject, tokens: list[int]) -> None:
        slot = data.draw(st.sampled_from(sorted(self.cells)))
        own = self.lists[slot]
        own += tokens
        self.tree.extend(slot, own, len(own))
        self.cells[slot] += [[token] for token in tokens]

    @precondition(lambda self: bool(self.cells))
    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(sorted(self.cells)))
        targets = [s for s in self.cells if not self.cells[s] and self.salts[s] == self.salts[source]]
        if not targets or not self.cells[source]:
            return
        target, count = data.draw(st.sampled_from(targets)), data.draw(st.integers(1, len(self.cells[source])))
        self.tree.copy(source, target, count)
        assert self.tree.take_moves() == (Copy(source, target, count),)
        self.cells[target] = self.cells[source][:count]
        self.lists[target] = [cell[0] for cell in self.cells[target]]

    @precondition(lambda self: bool(self.cells))
    @rule(data=st.data(), count=st.integers(0, 12))
    def trim(self, data: st.DataObject, count: int) -> None:
        slot = data.draw(st.sampled_from(sorted(self.cells)))
        has_more = count < len(self.cells[slot])
        self.tree.trim(slot, count)
        assert self.tree.take_moves() == ((Trim(slot, count),) if has_more else ())
        del self.cells[slot][count:]
        self.lists[slot] = self.lists[slot][:count]

    @precondition(lambda self: bool(self.cells))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.cells)))
        self.tree.release(slot)
        self.tree.take_moves()
        del self.cells[slot], self.lists[slot], self.salts[slot]

    @rule(salt=st.sampled_from("ab"), tokens=st.lists(st.integers(0, 1), max_size=12), limit=st.integers(0, 12))
    def match(self, salt: str, tokens: list[int], limit: int) -> None:
        found = self.tree.match(salt, tokens, limit)
        alike = [
            common_length(tokens, [cell[0] for cell in held], 0, limit)
            for slot, held in self.cells.items()
            if self.salts[slot] == salt
        ]
        assert found.tokens == max(alike, default=0)
        if found.slot is not None:
            assert self.salts[found.slot] == salt
            assert [cell[0] for cell in self.cells[found.slot]][: found.tokens] == tokens[: found.tokens]

    @invariant()
    def the_tree_says_what_the_cache_holds(self) -> None:
        assert self.tree.cells == len({id(cell) for held in self.cells.values() for cell in held})
        for slot, held in self.cells.items():
            assert self.tree.tokens(slot) == [cell[0] for cell in held]
            assert self.tree.length(slot) == len(held)
            others = [other for other in self.cells if other != slot]
            theirs = {id(cell) for other in others for cell in self.cells[other]}
            assert self.tree.held(others) == len(theirs)
            half = len(held) // 2
            assert self.tree.exclusive(slot, half, others) == sum(id(cell) not in theirs for cell in held[:half])


TestPrefixTree = Machine.TestCase


@given(st.lists(st.integers(0, 1), max_size=20), st.lists(st.integers(0, 1), max_size=20), st.integers(0, 20))
def test_common_length_agrees_with_counting(one: list[int], other: list[int], start: int) -> None:
    expected = 0
    for position in range(start, min(len(one), len(other))):
        if one[position] != other[position]:
            break
        expected += 1
    assert common_length(one, other, start, 20) == expected


def test_nothing_is_found_in_an_empty_tree_or_under_another_salt() -> None:
    tree = PrefixTree()
    assert tree.match("a", [1, 2], 2) == Match(None, 0)
    tree.open(0, "a")
    tree.extend(0, [1, 2], 2)
    assert tree.match("a", [1, 2], 2) == Match(0, 2)
    assert tree.match("b", [1, 2], 2) == Match(None, 0)
