"""Two rankings become one."""

import pytest

from rag.retrieve.fuse import automatic_weight, fuse
from rag.retrieve.legibility import legibility, legibility_of
from rag.retrieve.settings import RetrievalSettings
from rag.types import Hit


def leg(*scores: float, first: int = 0) -> list[Hit]:
    return [Hit(f"c{first + n}", "d", "s", "", None, first + n, score) for n, score in enumerate(scores)]


KNOWS = leg(0.9, 0.5, *(0.30 - n / 1000 for n in range(48)))
FLAT = leg(*(0.5 - n / 1000 for n in range(50)), first=100)
UNSURE = leg(*(0.5 - n / 300 for n in range(50)), first=100)


def test_the_leg_that_stands_out_decides() -> None:
    for semantic, full_text, best in ((KNOWS, FLAT, "c0"), (FLAT, KNOWS, "c0")):
        fused = fuse(semantic, full_text, RetrievalSettings(), legibility=None)
        assert fused.hits[0].chunk_id == best
    assert automatic_weight(KNOWS, FLAT, candidates=50, legibility=None) > 0.6
    assert automatic_weight(FLAT, KNOWS, candidates=50, legibility=None) < 0.4


def test_a_model_that_cannot_read_the_query_says_nothing() -> None:
    fused = fuse(KNOWS, UNSURE, RetrievalSettings(), legibility=0.0)
    assert fused.semantic_weight == 0.0
    assert [hit.chunk_id for hit in fused.hits] == [hit.chunk_id for hit in UNSURE]
    only = fuse(KNOWS, [], RetrievalSettings(), legibility=0.0)
    assert [hit.chunk_id for hit in only.hits] == [hit.chunk_id for hit in KNOWS], "better than nothing"


def test_few_hits_are_joined_half_and_half() -> None:
    assert automatic_weight(leg(0.9, 0.1), leg(0.5), candidates=50, legibility=None) == 0.5


def test_ranks_alone_are_counted_when_asked_for() -> None:
    fused = fuse(leg(0.9, 0.8), leg(0.2, 0.1, first=1), RetrievalSettings(fusion="rrf"), legibility=0.0)
    assert [hit.chunk_id for hit in fused.hits] == ["c1", "c0", "c2"]


def test_weights_count_when_asked_for() -> None:
    for weight, best in ((1.0, "c0"), (0.0, "c100")):
        fused = fuse(KNOWS, UNSURE, RetrievalSettings(fusion="weighted", semantic_weight=weight), legibility=None)
        assert fused.hits[0].chunk_id == best


@pytest.mark.parametrize("fusion", ["auto", "rrf", "weighted"])
def test_scores_stay_between_0_and_1_and_fall(fusion: str) -> None:
    settings = RetrievalSettings(fusion=fusion)  # type: ignore[arg-type]  # a Literal, given as a parameter
    for semantic, full_text in ((KNOWS, FLAT), (KNOWS, KNOWS), ([], FLAT), (KNOWS, []), ([], [])):
        scores = [hit.score for hit in fuse(semantic, full_text, settings, legibility=0.5).hits]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


class LatinSigns:
    """A tokenizer with the Latin letters and a few Chinese signs; it leaves out what is no sign at all."""

    async def tokens(self, text: str) -> list[int]:
        signs = (sign for sign in text if not "\ue000" <= sign <= "\uf8ff")
        return [ord(sign) if sign.isascii() or sign in "大学" else 0 for sign in signs]


class AllSigns:
    """A tokenizer that has every sign that somebody writes today."""

    async def tokens(self, text: str) -> list[int]:
        return [ord(sign) if sign < "\U00010000" else 0 for sign in text]


async def test_what_a_tokenizer_does_not_know_is_found_by_signs_that_none_knows() -> None:
    assert await legibility_of("哪所大学最大", "latin", LatinSigns()) == 0.0
    assert await legibility_of("哪所大学最大", "all", AllSigns()) == 1.0


def test_legibility_is_read_from_the_tokens() -> None:
    assert legibility("What is the warranty?", list(range(8)), {100}) == 1.0
    assert legibility("сколько длится гарантия", list(range(22)), {100}) == 0.0
    assert legibility("保修期多长", [101, 100, 100, 5, 100, 6, 102], {100}) == 0.0
    assert legibility("保修期多长", [1, 2, 3, 4, 5], {100}) == 1.0
    assert legibility("12345", [1], {100}) == 1.0
    assert legibility("anything", [], set()) == 1.0
