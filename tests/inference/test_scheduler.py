"""The scheduler, driven by a pretend model whose next token depends on all tokens before it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.batching.kv import MIN_MATCH
from inference.batching.scheduler import Limits
from inference.batching.sequence import Batch
from inference.types import SamplingParams
from tests.inference.pretending import END, undisturbed
from tests.inference.scheduling import BATCH, KV, ROWS, SLOTS, Driver


def rows_of(batch: Batch) -> list[tuple[int, int]]:
    return [(row.sequence.id, row.count) for row in batch.rows]


def test_decoding_comes_before_prefill_and_prefill_gets_what_time_is_left() -> None:
    driver = Driver()
    driver.add([1], 10)
    driver.step()
    driver.add(list(range(50)))
    driver.scheduler.speed.itl_target_s = 0.0
    assert rows_of(driver.step()) == [(0, 1), (1, 8)], "the smallest chunk"
    driver.scheduler.speed.itl_target_s = 100.0
    assert rows_of(driver.step()) == [(0, 1), (1, 14)], "the whole batch: 42 tokens in three equal parts"


def test_a_long_prompt_is_computed_in_chunks_and_samples_once() -> None:
    driver = Driver()
    driver.add(list(range(40)), 1)
    counts = []
    while not driver.ended:
        rows = driver.scheduler.schedule(driver.now_s).rows
        counts.append([(row.count, row.samples) for row in rows])
        driver.step()
    assert counts == [[(14, False)], [(13, False)], [(13, True)]]


def test_who_does_not_fit_waits_instead_of_failing() -> None:
    driver = Driver(Limits(kv_tokens=300, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS))
    first, second = driver.add([1] * 100, 100), driver.add([2] * 100, 100)
    driver.step()
    assert driver.scheduler.resident == (first,)
    assert driver.scheduler.waiting == (second,)
    driver.run()
    assert {s.id for s in driver.ended} == {0, 1}


def test_when_cells_run_out_the_lowest_gives_way_and_loses_nothing() -> None:
    driver = Driver(Limits(kv_tokens=700, max_sequences=ROWS, batch_tokens=300, slots=SLOTS, scheduling="fcfs"))
    eos = SamplingParams(ignore_eos=True)
    sequences = [driver.add([number] * 50, 500, sampling=eos) for number in range(2)]
    while not driver.scheduler.preemptions:
        driver.step()
    assert driver.scheduler.resident == (sequences[0],), "the first keeps its place"
    assert sequences[1].generated > 0, "what it generated is kept"
    driver.run()
    assert [s.tokens for s in sequences] == [undisturbed([n] * 50, 500, ignore_eos=True) for n in range(2)]


def test_the_time_in_the_queue_ends_with_the_first_admission() -> None:
    driver = Driver(Limits(kv_tokens=700, max_sequences=1, batch_tokens=300, slots=1, scheduling="fcfs"))
    for number in range(2):
        driver.add([number] * 50, 4, sampling=SamplingParams(ignore_eos=True))
    while driver.scheduler.has_work:
        driver.step(2.0)
    assert (driver.scheduler.admitted, driver.scheduler.queued_s) == (2, 8.0), "the second waited for four steps"


def test_a_second_prompt_that_begins_alike_computes_only_the_rest() -> None:
    driver = Driver()
    driver.add([*range(100), 1], 1)
    driver.run()
    before = driver.executor.computed
    later = driver.add([*range(100), 2, 3], 1)
    driver.run()
    assert driver.executor.computed - before == 2
    assert later.cached_tokens == 100
    assert driver.scheduler.prefix_hit_tokens == 100


def test_prompts_that_run_at_the_same_time_are_computed_once() -> None:
    driver = Driver()
    for _ in range(3):
        driver.add(list(range(100)), 1)
    driver.run()
    assert driver.executor.computed <= 100 + 2 * MIN_MATCH, "for less than a match nobody waits"


@pytest.mark.parametrize("more", [{"tenant": "other"}, {"adapter": "x"}], ids=["tenant", "adapter"])
def test_tenants_and_adapters_find_nothing_of_each_other(more: dict[str, str]) -> None:
    driver = Driver()
    driver.add(list(range(100)), 1)
    driver.run()
    before = driver.executor.computed
    driver.add(list(range(100)), 1, **more)
    driver.run()
    assert driver.executor.computed - before == 100


def test_the_next_turn_of_a_conversation_takes_over_the_slot_of_the_last() -> None:
    driver = Driver()
    first = driver.add(list(range(100)), 5)
    driver.run()
    leaves = driver.scheduler.kv.leaves
    second = driver.add([*first.tokens, 1, 2, 3], 5)
    driver.step()
    assert (second.slot,) == leaves
    driver.run()
    assert len(driver.scheduler.kv.leaves) == 1


def test_a_deterministic_sequence_is_cut_in_the_same_way_and_alone_whatever_else_runs() -> None:
    def shapes(prepare: Callable[[Driver], object]) -> list[int]:
        driver = Driver()
        prepare(driver)
        sequence = driver.add(list(range(40)), 6, sampling=SamplingParams(deterministic=True, ignore_eos=True))
        counts = []
        while sequence not in driver.ended:
            batch = driver.step()
            if any(row.sequence is sequence for row in batch.rows):
                assert len(batch.rows) == 1
                counts.append(batch.rows[0].count)
        assert sequence.cached_tokens == 0
        return counts

    def before_others(driver: Driver) -> None:
        driver.add(list(range(40)), 1)
        driver.run()
        for number in range(5):
            driver.add([number, *range(40)], 20)

    assert shapes(lambda driver: None) == shapes(before_others) == [16, 16, 8, 1, 1, 1, 1, 1]


def test_a_deterministic_sequence_repeats_its_steps_after_the_context_was_lost() -> None:
    driver = Driver()
    sequence = driver.add(list(range(20)), 5, sampling=SamplingParams(deterministic=True, ignore_eos=True))
    for _ in range(4):
        driver.step()
    driver.executor.slots.clear()
    driver.scheduler.reset()
    counts = []
    while sequence not in driver.ended:
        counts.append(driver.step().rows[0].count)
    assert counts == [16, 4, 1, 1, 1, 1]


def test_adapters_and_deterministic_sequences_take_turns() -> None:
    driver = Driver()
    for adapter in (None, "x", "y"):
        driver.add([1, 2, 3], 30, adapter=adapter, sampling=SamplingParams(ignore_eos=True))
    driver.add([1, 2, 3], 30, sampling=SamplingParams(ignore_eos=True, deterministic=True))
    turns = [driver.step().rows[0].sequence.id for _ in range(40)]
    assert all(turns.count(number) == 10 for number in range(4))


def test_ignore_eos_goes_on_to_max_tokens() -> None:
    driver = Driver()
    prompt = next([n] for n in range(10_000) if undisturbed([n], 1) == [n])
    short, long = driver.add(prompt, 4), driver.add(prompt, 4, sampling=SamplingParams(ignore_eos=True))
    driver.run()
    assert (short.generated, long.generated) == (0, 4)


def test_a_single_sequence_that_repeats_itself_is_drafted_for_and_says_the_same() -> None:
    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH))
    prompt = [1, 2, 3, 9, 1, 2, 3]
    sequence = driver.add(prompt, 40, sampling=SamplingParams(ignore_eos=True))
    drafted = 0
    while driver.scheduler.has_work:
        drafted += len(driver.step().rows[0].draft)
    assert drafted > 0
    assert driver.scheduler.speculation.drafted == drafted
    assert sequence.tokens == undisturbed(prompt, 40, ignore_eos=True)


def test_guesses_stay_within_what_the_grammar_takes_and_before_the_end() -> None:
    class OnlyTwo:
        def admissible(self, draft: list[int], remaining: int) -> int:
            return min(2, len(draft))

    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=64))
    for constraint, after, expected in ((None, 8, 4), (OnlyTwo(), 8, 2), (None, END, 0)):
        prompt = [20, 21, 22, 23, 24, after, after, after, after, 20, 21, 22, 23, 24]
        sequence = driver.add(prompt, 20, constraint=constraint)
        driver.step()
        sequence.tokens[-1:] = [24] if sequence.generated else []
        sequence.tokens[-5:] = [20, 21, 22, 23, 24]
        batch = driver.scheduler.schedule(driver.now_s)
        assert len(batch.rows[0].draft) == expected
        driver.scheduler.finish(sequence)


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_last_token_that_is_allowed_may_be_the_one_that_makes_the_answer_whole(is_whole: bool) -> None:
    class Counting:
        def __init__(self) -> None:
            self.is_whole = is_whole

    driver = Driver()
    sequence = driver.add([1, 2, 3], 2, constraint=Counting(), sampling=SamplingParams(ignore_eos=True))
    driver.step()
    batch = driver.scheduler.schedule(driver.now_s)
    (progress,) = driver.scheduler.update(batch.rows, driver.executor.run(batch.rows, None), 1.0)
    assert (progress.sequence, progress.finish_reason) == (sequence, "stop" if is_whole else "length")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_first_come_first_served_admits_in_order(lengths: list[int]) -> None:
    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS, scheduling="fcfs"))
    for number, length in enumerate(lengths):
        driver.add([number] * length, 5)
    admitted: list[int] = []
    while driver.scheduler.has_work:
        admitted += sorted(row.sequence.id for row in driver.step().rows if row.start == 0)
    assert admitted == sorted(admitted), "nobody starts in a later step than who came after"
