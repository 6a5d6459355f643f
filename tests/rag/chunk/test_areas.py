"""Rectangles cover the lines of a chunk, and nothing of another column."""

from hypothesis import given
from hypothesis import strategies as st

from rag.chunk.areas import MAX_AREAS, areas_of
from rag.types import Area, Box

unit = st.floats(0, 1)
areas = st.tuples(unit, unit, unit, unit).map(
    lambda v: Area(min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


@given(found=st.lists(areas, max_size=60), bounds=st.tuples(st.integers(0, 600), st.integers(0, 600)))
def test_every_box_of_the_slice_is_covered_by_few_areas(found: list[Area], bounds: tuple[int, int]) -> None:
    boxes = [Box(10 * n, 10 * n + 9, area) for n, area in enumerate(found)]
    start, end = sorted(bounds)
    made = areas_of(boxes, start, end)
    assert len(made) <= MAX_AREAS
    for box in boxes:
        if start < end and box.start < end and box.end > start:
            inside = box.area
            assert any(
                a.x0 <= inside.x0 and a.y0 <= inside.y0 and a.x1 >= inside.x1 and a.y1 >= inside.y1 for a in made
            )


def test_lines_of_a_column_are_one_area_and_a_far_line_is_its_own() -> None:
    lines = [Area(0.1, 0.1 + 0.03 * n, 0.5, 0.12 + 0.03 * n) for n in range(5)]
    far = Area(0.1, 0.8, 0.3, 0.82)
    beside = Area(0.6, 0.1, 0.9, 0.12)
    boxes = [Box(n * 10, n * 10 + 10, area) for n, area in enumerate([*lines, far, beside])]
    assert areas_of(boxes, 0, 70) == (Area(0.1, 0.1, 0.5, lines[-1].y1), far, beside)
    assert areas_of(boxes, 15, 20) == (lines[1],)
    assert areas_of(boxes, 5, 5) == ()
