"""Requests for the platform's own tools, made at will: sums, times of day, and searches of the knowledge base."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from inference.starter.formats import passages_text
from inference.starter.grounded import cited
from inference.starter.sources import Request, Source
from inference.types import ToolSpec

# Names, descriptions and parameters are those of the platform; a test compares them.
CALCULATOR = ToolSpec(
    "calculator",
    "Evaluate an arithmetic expression, for example 23 * 19 or sqrt(2) / 3",
    {
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "the expression to evaluate"}},
        "required": ["expression"],
        "additionalProperties": False,
    },
)
CURRENT_TIME = ToolSpec(
    "current_time",
    "Get the current date, time and weekday in a time zone",
    {
        "type": "object",
        "properties": {
            "timezone": {"type": "string", "description": "the IANA name of the time zone, like Asia/Shanghai"},
            "format": {"type": "string", "description": "of strftime; date, time, weekday and zone when left out"},
        },
        "additionalProperties": False,
    },
)
KNOWLEDGE_SEARCH = ToolSpec(
    "knowledge_search",
    "Search the knowledge base for passages about a question; cite them by number, like [1]",
    {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "what to look for"}},
        "required": ["query"],
        "additionalProperties": False,
    },
)

ZONES = {
    "Shanghai": "Asia/Shanghai",
    "Beijing": "Asia/Shanghai",
    "Paris": "Europe/Paris",
    "New York": "America/New_York",
    "Tokyo": "Asia/Tokyo",
    "Moscow": "Europe/Moscow",
    "London": "Europe/London",
    "Sydney": "Australia/Sydney",
    "Cairo": "Africa/Cairo",
    "São Paulo": "America/Sao_Paulo",
    "Delhi": "Asia/Kolkata",
    "Los Angeles": "America/Los_Angeles",
    "Berlin": "Europe/Berlin",
    "Lagos": "Africa/Lagos",
    "Toronto": "America/Toronto",
    "Singapore": "Asia/Singapore",
    "Istanbul": "Europe/Istanbul",
    "Seoul": "Asia/Seoul",
    "Madrid": "Europe/Madrid",
    "Mexico City": "America/Mexico_City",
    "Nairobi": "Africa/Nairobi",
    "Auckland": "Pacific/Auckland",
}
_SIGNS = {"+": ("plus", "added to"), "-": ("minus", "less"), "*": ("times", "multiplied by"), "/": ("divided by",)}
_SUM_ASKS = (
    "What is {said}?",
    "Calculate {said}.",
    "How much is {said}?",
    "compute {said}",
    "Please work out {said} for me.",
    "I need the result of {said}.",
    "Could you tell me what {said} comes to?",
    "{said} = ?",
)
_Numbers = Mapping[str, int]
# What is asked in words, the expression, its value, and what is told.
_WORDED: tuple[tuple[str, str, Callable[[_Numbers], float], str], ...] = (
    (
        "A ticket costs {a} dollars. What do {b} tickets cost?",
        "{a} * {b}",
        lambda n: n["a"] * n["b"],
        "{b} tickets cost {r} dollars.",
    ),
    (
        "We share {p} apples among {b} people. How many does each get?",
        "{p} / {b}",
        lambda n: n["p"] / n["b"],
        "Each person gets {r} apples.",
    ),
    ("I had {s} euros and spent {a}. What is left?", "{s} - {a}", lambda n: n["s"] - n["a"], "{r} euros are left."),
    ("What is {c} percent of {a}?", "{a} * {c} / 100", lambda n: n["a"] * n["c"] / 100, "{c} percent of {a} is {r}."),
    (
        "A room is {b} m long and {c} m wide. What is its area?",
        "{b} * {c}",
        lambda n: n["b"] * n["c"],
        "Its area is {r} square metres.",
    ),
    (
        "How many minutes are there in {b} hours?",
        "{b} * 60",
        lambda n: n["b"] * 60,
        "There are {r} minutes in {b} hours.",
    ),
    ("What is the square root of {q}?", "sqrt({q})", lambda n: n["c"], "The square root of {q} is {r}."),
    ("What is {b} to the power of {e}?", "{b} ^ {e}", lambda n: n["b"] ** n["e"], "{b} to the power of {e} is {r}."),
    ("Add {a}, {b} and {c}.", "{a} + {b} + {c}", lambda n: n["a"] + n["b"] + n["c"], "The sum is {r}."),
    (
        "What is the average of {a} and {b}?",
        "({a} + {b}) / 2",
        lambda n: (n["a"] + n["b"]) / 2,
        "The average is {r}.",
    ),
)
_TIME_ASKS = (
    "What time is it in {place}?",
    "What day is it in {place}?",
    "Tell me the current time in {place}.",
    "What is today's date in {place}?",
    "Which weekday is it in {place} right now?",
    "Is it already tomorrow in {place}?",
    "how late is it in {place}",
)
_SEARCH_ASKS = ("{q}", "{q}", "{q}", "Look in our documents: {q}", "Search the knowledge base. {q}")


def sum_request(random: Random) -> Request:
    """Return a request for the calculator."""
    a, b = random.randint(2, 9999), random.randint(2, 999)
    if random.random() < 0.4:
        c, e = random.randint(2, 90), random.randint(2, 5)
        values = {"a": a, "b": b % 60 + 2, "c": c, "e": e, "p": (b % 60 + 2) * c, "q": c * c, "s": a + b}
        ask, expression, value, answer = random.choice(_WORDED)
        result = _written(value(values))
        told = answer.format(**values, r=result)
        return Request(ask.format(**values), {"expression": expression.format(**values)}, result, told)
    sign = random.choice(list(_SIGNS))
    expression = f"{a} {sign} {b}"
    said = random.choice((expression, expression.replace(" ", ""), f"{a} {random.choice(_SIGNS[sign])} {b}"))
    result = _written({"+": a + b, "-": a - b, "*": a * b, "/": a / b}[sign])
    answer = random.choice((f"{expression} = {result}.", f"The result is {result}.", f"It is {result}."))
    return Request(random.choice(_SUM_ASKS).format(said=said), {"expression": expression}, result, answer)


def time_request(random: Random) -> Request:
    """Return a request for the current time."""
    place = random.choice(list(ZONES))
    zone = ZoneInfo(ZONES[place])
    now = (datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(6 * 365 * 24 * 60))).astimezone(zone)
    result = f"{now:%Y-%m-%d %H:%M:%S}, {now:%A}, {zone.key} (UTC{now:%z})"
    ask = random.choice(_TIME_ASKS)
    answer = f"It is {now:%A}, {now:%Y-%m-%d}, {now:%H:%M} in {place}."
    return Request(ask.format(place=place), {"timezone": zone.key}, result, answer)


def search_request(random: Random, sources: Sequence[Source]) -> Request:
    """Return a request for the knowledge base, with the passages that it gives."""
    source = random.choice(sources)
    question = random.choice(source.questions)
    others = [other for other in random.sample(sources, min(3, len(sources))) if other is not source]
    found = [source, *others[: random.randint(0, 2)]]
    random.shuffle(found)
    ask = random.choice(_SEARCH_ASKS).format(q=question.text)
    answer = cited(question.answer, found.index(source) + 1)
    return Request(ask, {"query": question.text}, passages_text([one.text for one in found]), answer)


def _written(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else format(value, ".15g")
