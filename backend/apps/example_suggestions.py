"""Which answers could be examples in an app's prompt: those that people liked."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from backend.apps.draft import MAX_EXAMPLE_CHARS
from backend.apps.models import App
from backend.logs.models import Feedback, Rating
from backend.runs.models import RunStatus

MAX_SUGGESTIONS, LOOKED_AT = 10, 100


@dataclass(frozen=True, slots=True)
class ExampleSuggestion:
    """A question whose answer somebody liked; `likes` counts those who did, of this very run."""

    run_id: uuid.UUID
    user: str
    assistant: str
    likes: int
    liked_at: datetime


def example_suggestions(app: App) -> list[ExampleSuggestion]:
    """Return the liked answers of the app, newest verdict first, each question once.

    Left out is what somebody disliked as well, what is too long for an example, and what the draft has already.
    """
    verdicts = Feedback.objects.within(app.workspace_id).filter(run__app=app, run__status=RunStatus.SUCCEEDED)
    liked = verdicts.filter(rating=Rating.LIKE).exclude(run__feedbacks__rating=Rating.DISLIKE)
    rows = liked.order_by("-created_at", "-id").values_list(
        "run_id", "run__query", "run__outputs__answer", "created_at"
    )
    newest = list(rows[:LOOKED_AT])
    likes: dict[uuid.UUID, int] = {}
    for run_id, *_ in newest:
        likes[run_id] = likes.get(run_id, 0) + 1
    seen = set(_questions(app))
    found = []
    for run_id, query, answer, at in newest:
        if not isinstance(answer, str) or not answer.strip() or query.strip() in {"", *seen}:
            continue
        if max(len(query), len(answer)) > MAX_EXAMPLE_CHARS:
            continue
        seen.add(query.strip())
        found.append(ExampleSuggestion(run_id, query, answer, likes[run_id], at))
    return found[:MAX_SUGGESTIONS]


def _questions(app: App) -> Iterator[str]:
    """Yield the questions among the draft's examples, as far as what lies there is well formed."""
    examples = app.draft.get("examples")
    for example in examples if isinstance(examples, list) else []:
        if isinstance(example, dict):
            yield str(example.get("user", "")).strip()
