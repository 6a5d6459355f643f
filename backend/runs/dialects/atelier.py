"""Our own dialect: every event as it is, with its number, and a comment while nothing happens."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from agents.events import Event, encode
from backend.runs.sse import sse_frame
from backend.runs.stream import follow

COMMENT = ": still here\n\n"


def event_data(run_id: uuid.UUID, event: Event) -> dict[str, object]:
    """Return the JSON of one event."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    return {"run_id": str(run_id), "seq": event.seq, "at": at, **encode(event.body)}


async def frames(run_id: uuid.UUID, after: int = 0, *, is_new: bool = False) -> AsyncIterator[str]:
    """Yield the frames of a run from number `after` on, to its end."""
    async for event in follow(run_id, after, is_new=is_new):
        if event is None:
            yield COMMENT
        else:
            yield sse_frame(event_data(run_id, event), event=event.body.kind, event_id=event.seq)
