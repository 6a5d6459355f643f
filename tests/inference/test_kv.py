"""The account of slots and cells: promises are kept, leaves go first and the least used of them before others."""

from inference.batching.kv import KvCache
from inference.batching.sequence import Copy, Sequence, Trim


def sequence(number: int, tokens: list[int], max_tokens: int = 10, tenant: str = "") -> Sequence:
    return Sequence(number, tokens, max_tokens, tenant=tenant)


def admitted(kv: KvCache, number: int, tokens: list[int], max_tokens: int = 10) -> Sequence:
    made = sequence(number, tokens, max_tokens)
    assert kv.admit(made)
    kv.advance(made, len(tokens))
    return made


def leaf(kv: KvCache, number: int, tokens: list[int]) -> int:
    made = admitted(kv, number, tokens)
    slot = made.slot
    assert slot is not None
    kv.release(made, keeps=True)
    return slot


def test_prompt_and_the_beginning_of_the_answer_are_reserved() -> None:
    kv = KvCache(1000, 4)
    admitted(kv, 0, [1] * 100, 50)
    assert (kv.used, kv.free) == (100, 1000 - 150)
    admitted(kv, 1, [2] * 100, 800)
    assert kv.free == 1000 - 150 - 356
    assert not kv.admit(sequence(2, [3] * 300, 300))
    assert kv.free == 1000 - 150 - 356, "a refusal changes nothing"


def test_growth_takes_some_more_and_no_more_than_there_is() -> None:
    kv = KvCache(500, 4)
    one, other = admitted(kv, 0, [1] * 20, 400), admitted(kv, 1, [2] * 20, 140)
    one.tokens += [1] * 257
    assert not kv.can_hold(one, len(one.tokens))
    assert kv.free == 500 - 276 - 160
    assert kv.grow(one)
    assert kv.can_hold(one, 340)
    assert kv.free == 0
    other.tokens += [2] * 141
    assert not kv.grow(other)
    kv.release(one, keeps=False)
    assert kv.grow(other)


def test_the_least_recently_used_leaf_is_evicted_first_and_a_hit_counts_as_use() -> None:
    kv = KvCache(1000, 3)
    first, second = leaf(kv, 0, [1] * 50), leaf(kv, 1, [2] * 50)
    assert list(kv.leaves) == [first, second]
    hit = sequence(2, [1] * 40 + [9] * 40)
    assert kv.admit(hit)
    assert hit.computed == 40
    assert list(kv.leaves) == [second, first]
    assert kv.evict()
    assert list(kv.leaves) == [first]


def test_a_leaf_that_a_new_leaf_contains_gives_its_slot_back() -> None:
    kv = KvCache(1000, 3)
    side_by_side = admitted(kv, 0, [1] * 50), admitted(kv, 1, [1] * 80)
    assert kv.used == 80, "the second took over what the first had computed"
    for one in side_by_side:
        kv.release(one, keeps=True)
    assert len(kv.leaves) == 1
    assert kv.used == 80
    leaf(kv, 2, [1] * 30)
    assert kv.used == 80, "what is known already is not kept a second time"
    assert len(kv.free_slots) == 2


def test_shared_cells_count_once_and_stay_as_long_as_anybody_holds_them() -> None:
    kv = KvCache(1000, 3)
    first = admitted(kv, 0, [*range(100), 1])
    second = admitted(kv, 1, [*range(100), 2])
    assert kv.used == 102
    assert kv.take_moves() == (Copy(first.slot or 0, second.slot or 0, 100),)
    slot = first.slot
    kv.release(first, keeps=False)
    assert kv.used == 101
    assert kv.take_moves() == (Trim(slot or 0, 0),)
    kv.release(second, keeps=False)
    assert kv.used == 0


def test_short_beginnings_are_not_worth_a_slot() -> None:
    kv = KvCache(1000, 3)
    leaf(kv, 0, [1] * 15)
    assert kv.leaves == ()
    leaf(kv, 1, [1] * 50)
    assert kv.find(sequence(2, [1] * 15 + [2] * 9)).slot is None
    assert kv.find(sequence(2, [1] * 16 + [2] * 9)).tokens == 16


def test_one_token_is_always_left_to_evaluate() -> None:
    kv = KvCache(1000, 3)
    leaf(kv, 0, [1] * 50)
    assert kv.find(sequence(1, [1] * 50)).tokens == 49
    assert kv.find(sequence(1, [1] * 30)).tokens == 29


def test_only_leaves_fill_what_is_allowed_for_them() -> None:
    kv = KvCache(1000, 10, cached=120)
    for number in range(5):
        leaf(kv, number, [number] * 50)
    assert kv.cached == kv.used == 100


def test_the_more_run_the_fewer_idle_cells_slow_them_down() -> None:
    kv = KvCache(1000, 20)
    for number in range(9):
        leaf(kv, number, [number] * 100)
    cached = [kv.cached]
    for number in range(10, 15):
        admitted(kv, number, [number + 100] * 20)
        cached.append(kv.cached)
    assert cached == [600, 500, 300, 200, 200, 200]


def test_when_only_the_matching_leaf_has_a_slot_it_is_taken_over_and_cut() -> None:
    kv = KvCache(1000, 1)
    slot = leaf(kv, 0, [1] * 50)
    kv.take_moves()
    other = sequence(1, [1] * 30 + [2] * 5)
    assert kv.admit(other)
    assert (other.slot, other.computed) == (slot, 30)
    assert kv.take_moves() == (Trim(slot, 30),)


def test_a_match_is_kept_while_everything_else_is_evicted_for_it() -> None:
    kv = KvCache(400, 4)
    leaf(kv, 0, [1] * 150)
    leaf(kv, 1, [2] * 150)
    made = sequence(2, [1] * 100 + [3] * 50, 200)
    assert kv.admit(made)
    assert made.computed == 100
    assert kv.free >= 0
    assert kv.cached + 350 <= 400
