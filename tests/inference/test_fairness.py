"""Fairness between tenants, ageing between classes, and short work before long."""

import random
from collections.abc import Iterator
from statistics import mean
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.batching.fairness import TOLERANCE, TokenCounters
from inference.batching.scheduler import Limits, Scheduler
from inference.batching.sequence import Batch, Outcome, Sequence, Token
from inference.types import SamplingParams

DECODE_S, PREFILL_RATE = {1: 0.007, 2: 0.011, 3: 0.015, 4: 0.018}, 400.0


def schedule_of(scheduling: Literal["mlfq", "fcfs"] = "mlfq") -> Scheduler:
    return Scheduler(Limits(kv_tokens=8192, max_sequences=4, batch_tokens=128, slots=16, scheduling=scheduling))


def seconds_of(batch: Batch) -> float:
    decoding = sum(row.count == 1 for row in batch.rows)
    return DECODE_S.get(decoding, 0.0) + (batch.tokens - decoding) / PREFILL_RATE


def steps(scheduler: Scheduler, now_s: float = 0.0) -> Iterator[tuple[Batch, float, list[Sequence]]]:
    """Make steps without a model: every row that samples gives a token. Yields the batch, the time and who ended."""
    while scheduler.has_work:
        batch = scheduler.schedule(now_s)
        now_s += seconds_of(batch)
        outcomes = [Outcome((Token(5),) if row.samples else (), row.start + row.count) for row in batch.rows]
        ended = []
        for progress in scheduler.update(batch.rows, outcomes, now_s):
            if progress.finish_reason is not None:
                scheduler.finish(progress.sequence)
                ended.append(progress.sequence)
        scheduler.record(batch, seconds_of(batch))
        yield batch, now_s, ended


def test_a_tenant_that_was_idle_gains_no_credit() -> None:
    counters = TokenCounters()
    counters.arrive("busy")
    counters.charge("busy", 0, 1000)
    counters.arrive("idle")
    assert counters.counter("idle") == counters.counter("busy") == 4000
    counters.leave("busy")
    counters.charge("idle", 100, 0)
    counters.leave("idle")
    counters.arrive("third")
    assert counters.counter("third") >= 4000, "nor does one who comes after all have gone"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500), st.integers(0, 100)), max_size=60))
def test_the_one_who_received_least_ranks_first(charges: list[tuple[str, int, int]]) -> None:
    counters = TokenCounters()
    for tenant in "abc":
        counters.arrive(tenant)
    for tenant, prefilled, generated in charges:
        counters.charge(tenant, prefilled, generated)
    assert min(counters.rank(tenant) for tenant in "abc") == 0
    for one in "abc":
        for other in "abc":
            if counters.counter(one) + TOLERANCE <= counters.counter(other):
                assert counters.rank(one) < counters.rank(other)


@pytest.mark.parametrize("flood", [5, 60])
def test_however_much_one_tenant_asks_for_another_gets_the_same(flood: int) -> None:
    scheduler = schedule_of()
    number = 0
    for tenant, count in (("greedy", flood), ("modest", 5)):
        for _ in range(count):
            scheduler.add(Sequence(number, [number] * 50, 200, tenant=tenant), 0.0)
            number += 1
    received = {"greedy": 0, "modest": 0}
    for batch, _, _ in steps(scheduler):
        for row in batch.rows:
            received[row.sequence.tenant] += 4 if row.samples else row.count
        tenants = {s.tenant for s in (*scheduler.resident, *scheduler.waiting)}
        if len(tenants) < 2 or sum(s.tenant == "modest" for s in (*scheduler.resident, *scheduler.waiting)) < 4:
            break
        # The bound of the paper's theorem: twice what a full step's worth of admitted work may amount to.
        assert abs(received["greedy"] - received["modest"]) <= 2 * (TOLERANCE + 4 * 256)


def test_interactive_work_goes_before_batch_work_but_batch_work_does_not_starve() -> None:
    scheduler = schedule_of()
    for number in range(4):
        scheduler.add(Sequence(number, [number] * 50, 100, priority="batch"), 0.0)
    number, done, last_s = 4, 0, 0.0
    for _, now_s, ended in steps(scheduler):
        last_s = now_s
        done += sum(sequence.priority == "batch" for sequence in ended)
        if done == 4:
            break
        while sum(s.priority == "interactive" for s in (*scheduler.resident, *scheduler.waiting)) < 8:
            scheduler.add(Sequence(number, [number] * 50, 100), now_s)
            number += 1
    assert done == 4, "they end although interactive work never does"
    assert last_s > 5.0, "but they came last"


def test_interactive_work_throws_batch_work_out_of_a_full_cache() -> None:
    scheduler = schedule_of()
    for number in range(4):
        scheduler.add(Sequence(number, [number] * 1500, 400, priority="batch"), 0.0)
    rounds = steps(scheduler)
    now_s = 0.0
    while len(scheduler.resident) < 4:
        _, now_s, _ = next(rounds)
    urgent = Sequence(9, [9] * 1500, 400)
    scheduler.add(urgent, now_s)
    while urgent.slot is None:
        _, waited_s, _ = next(rounds)
        assert waited_s - now_s < 2.0, "one of the others may be lifted just now, but only for a quantum"
    assert scheduler.preemptions == 1
    assert len([sequence for _, _, ended in rounds for sequence in ended]) == 5, "and all of them end"


@pytest.mark.parametrize("long_tokens", [400, 3000])
def test_a_long_sequence_ends_although_short_ones_never_stop_coming(long_tokens: int) -> None:
    scheduler = schedule_of()
    long = Sequence(0, [0] * long_tokens, 400)
    scheduler.add(long, 0.0)
    number = 1
    for _, now_s, ended in steps(scheduler):
        if long in ended:
            return
        while len(scheduler.resident) + len(scheduler.waiting) < 9:
            scheduler.add(Sequence(number, [number] * 50, 20), now_s)
            number += 1
        assert now_s < 2000, "it starves"


def jobs(seed: int, count: int, load: float) -> list[tuple[float, int, int]]:
    """Return (arrival, prompt tokens, answer tokens): 90 % short, 10 % long, as Poisson arrivals at `load`."""
    chance = random.Random(seed)
    sizes = [(60, 20) if chance.random() < 0.9 else (1200, 500) for _ in range(count)]
    work_s = mean(prompt / PREFILL_RATE + answer * DECODE_S[4] / 4 for prompt, answer in sizes)
    now_s, made = 0.0, []
    for prompt, answer in sizes:
        now_s += chance.expovariate(load / work_s)
        made.append((now_s, prompt, answer))
    return made


def mean_completion_s(scheduling: Literal["mlfq", "fcfs"], work: list[tuple[float, int, int]]) -> float:
    scheduler = schedule_of(scheduling)
    arrivals = list(enumerate(work))[::-1]
    completion: list[float] = []
    now_s = 0.0
    while arrivals or scheduler.has_work:
        while arrivals and (arrivals[-1][1][0] <= now_s or not scheduler.has_work):
            number, (arrived_s, prompt, answer) = arrivals.pop()
            now_s = max(now_s, arrived_s)
            sequence = Sequence(number, [number] * prompt, answer, SamplingParams(ignore_eos=True))
            scheduler.add(sequence, now_s)
            sequence.arrived_s = arrived_s
        _, now_s, ended = next(steps(scheduler, now_s))
        completion += [now_s - sequence.arrived_s for sequence in ended]
    assert len(completion) == len(work)
    return mean(completion)


def test_short_work_does_not_wait_behind_long_work() -> None:
    work = jobs(seed=3, count=300, load=0.8)
    assert mean_completion_s("fcfs", work) >= 2 * mean_completion_s("mlfq", work)


def test_a_document_takes_turns_with_short_answers_and_is_read_all_the_same() -> None:
    scheduler = schedule_of()
    answer = Sequence(0, [1] * 20, 48, SamplingParams(ignore_eos=True))
    document = Sequence(1, [2] * 3000, 1, SamplingParams(ignore_eos=True))
    scheduler.add(answer, 0.0)
    began_s = 0.0
    unread: int | None = None
    order = []
    for _, now_s, ended in steps(scheduler):
        if not began_s and answer.generated:
            began_s = now_s
            scheduler.add(document, now_s)
        if answer in ended:
            assert now_s - began_s < 2.5 * DECODE_S[1] * 47, "its tokens keep their pace, mostly"
            unread = document.missing
        order += ended
    assert order == [answer, document]
    assert unread is not None and 0 < unread < 3000, "the document was read meanwhile, too"
