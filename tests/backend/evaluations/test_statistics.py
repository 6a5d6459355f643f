"""Means with intervals and paired comparisons, against cases whose answers are known."""

import numpy as np
import pytest

from backend.evaluations.statistics import compare, interval_of


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_where_that_holds() -> None:
    values = list(np.random.default_rng(3).normal(0.6, 0.2, 900))
    found = interval_of(values)
    assert found is not None
    half = 1.96 * np.std(values) / np.sqrt(len(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert found.low == pytest.approx(found.mean - half, abs=half * 0.1)
    assert found.high == pytest.approx(found.mean + half, abs=half * 0.1)


def test_the_same_numbers_give_the_same_interval_every_time() -> None:
    values = [0.0, 1.0, 1.0, 0.25, 0.5]
    assert interval_of(values) == interval_of(values)


def test_of_one_value_the_interval_is_the_value_and_of_none_there_is_none() -> None:
    found = interval_of([0.25])
    assert found is not None and (found.mean, found.low, found.high, found.count) == (0.25, 0.25, 0.25, 1)
    assert interval_of([]) is None and compare([], []) is None


def test_answers_that_all_got_worse_are_significantly_worse() -> None:
    found = compare([1.0] * 6, [0.0] * 6)
    assert found is not None and (found.outcome, found.difference, found.worse) == ("worse", -1.0, 6)
    assert found.p < 0.01


def test_the_difference_is_of_pairs_so_that_a_small_one_in_every_case_is_seen() -> None:
    before = [index / 20 for index in range(20)]
    after = [value + 0.04 + 0.01 * (at % 3) for at, value in enumerate(before)]
    found = compare(before, after)
    assert found is not None and found.outcome == "better" and found.low > 0.03
    # The same numbers, not paired, tell nothing: the spread between the cases hides the change.
    shuffled = compare(before, after[::-1])
    assert shuffled is not None and shuffled.outcome == "same"


def test_chance_is_not_called_a_difference() -> None:
    random = np.random.default_rng(11)
    outcomes = []
    for _ in range(200):
        found = compare(list(random.normal(0, 1, 40)), list(random.normal(0, 1, 40)))
        assert found is not None
        outcomes.append(found.outcome)
    assert outcomes.count("same") >= 180, "about 1 in 20 may be called a difference"


def test_fewer_than_five_pairs_say_nothing() -> None:
    four, five = compare([1.0] * 4, [0.0] * 4), compare([1.0] * 5, [0.0] * 5)
    assert four is not None and four.outcome == "few_cases"
    assert five is not None and five.outcome == "worse"


def test_values_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        compare([1.0], [1.0, 0.0])
