"""Between events and rows: adjacent deltas become one row, and a reader gets what of a row it has not seen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agents.events import Event, TextDelta


@dataclass(frozen=True, slots=True)
class Row:
    """Events `first_seq … event.seq`, kept as one; `cuts` holds each delta's length in code points, in order."""

    first_seq: int
    event: Event
    cuts: tuple[int, ...] = ()


def _joins(row: Row, event: Event) -> bool:
    last, new = row.event.body, event.body
    return (
        isinstance(last, TextDelta)
        and isinstance(new, TextDelta)
        and (last.node_id, last.source) == (new.node_id, new.source)
        and event.seq == row.event.seq + 1
    )


def rows_fold(events: Iterable[Event]) -> list[Row]:
    """Return the rows that keep these events, in order."""
    rows: list[Row] = []
    for event in events:
        body = event.body
        if not isinstance(body, TextDelta):
            rows.append(Row(event.seq, event))
        elif rows and _joins(rows[-1], event):
            row = rows[-1]
            assert isinstance(row.event.body, TextDelta)
            joined = replace(event, body=replace(body, text=row.event.body.text + body.text))
            rows[-1] = Row(row.first_seq, joined, (*row.cuts, len(body.text)))
        else:
            rows.append(Row(event.seq, event, (len(body.text),)))
    return rows


def rows_unfold(rows: Iterable[Row], after: int) -> Iterator[Event]:
    """Yield what a reader who has seen everything up to `after` has not seen, to the character."""
    for row in rows:
        if row.event.seq <= after:
            continue
        body = row.event.body
        if isinstance(body, TextDelta) and after >= row.first_seq:
            seen = sum(row.cuts[: after - row.first_seq + 1])
            yield replace(row.event, body=replace(body, text=body.text[seen:]))
        else:
            yield row.event
