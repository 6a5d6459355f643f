"""The filters of the list of runs: what a request may ask for, read into one condition."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.apps import apps
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from backend.common.errors import Invalid
from backend.runs.models import MEASURES, RunSource, RunStatus
from backend.runs.search import node_condition, words_condition

MAX_TEXT = 1000
MAX_NUMBER = Decimal(10) ** 15
RATINGS = ("like", "dislike", "any")


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its name in the address, what it means, and the condition that a value of it makes."""

    name: str
    help: str
    condition: Callable[[str], Q]


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise ValueError("is not an id") from error


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("is not a number") from error
    if not number.is_finite() or not 0 <= number <= MAX_NUMBER:
        raise ValueError(f"is not between 0 and {MAX_NUMBER:.0f}")
    return number


def _version(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise ValueError("is not the number of a version; 0 means the draft")
    return int(text)


def time_of(text: str) -> datetime:
    """Return the moment that a text says, or the start of its day; raises `ValueError`."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
        day = parse_date(text)
    except ValueError as error:
        raise ValueError("is not a moment of any calendar") from error
    if moment is None and day is not None:
        moment = datetime(day.year, day.month, day.day)
    if moment is None:
        raise ValueError("is not a moment as in 2026-11-21T09:30:00Z")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _choice(column: str, values: tuple[str, ...]) -> Callable[[str], Q]:
    def condition(text: str) -> Q:
        if text not in values:
            raise ValueError(f"is none of {', '.join(values)}")
        return Q(**{column: text})

    return condition


def _of_version(text: str) -> Q:
    number = _version(text)
    return Q(app_version=number) if number else Q(app_version=None)


def _rated(text: str) -> Q:
    """Return the condition that somebody gave the run this verdict. Verdicts are kept above, in the logs."""
    if text not in RATINGS:
        raise ValueError(f"is none of {', '.join(RATINGS)}")
    verdicts = apps.get_model("logs", "Feedback").unscoped.order_by()
    given = verdicts if text == "any" else verdicts.filter(rating=text)
    return Q(id__in=given.values("run_id"))


def _measures() -> Iterator[Filter]:
    meanings = {"cost": "USD", "elapsed_ms": "milliseconds to the end", "ttft_ms": "milliseconds to the first text"}
    for name in MEASURES:
        unit = meanings.get(name, "prompt and answer")
        for bound, comparison in (("min", "gte"), ("max", "lte")):
            yield Filter(
                f"{name}_{bound}",
                f"runs that have ended, {name} ({unit}) at {'least' if bound == 'min' else 'most'}",
                lambda text, lookup=f"{name}__{comparison}": Q(**{lookup: _number(text)}, finished_at__isnull=False),
            )


FILTERS: Mapping[str, Filter] = {
    item.name: item
    for item in (
        Filter("app", "id of an app", lambda text: Q(app_id=_id(text))),
        Filter("version", "number of a version, 0 for the draft", _of_version),
        Filter("status", "state", _choice("status", tuple(RunStatus.values))),
        Filter("source", "the door through which it came", _choice("source", tuple(RunSource.values))),
        Filter("model", "id of the model that answered", lambda text: Q(model=text)),
        Filter("member", "id of the member who asked", lambda text: Q(user_id=_id(text))),
        Filter("end_user", "the end user as the caller named them", lambda text: Q(end_user=text, end_user__gt="")),
        Filter("key", "id of the key that was used", lambda text: Q(key_id=_id(text))),
        Filter("conversation", "id of a conversation", lambda text: Q(conversation_id=_id(text))),
        Filter("since", "started at or after this moment", lambda text: Q(created_at__gte=time_of(text))),
        Filter("until", "started before this moment", lambda text: Q(created_at__lt=time_of(text))),
        Filter("search", "words in what went in or came out of runs that have ended", words_condition),
        Filter("feedback", "like, dislike or any", _rated),
        Filter("error_code", "code of the failure", lambda text: Q(error_code=text, error_code__gt="")),
        Filter("node", "kind of a node that ended in the run, as in llm or http-request", node_condition),
        *_measures(),
    )
}


def condition_of(parameters: Mapping[str, str]) -> Q:
    """Return the condition that the given parameters make together; raises `Invalid` for what cannot match."""
    condition = Q()
    for item in FILTERS.values():
        text = parameters.get(item.name, "").strip()
        if not text:
            continue
        try:
            if len(text) > MAX_TEXT or "\0" in text:
                raise ValueError(f"is longer than {MAX_TEXT} characters, or no text")
            condition &= item.condition(text)
        except ValueError as error:
            message = f"{item.name}: {text[:100]!r} {error}"
            raise Invalid(message, fields={item.name: [message]}) from error
    return condition
