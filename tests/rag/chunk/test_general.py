"""Chunks lose nothing, cross nothing and keep their budget."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.chunk import Chunked, ChunkSettings, chunk
from rag.chunk.general import Cutter
from rag.chunk.parts import Part
from rag.chunk.sheets import cut_sheets
from rag.errors import EmbeddingMismatchError, InvalidSettingsError
from rag.extract.format import Markup
from rag.ports import CountTokens
from rag.types import Extraction, Page
from tests.rag.chunk.counters import COUNTERS, Calls, count_words

TABLE = "| name | value |\n| --- | --- |\n" + "".join(f"| row {n} | {n * 7} |\n" for n in range(40))

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
                "\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n",
                "|",
            ]
        ),
    ),
    max_size=12,
).map("".join)

markups = st.sampled_from(["plain", "markdown", "code", "table"])
budgets = st.integers(16, 120).flatmap(
    lambda most: st.builds(
        ChunkSettings,
        max_tokens=st.just(most),
        overlap_tokens=st.integers(0, most // 2),
        clean_whitespace=st.just(False),
    )
)


def squeezed(text: str) -> str:
    return "".join(text.split())


async def cut(
    *texts: str, settings: ChunkSettings, count: CountTokens = count_words, markup: Markup = "plain", name: str = "text"
) -> Chunked:
    pages = tuple(Page(text, number) for number, text in enumerate(texts, start=1))
    return await chunk(Extraction(pages), format_name=name, markup=markup, settings=settings, count_tokens=count)


@given(pages=st.lists(prose, min_size=1, max_size=3), budget=budgets, counter=st.sampled_from(COUNTERS), markup=markups)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_no_text_is_lost_no_page_is_crossed_and_every_budget_is_kept(
    pages: list[str], budget: ChunkSettings, counter: CountTokens, markup: Markup
) -> None:
    made = await cut(*pages, settings=budget, count=counter, markup=markup)
    assert made.is_complete
    assert [chunk.position for chunk in made.chunks] == list(range(len(made.chunks)))
    for each in made.chunks:
        assert each.page is not None
        assert each.text.strip() != ""
        assert [each.tokens] == await counter([each.text])
        assert each.tokens <= budget.max_tokens or len(each.text) == 1
    cutter = Cutter(markup, "text", budget.max_tokens, budget.overlap_tokens, counter)
    for number, text in enumerate(pages, start=1):
        sheet = cutter.sheet(Part(Page(text, number)))
        await cut_sheets(
            [sheet], max_tokens=budget.max_tokens, overlap_tokens=budget.overlap_tokens, count_tokens=counter
        )
        assert [span.text_of(text) for span in sheet.spans] == [
            each.text for each in made.chunks if each.page == number
        ]
        covered = 0
        for span in sheet.spans:
            assert not text[covered : span.start].strip(), "text between two chunks is lost"
            assert span.end > covered, "a chunk that adds nothing"
            covered = span.end
        assert not text[covered:].strip()


@given(pages=st.lists(prose, min_size=1, max_size=2), budget=budgets, markup=markups)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_the_same_text_gives_the_same_chunks_and_a_limit_its_first_ones(
    pages: list[str], budget: ChunkSettings, markup: Markup
) -> None:
    extraction = Extraction(tuple(map(Page, pages)))
    whole, again, first = [
        await chunk(
            extraction, format_name="text", markup=markup, settings=budget, count_tokens=count_words, limit=limit
        )
        for limit in (None, None, 2)
    ]
    assert whole == again
    assert first.is_complete == (len(whole.chunks) <= 2)
    assert first.chunks == whole.chunks[:2]


async def test_neighbours_share_about_the_overlap_and_at_most_a_little_more() -> None:
    text = " ".join(f"Sentence number {n} says something new about matter {n * n}." for n in range(300))
    budget = ChunkSettings(max_tokens=120, overlap_tokens=40)
    made = await cut(text, settings=budget)
    starts = [text.index(each.text) for each in made.chunks]
    shared = [
        text[after : before + len(made.chunks[index].text)] for index, (before, after) in enumerate(pairwise(starts))
    ]
    counts = await count_words([each for each in shared if each])
    assert len(counts) == len(made.chunks) - 1
    assert max(counts) <= 40 * 1.2
    assert min(counts) >= 15, "whole sentences that fit"


async def test_half_a_sentence_is_shared_only_in_the_middle_of_one() -> None:
    long = "It goes on and on, " * 14 + "until it ends."
    made = await cut("\n\n".join([long] * 4), settings=ChunkSettings(max_tokens=100, overlap_tokens=30))
    assert [each.text for each in made.chunks] == [long] * 4
    endless = await cut("on and on " * 400, settings=ChunkSettings(max_tokens=100, overlap_tokens=50))
    assert sum(len(each.text) for each in endless.chunks) > 1.2 * 4_000


async def test_without_overlap_chunks_are_the_text_once() -> None:
    text = " ".join(f"Sentence number {n} says something." for n in range(300))
    made = await cut(text, settings=ChunkSettings(max_tokens=64, overlap_tokens=0))
    assert squeezed("".join(each.text for each in made.chunks)) == squeezed(text)


async def test_a_chunk_ends_where_the_text_does() -> None:
    section = "Some words about the matter at hand. " * 6
    text = f"# One\n\n{section}\n\n# Two\n\n{section}\n\n# Three\n\n{section}"
    made = await cut(text, settings=ChunkSettings(max_tokens=120, overlap_tokens=20), markup="markdown")
    assert [each.text.split("\n")[0] for each in made.chunks] == ["# One", "# Two", "# Three"]


async def test_a_heading_goes_with_its_section_and_its_subheading() -> None:
    section = "Some words about the matter at hand. " * 7
    text = f"# One\n\n## First\n\n{section}\n\n## Second\n\n{section}\n\n# Two\n\n## Third\n\n{section}"
    made = await cut(text, settings=ChunkSettings(max_tokens=100, overlap_tokens=20), markup="markdown")
    assert [each.text.split("\n")[0] for each in made.chunks] == ["# One", "## Second", "# Two"]


async def test_what_is_no_markdown_has_no_headings_and_a_fence_neither() -> None:
    code = "\n".join(f"# comment {n}\nvalue_{n} = {n}" for n in range(8))
    text = f"Before it.\n\n```python\n{code}\n```\n\nAfter it."
    made = await cut(text, settings=ChunkSettings(max_tokens=75, overlap_tokens=0), markup="markdown")
    assert made.chunks[0].text.startswith("Before it.")
    assert len(made.chunks) == 2
    assert "value_5" in made.chunks[0].text, "a comment in a fence is no reason to end early"


@pytest.mark.parametrize(
    ("sentence", "stop"),
    [
        ("Dr. Smith of the U. S. Army paid approx. 3.5 dollars for it", "."),
        ("Это сказал А. С. Пушкин в письме из 5 тыс. слов, т. е. не коротко", "."),
        ("这是一个完整的句子，它有几个部分", "。"),
        ("Who knows what it is", "?"),
    ],
)
async def test_chunks_end_with_sentences_in_every_language(sentence: str, stop: str) -> None:
    space = "" if stop == "。" else " "
    text = space.join(f"{sentence}{stop}" for _ in range(30))
    made = await cut(text, settings=ChunkSettings(max_tokens=80, overlap_tokens=20))
    assert len(made.chunks) > 3
    for each in made.chunks:
        assert each.text.startswith(sentence[:8])
        assert each.text.endswith(stop)


async def test_rows_stay_whole_and_every_part_of_a_table_has_its_header() -> None:
    text = f"What the table says.\n\n{TABLE}\nWhat comes after."
    made = await cut(text, settings=ChunkSettings(max_tokens=100, overlap_tokens=30), markup="markdown")
    rows: list[str] = []
    for each in made.chunks:
        lines = [line for line in each.text.split("\n") if line.startswith("|")]
        assert lines[:2] == ["| name | value |", "| --- | --- |"]
        assert set(lines[2:]) <= set(TABLE.splitlines()), "a row that was cut"
        rows += lines[2:]
        assert each.tokens <= 100
    assert rows == TABLE.splitlines()[2:], "each row once, in order"


async def test_a_row_too_long_for_its_header_goes_without_and_one_too_long_for_a_chunk_is_cut() -> None:
    text = "| name | text |\n| --- | --- |\n| a | " + "word " * 45 + "|\n| b | " + "other " * 200 + "|\n"
    made = await cut(text, settings=ChunkSettings(max_tokens=60, overlap_tokens=0), markup="table")
    assert all(each.tokens <= 60 for each in made.chunks)
    assert sum(each.text.count("other") for each in made.chunks) == 200
    assert sum(each.text.count("word") for each in made.chunks) == 45


async def test_a_long_table_keeps_its_header_beyond_what_is_read_at_once() -> None:
    rows = "".join(f"| row {n} | some value of it: {n * 7} |\n" for n in range(6_000))
    text = f"| name | value |\n| --- | --- |\n{rows}"
    assert len(text) > 3 * 65_536
    made = await cut(text, settings=ChunkSettings(max_tokens=200, overlap_tokens=0), markup="table")
    assert all(each.text.startswith("| name | value |\n| --- | --- |\n| row") for each in made.chunks)
    assert sum(len(each.text.split("\n")) - 2 for each in made.chunks) == 6_000


async def test_code_ends_before_definitions_and_keeps_its_indentation() -> None:
    body = "".join(f"    value_{n} = compute({n})\n" for n in range(8))
    text = "import os\n\n\n" + "".join(
        f"# About {name}.\n@cached\ndef {name}():\n{body}\n    return value_1\n\n" for name in ("one", "two", "three")
    )
    settings = ChunkSettings(max_tokens=90, overlap_tokens=0)
    made = await cut(text, settings=settings, markup="code", name="python")
    assert [each.text.split("\n")[0] for each in made.chunks] == ["import os", "# About two.", "# About three."]
    small = await cut(
        f"class A:\n{body * 3}", settings=ChunkSettings(max_tokens=40, overlap_tokens=0), markup="code", name="python"
    )
    assert small.chunks[1].text.startswith("    value_")


async def test_definitions_are_ends_where_no_blank_line_says_so() -> None:
    text = "".join(f"func f{n}() int {{\n\tx := {n}\n\treturn x * {n}\n}}\n" for n in range(20))
    settings = ChunkSettings(max_tokens=60, overlap_tokens=10)
    known = await cut(text, settings=settings, markup="code", name="go")
    assert all(each.text.startswith("func") and each.text.endswith("}") for each in known.chunks)
    unknown = await cut(text, settings=settings, markup="code", name="a language nobody knows")
    assert squeezed(text).startswith(squeezed(unknown.chunks[0].text))


async def test_an_own_separator_cuts_and_stands_in_no_chunk() -> None:
    text = "First part.\n***\nSecond part, " + "very long " * 60 + "\n***\n\n***\nThird."
    settings = ChunkSettings(max_tokens=60, overlap_tokens=0, separator="\\n***\\n")
    made = await cut(text, settings=settings)
    assert made.chunks[0].text == "First part."
    assert made.chunks[-1].text == "Third."
    assert len(made.chunks) > 4
    assert not any("***" in each.text for each in made.chunks)


async def test_a_thousand_pages_cost_a_handful_of_calls() -> None:
    page = " ".join(f"This is sentence {n} of a page, with {'some ' * (n % 5)}words." for n in range(50))
    assert 2_000 < len(page) < 4_000
    calls = Calls()
    made = await cut(*[page] * 1_000, settings=ChunkSettings(), count=calls)
    assert len(made.chunks) > 2_000
    assert len(calls.sizes) <= 20
    assert max(calls.sizes) <= 512


async def test_a_short_document_costs_one_call() -> None:
    calls = Calls()
    await cut("Some words. And some more.\n\nAnd an end.", settings=ChunkSettings(), count=calls)
    assert calls.sizes == [1]


async def test_a_limit_leaves_the_rest_of_a_long_document_alone() -> None:
    calls = Calls()
    text = "Some words about it, and then some. " * 50_000
    made = await chunk(
        Extraction((Page(text),)),
        format_name="text",
        markup="plain",
        settings=ChunkSettings(),
        count_tokens=calls,
        limit=5,
    )
    assert len(made.chunks) == 5
    assert not made.is_complete
    assert calls.chars < len(text) / 5


async def test_a_counter_that_answers_too_little_is_an_error() -> None:
    async def counter(texts: Sequence[str]) -> list[int]:
        return [1] * (len(texts) - 1)

    with pytest.raises(EmbeddingMismatchError, match="counts came back"):
        await cut("Word. " * 200, settings=ChunkSettings(), count=counter)


@pytest.mark.parametrize(
    "wrong",
    [
        {"overlap_tokens": 0, "max_tokens": 15},
        {"max_tokens": 100, "overlap_tokens": 51},
        {"overlap_tokens": -1},
        {"mode": "parent_child", "parent_tokens": 100},
        {"mode": "parent_child", "parent_tokens": 10_001},
        {"mode": "tree"},
        {"parent_mode": "page"},
        {"separator": "-" * 101},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingsError, match=str(next(iter(reversed(wrong))))):
        ChunkSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose
