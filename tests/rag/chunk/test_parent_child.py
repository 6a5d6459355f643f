"""Parents are read, their children are found: together the children are the parent."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.chunk import Chunked, ChunkSettings, chunk
from rag.types import Area, Box, Extraction, Page
from tests.rag.chunk.counters import Calls, count_words
from tests.rag.chunk.test_general import TABLE, prose, squeezed

PARAGRAPH = ChunkSettings(mode="parent_child", max_tokens=30, overlap_tokens=0, parent_tokens=100)
DOCUMENT = ChunkSettings(mode="parent_child", parent_mode="document", max_tokens=30, overlap_tokens=0)


async def cut(*texts: str, settings: ChunkSettings, limit: int | None = None, count: Calls | None = None) -> Chunked:
    return await chunk(
        Extraction(tuple(Page(text, number) for number, text in enumerate(texts, start=1))),
        format_name="markdown",
        markup="markdown",
        settings=settings,
        count_tokens=count or count_words,
        limit=limit,
    )


@given(
    pages=st.lists(prose.filter(lambda text: "|" not in text), min_size=1, max_size=3),
    of=st.sampled_from([PARAGRAPH, DOCUMENT]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
async def test_no_text_is_lost_and_both_budgets_are_kept(pages: list[str], of: ChunkSettings) -> None:
    made = await cut(*pages, settings=of)
    for parent in made.chunks:
        assert [parent.tokens] == await count_words([parent.text])
        assert squeezed("".join(child.text for child in parent.children)) == squeezed(parent.text)
        assert [child.tokens for child in parent.children] == await count_words([c.text for c in parent.children])
        assert all(child.tokens <= 30 for child in parent.children)
        assert all(child.text in parent.text for child in parent.children)
        assert parent.tokens <= (100 if of is PARAGRAPH else 10_000)


async def test_paragraphs_are_parents_and_sentences_children() -> None:
    paragraph = "The first thing is said here at some length. The second thing comes right after it. And a third one."
    made = await cut("\n\n".join([paragraph] * 4), settings=PARAGRAPH)
    assert all(parent.text.startswith("The first") and parent.text.endswith("third one.") for parent in made.chunks)
    children = [child.text for parent in made.chunks for child in parent.children]
    assert all(child.endswith(".") for child in children)
    assert len(children) > 2 * len(made.chunks)
    assert made.chunks[0].passages == tuple(child.text for child in made.chunks[0].children)


async def test_a_document_is_one_parent_over_its_pages() -> None:
    made = await cut("The first page.", "The second page.", settings=DOCUMENT)
    [parent] = made.chunks
    assert parent.text == "The first page.\n\nThe second page."
    assert (parent.page, made.warnings) == (None, ())
    [alone] = (await cut("The only page.", settings=DOCUMENT)).chunks
    assert alone.page == 1


async def test_a_document_that_is_too_long_comes_in_parts_with_a_warning() -> None:
    pages = [f"On page {n} some sentence says something. " * 40 for n in range(60)]
    made = await cut(*pages, settings=DOCUMENT)
    assert len(made.chunks) > 1
    assert all(parent.tokens <= 10_000 for parent in made.chunks)
    assert squeezed("".join(parent.text for parent in made.chunks)) == squeezed("".join(pages))
    [warning] = made.warnings
    assert "10,000 tokens" in warning


async def test_parts_of_a_table_have_its_header_as_parents_and_as_children() -> None:
    made = await cut(TABLE, settings=replace(PARAGRAPH, max_tokens=80, parent_tokens=200))
    assert len(made.chunks) > 1
    for text in [*(parent.text for parent in made.chunks), *(c.text for p in made.chunks for c in p.children)]:
        assert text.startswith("| name | value |\n| --- | --- |\n| row")


async def test_a_limit_returns_the_first_parents_with_their_children() -> None:
    text = "\n\n".join(f"Paragraph {n} says a thing. And it says another thing about {n}." for n in range(20_000))
    calls = Calls()
    made = await cut(text, settings=PARAGRAPH, limit=3, count=calls)
    assert len(made.chunks) == 3
    assert all(parent.children for parent in made.chunks)
    assert not made.is_complete
    assert calls.chars < len(text) / 5


@pytest.mark.parametrize("of", [PARAGRAPH, ChunkSettings(max_tokens=30, overlap_tokens=0)])
async def test_a_chunk_knows_where_it_stands_on_its_page(of: ChunkSettings) -> None:
    lines = [f"Line {n} of the page ends here." for n in range(40)]
    text, boxes, start = "", [], 0
    for number, line in enumerate(lines):
        # Two columns of twenty lines.
        column, row = divmod(number, 20)
        area = Area(0.1 + 0.45 * column, 0.1 + 0.04 * row, 0.5 + 0.45 * column, 0.13 + 0.04 * row)
        boxes.append(Box(start, start + len(line), area))
        text += line + "\n"
        start = len(text)
    extraction = Extraction((Page(text, 3, tuple(boxes)),))
    made = await chunk(extraction, format_name="pdf", markup="plain", settings=of, count_tokens=count_words)
    assert len(made.chunks) > 2
    covered = 0
    for each in made.chunks:
        assert 1 <= len(each.areas) <= 2, "one rectangle a column"
        covered += each.text.count("Line")
        first = int(each.text.split()[1])
        assert each.areas[0].x0 == boxes[first].area.x0
        assert each.areas[0].y0 == boxes[first].area.y0
    assert covered == 40
