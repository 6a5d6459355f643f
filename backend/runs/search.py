"""The search for words in the inputs and outputs of runs that have ended.

PostgreSQL takes every beginning of a word for one that 2 % of the runs have. It would read all runs, newest first, for
a word that none has, and gather them all for one that each has; so we look at the newest first, and say which way.
"""

import uuid

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from backend.runs.models import Run

MAX_WORDS = 20
NEWEST = 2000
FREQUENT = 50
"""Words that so many of the `NEWEST` runs have fill a page soon when runs are read newest first."""


def are_frequent(workspace_id: uuid.UUID, text: str) -> bool:
    """Whether enough of the newest runs have all these words; takes some 15 ms."""
    newest = Run.objects.within(workspace_id).order_by("-created_at", "-id").values("id")[:NEWEST]
    with_words = Run.unscoped.filter(words_condition(text, by_index=False), id__in=newest).order_by()
    return with_words[:FREQUENT].count() == FREQUENT


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
