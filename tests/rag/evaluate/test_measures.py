"""Measures of searches, against values that are worked out by hand."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InvalidQueryError
from rag.evaluate import Case, evaluate
from rag.evaluate.measures import case_result, measures_of, quantile
from rag.types import Hit


def hit(chunk: str, document: str = "d", text: str = "text", answer: str = "") -> Hit:
    return Hit(chunk, document, "s", text, None, 0, 0.5, answer=answer)


def case(*, documents: str = "", chunks: str = "", phrase: str = "") -> Case:
    return Case("1", "q?", frozenset(documents.split()), frozenset(chunks.split()), phrase)


def test_a_right_chunk_at_the_third_place() -> None:
    result = case_result(case(chunks="c"), [hit("a"), hit("b"), hit("c"), hit("e")], 2.0)
    assert (result.rank, result.found, result.elapsed_ms) == (3, ("a", "b", "c", "e"), 2.0)
    assert dict(result.recall) == {1: 0.0, 3: 1.0, 5: 1.0, 10: 1.0}
    assert result.ndcg == pytest.approx(1 / math.log2(4))


def test_two_relevant_documents_are_worth_what_the_textbook_says() -> None:
    hits = [hit("1", "x"), hit("2", "a"), hit("3", "y"), hit("4", "b")]
    result = case_result(case(documents="a b"), hits, 0.0)
    assert dict(result.recall) == {1: 0.0, 3: 0.5, 5: 1.0, 10: 1.0}
    dcg, ideal = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3)
    assert result.ndcg == pytest.approx(dcg / ideal)


def test_many_chunks_of_one_document_are_one_answer() -> None:
    result = case_result(case(documents="a b"), [hit("1", "a"), hit("2", "a"), hit("3", "a")], 0.0)
    assert (result.rank, result.recall[10]) == (1, 0.5)
    assert result.ndcg == pytest.approx(1 / (1 + 1 / math.log2(3)))


@pytest.mark.parametrize("text", ["It lasts THREE\n  years here.", "It lasts three years"])
def test_a_phrase_is_found_whatever_its_case_and_spaces(text: str) -> None:
    assert case_result(case(phrase=" three years "), [hit("a"), hit("b", text=text)], 0.0).rank == 2
    assert case_result(case(phrase="three years"), [hit("a", answer=text)], 0.0).rank == 1


def test_a_hit_below_the_tenth_place_is_not_found() -> None:
    hits = [hit(str(n)) for n in range(10)] + [hit("c")]
    result = case_result(case(chunks="c"), hits, 0.0)
    assert (result.rank, result.ndcg, result.recall[10], len(result.found)) == (None, 0.0, 0.0, 10)


def test_a_case_whose_targets_are_gone_is_worth_nothing() -> None:
    result = case_result(case(), [hit("a")], 0.0)
    assert (result.rank, result.ndcg, result.recall[1]) == (None, 0.0, 0.0)


def test_means_are_over_all_cases() -> None:
    results = [case_result(case(chunks="b"), [hit("a"), hit("b")], 10.0), case_result(case(chunks="x"), [], 30.0)]
    measures = measures_of(results)
    assert (measures.mrr, measures.recall_at_k[1], measures.recall_at_k[3]) == (0.25, 0.0, 0.5)
    assert (measures.p50_ms, measures.p95_ms) == (20.0, 29.0)


async def test_every_question_is_asked_once_in_order_and_told() -> None:
    asked, told = [], []

    async def search(question: str) -> Sequence[Hit]:
        asked.append(question)
        return [hit(question)]

    async def on_case(done: int) -> None:
        told.append(done)

    cases = [Case(str(n), f"q{n}", chunk_ids=frozenset({f"q{n}"})) for n in range(3)]
    measures = await evaluate(cases, search, on_case=on_case)
    assert (asked, told) == (["q0", "q1", "q2"], [1, 2, 3])
    assert (measures.mrr, measures.ndcg_at_10) == (1.0, 1.0)
    assert [result.case_id for result in measures.cases] == ["0", "1", "2"]
    with pytest.raises(InvalidQueryError):
        await evaluate([], search)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_quantile_lies_between_the_least_and_the_greatest(values: list[float], share: float) -> None:
    ascending = sorted(values)
    found = quantile(ascending, share)
    assert ascending[0] - 1e-6 <= found <= ascending[-1] + 1e-6


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_measures_stay_in_range_and_grow_with_k(found: list[str], wanted: set[str]) -> None:
    result = case_result(Case("1", "q", chunk_ids=frozenset(wanted)), [hit(name) for name in found], 0.0)
    shares = [result.recall[k] for k in (1, 3, 5, 10)]
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0
    assert 0.0 <= result.ndcg <= 1.0
    assert (result.rank is None) == (not set(found) & wanted)
