"""Which runs a request asks about, and how its time is cut: read from the address, refused with a reason."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NoReturn, get_args

from django.utils import timezone

from backend.analytics.sources import Choice
from backend.common.errors import Invalid
from backend.runs.filters import condition_of, time_of

Bucket = Literal["hour", "day", "week", "month"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
FILTER_NAMES = ("version", "model", "source", "key", "member", "end_user", "error_code")
DEFAULT_PERIOD = timedelta(days=7)
LONGEST = timedelta(days=5 * 366)
MAX_POINTS = 800
_NORMAL: Mapping[str, Callable[[str], object]] = {"version": int, "key": uuid.UUID, "member": uuid.UUID}
_AUTOMATIC: tuple[tuple[timedelta, Bucket], ...] = (
    (timedelta(days=3), "hour"),
    (timedelta(days=120), "day"),
    (timedelta(days=800), "week"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One bucket of time, cut off at the ends of the period; `at` is where it begins uncut."""

    at: datetime
    since: datetime
    until: datetime


def choice_of(workspace_id: uuid.UUID, parameters: Mapping[str, str]) -> Choice:
    """Return what the parameters ask for, of the last seven days unless they say otherwise; raises `Invalid`."""
    until = _moment("until", parameters) or timezone.now()
    since = _moment("since", parameters) or until - DEFAULT_PERIOD
    if since >= until:
        _invalid("since", f"the period must begin before it ends, not {since.isoformat()} … {until.isoformat()}")
    if until - since > LONGEST:
        _invalid("since", f"a period of {(until - since).days} days is too long: ask for {LONGEST.days} at most")
    values = {name: text for name in FILTER_NAMES if (text := _text(name, parameters))}
    app = _text("app", parameters)
    # The filters of the list of runs, by the same names, say what a value may be.
    condition_of({**values, "app": app})
    normal = {name: str(_NORMAL.get(name, str)(text)) for name, text in values.items()}
    return Choice(workspace_id, since, until, uuid.UUID(app) if app else None, normal)


def before(choice: Choice) -> Choice:
    """Return the same for the period before, as long as this one."""
    return replace(choice, since=choice.since - (choice.until - choice.since), until=choice.since)


def bucket_of(choice: Choice, parameters: Mapping[str, str]) -> Bucket:
    """Return how the period is to be cut; raises `Invalid` where that makes too many points."""
    wanted = _text("bucket", parameters)
    if not wanted:
        span = choice.until - choice.since
        return next((bucket for longest, bucket in _AUTOMATIC if span <= longest), "month")
    found = next((bucket for bucket in BUCKETS if bucket == wanted), None)
    if found is None:
        _invalid("bucket", f"{wanted[:100]!r} is none of {', '.join(BUCKETS)}")
    hours = {"hour": 1, "day": 24, "week": 168, "month": 720}[found]
    if (choice.until - choice.since) / timedelta(hours=hours) > MAX_POINTS:
        _invalid("bucket", f"so long a period has more than {MAX_POINTS} points by the {found}: choose longer steps")
    return found


def steps_of(choice: Choice, bucket: Bucket) -> Iterator[Step]:
    """Yield the buckets of the period, in order; days, weeks (from Monday) and months are those of UTC."""
    at = _start(choice.since, bucket)
    while at < choice.until:
        following = _next(at, bucket)
        yield Step(at, max(at, choice.since), min(following, choice.until))
        at = following


def _start(moment: datetime, bucket: Bucket) -> datetime:
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    match bucket:
        case "hour":
            return hour
        case "day":
            return hour.replace(hour=0)
        case "week":
            return hour.replace(hour=0) - timedelta(days=hour.weekday())
        case "month":
            return hour.replace(hour=0, day=1)


def _next(at: datetime, bucket: Bucket) -> datetime:
    if bucket == "month":
        return (at + timedelta(days=32)).replace(day=1)
    return at + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[bucket]


def _text(name: str, parameters: Mapping[str, str]) -> str:
    return parameters.get(name, "").strip()


def _invalid(name: str, message: str) -> NoReturn:
    raise Invalid(f"{name}: {message}", fields={name: [message]})


def _moment(name: str, parameters: Mapping[str, str]) -> datetime | None:
    text = _text(name, parameters)
    if not text:
        return None
    try:
        found = time_of(text)
    except ValueError as error:
        message = f"{text[:100]!r} {error}"
        raise Invalid(f"{name}: {message}", fields={name: [message]}) from error
    if not 1980 < found.year < 9000:
        _invalid(name, f"{text[:100]!r} is in a year in which nothing runs")
    return found.astimezone(UTC)
