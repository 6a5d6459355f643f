"""Which `[n]` in an answer are citations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieve.citations import cited_positions


@pytest.mark.parametrize(
    ("answer", "cited"),
    [
        ("Cats purr [1].", {1}),
        ("Cats purr[2]", {2}),
        ("Both do [1][3].", {1, 3}),
        ("Both do [1, 3].", {1, 3}),
        ("All do [1-3].", {1, 2, 3}),
        ("猫会打呼噜【2】。", {2}),
        ("There is no such passage [4] [0] [99999] [-1].", set()),
        ("A year [2024], a range [2-900].", {2, 3}),
        ("Nothing is cited.", set()),
        ("A link [1](https://example.org) and a box [x].", set()),
        ("Code `a[1]` and\n```\nb[2]\n```\nthen [3].", {3}),
        ("A fence that never closes\n```\nb[2]", set()),
        ("", set()),
    ],
)
def test_only_the_numbers_of_passages_count(answer: str, cited: set[int]) -> None:
    assert cited_positions(answer, 3) == cited


@given(answer=st.text(alphabet="[]0123456789,-– `【】(a", max_size=60), passages=st.integers(0, 20))
def test_whatever_a_model_writes_gives_existing_passages_only(answer: str, passages: int) -> None:
    assert cited_positions(answer, passages) <= set(range(1, passages + 1))
