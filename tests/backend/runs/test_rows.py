"""Coalescing loses nothing, and a reader of any part of a row gets exactly the rest."""

from hypothesis import given
from hypothesis import strategies as st

from agents.events import Body, Event, RunCancelled, TextDelta, TextReset
from backend.runs.rows import rows_fold, rows_unfold

texts = st.text(alphabet="aé漢🎈\n", min_size=1, max_size=4)
bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(TextDelta, node_id=st.sampled_from(["a", "b"]), text=texts),
    st.builds(TextReset, node_id=st.sampled_from(["a", "b"]), text=texts),
    st.just(RunCancelled()),
)
gaps = st.sampled_from([1, 1, 1, 1_000_000])


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    seq, events = 0, []
    for body in draw(st.lists(bodies, max_size=30)):
        seq += draw(gaps)
        events.append(Event(seq, 0.0, body))
    return events


def shown(events: list[Event]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for event in events:
        if isinstance(event.body, TextDelta):
            texts[event.body.node_id] = texts.get(event.body.node_id, "") + event.body.text
        elif isinstance(event.body, TextReset):
            texts[event.body.node_id] = event.body.text
    return texts


@given(histories())
def test_folded_rows_show_the_same_text_and_end_at_the_same_number(events: list[Event]) -> None:
    rows = rows_fold(events)
    assert shown([row.event for row in rows]) == shown(events)
    assert [row.event.seq for row in rows][-1:] == [event.seq for event in events][-1:]


@given(histories(), st.integers(0, 40))
def test_a_reader_who_has_seen_a_part_gets_exactly_the_rest(events: list[Event], seen: int) -> None:
    head, tail = events[:seen], events[seen:]
    after = head[-1].seq if head else 0
    rest = list(rows_unfold(rows_fold(events), after))
    assert shown(head + rest) == shown(events)
    assert sum(len(e.body.text) for e in rest if isinstance(e.body, TextDelta)) == sum(
        len(e.body.text) for e in tail if isinstance(e.body, TextDelta)
    )


def test_deltas_of_two_nodes_stay_apart() -> None:
    events = [Event(i, 0.0, TextDelta("ab"[i % 2], "x")) for i in range(1, 5)]
    assert len(rows_fold(events)) == 4
