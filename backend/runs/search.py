"""Conditions that many runs meet or next to none: words in what went in and came out, a kind of node that ended.

PostgreSQL guesses wrong how many do: it takes every beginning of a word for one that 2 % of the runs have. It would
read all runs, newest first, for what none has, and gather them all for what each has; so we look at the newest first,
and say which way.
"""

import uuid
from collections.abc import Mapping
from typing import Protocol

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from backend.runs.models import NODE_ENDS, NODE_KIND, Run, RunEvent

MAX_WORDS = 20
NEWEST = 2000
FREQUENT = 50
"""What so many of the `NEWEST` runs have fills a page soon when runs are read newest first."""


class Probed(Protocol):
    """Makes the condition of a text that many runs may meet; without `by_index` it is one to ask each run."""

    def __call__(self, text: str, *, by_index: bool = True) -> Q: ...


def is_frequent(workspace_id: uuid.UUID, condition: Q) -> bool:
    """Whether enough of the newest runs meet a condition that was made without index; takes some 15 ms."""
    newest = Run.objects.within(workspace_id).order_by("-created_at", "-id").values("id")[:NEWEST]
    meeting = Run.unscoped.filter(condition, id__in=newest).order_by()
    return meeting[:FREQUENT].count() == FREQUENT


def node_condition(text: str, *, by_index: bool = True) -> Q:
    """Return the condition that a node of this kind has ended in the run, well or not."""
    if by_index:
        ended = RunEvent.objects.alias(node=NODE_KIND).filter(kind__in=NODE_ENDS, node=text)
        return Q(id__in=ended.order_by().values("run"))
    # A count is asked of each run; what merely exists PostgreSQL would gather first.
    sql = (
        "((SELECT count(*) FROM runs_runevent e WHERE e.run_id = runs_run.id"
        " AND e.kind IN ('node_finished', 'node_failed') AND e.data->>'node_kind' = %s) > 0)"
    )
    return Q(RawSQL(sql, [text], output_field=BooleanField()))  # noqa: S611 -- the text is a parameter


def words_condition(text: str, *, by_index: bool = True) -> Q:
    """Return the condition that a run has all words of `text`, each as the beginning of one of its words.

    What stands in double quotes is a phrase. Written as in `runs_words` of migration 0007. Without `by_index` the index
    of words is left alone.
    """
    condition = Q()
    for number, part in enumerate(text.replace("\0", "").split('"')):
        pieces = [part.strip()] if number % 2 else part.split()
        for piece in pieces[:MAX_WORDS]:
            if any(sign.isalnum() for sign in piece):
                condition &= Q(_has(piece, by_index))
    return condition


def _has(piece: str, by_index: bool) -> RawSQL:
    """Return the condition that a piece of text stands in a run, its last word as the beginning of one."""
    quoted = "'" + piece.replace("\\", "\\\\").replace("'", "''") + "':*"
    matches = "(runs_run.words @@ to_tsquery('simple', runs_spaced(%s)))"
    # What an index answers is the bare condition alone.
    sql = matches if by_index else f"({matches} IS TRUE)"
    return RawSQL(sql, [quoted], output_field=BooleanField())  # noqa: S611 -- the text is a parameter


PROBED: Mapping[str, Probed] = {"search": words_condition, "node": node_condition}
"""The filters whose values many runs may meet, or next to none."""
