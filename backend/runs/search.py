"""The search for words in the inputs and outputs of runs that have ended."""

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

MAX_WORDS = 20


def words_condition(text: str) -> Q:
    """Return the condition that a run has all words of `text`, each as the beginning of one of its words.

    What stands in double quotes is a phrase. Written as in `runs_words` of migration 0007.
    """
    condition = Q()
    for number, part in enumerate(text.replace("\0", "").split('"')):
        pieces = [part.strip()] if number % 2 else part.split()
        for piece in pieces[:MAX_WORDS]:
            if any(sign.isalnum() for sign in piece):
                condition &= Q(_has(piece))
    return condition


def _has(piece: str) -> RawSQL:
    """Return the condition that a piece of text stands in a run, its last word as the beginning of one."""
    quoted = "'" + piece.replace("\\", "\\\\").replace("'", "''") + "':*"
    return RawSQL("(runs_run.words @@ to_tsquery('simple', runs_spaced(%s)))", [quoted], output_field=BooleanField())
