"""Chunks lose nothing, cross nothing and keep their budget."""

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import EmbeddingMismatchError, InvalidSettingsError
from rag.ports import CountTokens
from rag.split import SplitSettings, page_spans, split
from rag.types import Extraction, Page


async def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer with two special tokens and long words in several pieces."""
    return [2 + len(re.findall(r"\w{1,4}|[^\w\s]", text)) for text in texts]


async def count_bytes(texts: Sequence[str]) -> list[int]:
    """The most tokens that a byte-level tokenizer can make."""
    return [len(text.encode()) for text in texts]


async def count_unevenly(texts: Sequence[str]) -> list[int]:
    """A whole has more tokens than its parts: the worst case for a packer that adds up."""
    return [len(text) // 5 + (len(text) // 150) * 30 for text in texts]


COUNTERS = [count_words, count_bytes, count_unevenly]

prose = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            [
                "A sentence of some words. ",
                "第一句话。第二句话！",
                "\n\n",
                "\n# Heading\n",
                "\n```\ncode = [1, 2]\n```\n",
                "- item\n",
                "Word " * 60,
                "x" * 500,
                "😀" * 90,
                " " * 300,
                "Слово за словом. ",
            ]
        ),
    ),
    max_size=12,
).map("".join)

budgets = st.integers(16, 120).flatmap(
    lambda most: st.builds(SplitSettings, max_tokens=st.just(most), overlap_tokens=st.integers(0, most // 2))
)


@given(
    pages=st.lists(prose, min_size=1, max_size=3),
    budget=budgets,
    counter=st.sampled_from(COUNTERS),
    format_name=st.sampled_from(["text", "markdown", "pdf"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_no_text_is_lost_no_page_is_crossed_and_every_budget_is_kept(
    pages: list[str], budget: SplitSettings, counter: CountTokens, format_name: str
) -> None:
    extraction = Extraction(tuple(Page(text, number) for number, text in enumerate(pages, start=1)))
    chunks = await split(extraction, format_name=format_name, settings=budget, count_tokens=counter)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    for chunk in chunks:
        assert chunk.page is not None
        assert chunk.text in pages[chunk.page - 1]
        assert chunk.text == chunk.text.strip() != ""
        assert [chunk.tokens] == await counter([chunk.text])
        assert chunk.tokens <= budget.max_tokens or len(chunk.text) == 1
    for number, text in enumerate(pages, start=1):
        spans = await page_spans(text, format_name=format_name, settings=budget, count_tokens=counter)
        assert [text[s.start : s.end] for s in spans] == [chunk.text for chunk in chunks if chunk.page == number]
        covered = 0
        for span in spans:
            assert not text[covered : span.start].strip()
            assert span.end > covered, "a chunk that adds nothing"
            covered = span.end
        assert not text[covered:].strip()


@given(text=prose, budget=budgets)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_neighbours_share_at_most_the_overlap(text: str, budget: SplitSettings) -> None:
    spans = await page_spans(text, format_name="text", settings=budget, count_tokens=count_bytes)
    for before, after in pairwise(spans):
        [shared] = await count_bytes([text[after.start : before.end]]) if after.start < before.end else [0]
        assert shared <= budget.overlap_tokens


async def test_a_chunk_ends_where_the_text_does() -> None:
    section = "Some words about the matter at hand. " * 6
    text = f"# One\n\n{section}\n\n# Two\n\n{section}\n\n# Three\n\n{section}"
    extraction = Extraction((Page(text),))
    chunks = await split(extraction, format_name="markdown", settings=SplitSettings(120, 20), count_tokens=count_words)
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# One", "# Two", "# Three"]
    assert [chunk.page for chunk in chunks] == [None, None, None]


async def test_sentences_stay_whole_and_overlap_repeats_the_last_ones() -> None:
    text = " ".join(f"Sentence number {word} stands here." for word in ("one", "two", "three", "four", "five", "six"))
    spans = await page_spans(text, format_name="text", settings=SplitSettings(40, 20), count_tokens=count_words)
    chunks = [text[s.start : s.end] for s in spans]
    assert len(chunks) > 1
    assert all(chunk.startswith("Sentence") and chunk.endswith(".") for chunk in chunks)


async def test_tokens_are_counted_in_few_calls() -> None:
    calls: list[int] = []

    async def counter(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return await count_words(texts)

    extraction = Extraction((Page("Some words about it. " * 500),))
    chunks = await split(extraction, format_name="text", settings=SplitSettings(), count_tokens=counter)
    assert len(chunks) > 10
    assert len(calls) == 2, "one call for the atoms of a page, one for its chunks"


async def test_a_counter_that_answers_too_little_is_an_error() -> None:
    async def counter(texts: Sequence[str]) -> list[int]:
        return [1]

    with pytest.raises(EmbeddingMismatchError, match="counts came back"):
        await page_spans("Word. " * 200, format_name="text", settings=SplitSettings(), count_tokens=counter)


@pytest.mark.parametrize(("most", "overlap"), [(15, 0), (100, 51), (100, -1)])
def test_settings_that_cannot_work_are_refused(most: int, overlap: int) -> None:
    with pytest.raises(InvalidSettingsError):
        SplitSettings(most, overlap)
