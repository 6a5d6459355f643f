"""Takes out of values what a workspace does not want to keep: patterns, and what stands where they were found.

Knows no database. A rule of one's own that takes too long on a text costs the whole text, never the run.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import regex

from agents.types import JsonValue

RULE_TIMEOUT_S = 0.25
CONCURRENT_CHARS = 1000
"""From this length on other threads may go on while a pattern is looked for."""
MARK_BEGIN = "[redacted:"
MARK = MARK_BEGIN + "{}]"
TOO_SLOW = MARK.format("rule-too-slow")
# A number this long is looked at as a text: cards and phones also come as numbers.
LONG_NUMBER = 10**9
IDS = frozenset({"id", "node_id", "dataset_id", "document_id", "chunk_id", "upload_file_id", "related_id", "mime_type"})
"""Names of fields that hold our own ids: a rule that matches digits must not cut what leads to other things."""
CONTENT = frozenset(
    (
        *("inputs", "text", "sources", "arguments", "thought", "output", "error", "files", "told", "messages"),
        *("parameters", "outputs", "failure", "message", "values", "value", "form"),
    )
)
"""Fields of events that hold what people, models and tools said; the others say where in a run it happened."""
Accept = Callable[[str], bool]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for; `accept` decides about what the pattern found."""

    name: str
    pattern: "regex.Pattern[str]"
    accept: Accept | None = None
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A place `[start, end)` in a text, and what stands there instead."""

    start: int
    end: int
    mark: str


def luhn_holds(found: str) -> bool:
    """Whether the digits carry the check digit of a payment card, and are as many as cards have."""
    digits = [int(sign) for sign in found if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) if at % 2 else digit for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _phone_like(found: str) -> bool:
    return 8 <= sum(sign.isdigit() for sign in found) <= 15


BUILT_IN: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "email",
            regex.compile(r"[\w.%+\-]{1,64}@(?:[\w\-]{1,63}\.){1,8}\p{L}[\p{L}\d\-]{1,23}"),
            needs="@",
        ),
        Rule("card", regex.compile(r"(?<![\d\-])(?:\d[ \-]?){12,18}\d(?![\d\-])"), luhn_holds),
        Rule(
            "phone",
            regex.compile(
                # +49 30 1234567 · 0049 … · (030) 123-4567 · 555-123-4567 · 13912345678 · 8 (912) 345-67-89
                r"(?<![A-Za-z\d_\-/.])(?:(?:\+|00)\d[\d ().\-/]{6,20}\d"
                r"|8[ \-]?\(?\d{3}\)?[ \-]?\d{3}[ \-]?\d{2}[ \-]?\d{2}"
                r"|\(\d{2,5}\)[ \-]?\d{3,4}[ \-]?\d{3,6}"
                r"|0\d{1,4}[ \-/]\d{3,4}[ \-]?\d{3,6}"
                r"|\d{3}[ .\-]\d{3}[ .\-]\d{4}"
                r"|0\d{9,10}|1[3-9]\d{9})(?![A-Za-z\d_\-/])"
            ),
            _phone_like,
        ),
    )
}
"""In the order in which they are applied: a card is not taken for a phone."""


class Redactor:
    """Applies the rules of one workspace, in their order."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    def text(self, said: str) -> str:
        """Return the text with a mark for each find; the same object where there is none."""
        spans = self._spans(said)
        return _replaced(said, spans, [len(said)])[0] if spans else said

    def pieces(self, said: Sequence[str]) -> list[str]:
        """Return the parts of one text, redacted as a whole: what spans parts is marked where it begins."""
        whole = "".join(said)
        spans = self._spans(whole)
        if not spans:
            return list(said)
        ends: list[int] = []
        for part in said:
            ends.append((ends[-1] if ends else 0) + len(part))
        return _replaced(whole, spans, ends)

    def value(self, value: JsonValue) -> JsonValue:
        """Return the value with all its texts redacted, names of fields too; the same object if nothing was found."""
        match value:
            case str():
                return self.text(value)
            case bool() | None | float():
                return value
            case int():
                said = str(value)
                return value if abs(value) < LONG_NUMBER or (new := self.text(said)) == said else new
            case list() | tuple():
                items = [self.value(item) for item in value]
                return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
            case _:
                pairs = {self.text(name): item if name in IDS else self.value(item) for name, item in value.items()}
                is_same = all(name in value and pairs[name] is value[name] for name in pairs)
                return value if is_same else pairs

    def event(self, data: Mapping[str, object]) -> dict[str, object]:
        """Return the JSON fields of an event with what was said redacted; where in the run it was stays."""
        return {name: self.value(value) if name in CONTENT else value for name, value in data.items()}

    def _spans(self, said: str) -> list[Span]:
        """Return where something was found, in order and apart; a place belongs to the first rule that found it."""
        spans: list[Span] = []
        for rule in self._rules:
            try:
                found = [span for span in _found(rule, said) if _is_free(span, spans)]
            except TimeoutError:
                logger.warning("the redaction rule %r took too long on %d characters", rule.name, len(said))
                return [Span(0, len(said), TOO_SLOW)]
            if found:
                spans = sorted(spans + found, key=_start)
        return spans


def _start(span: Span) -> int:
    return span.start


def _found(rule: Rule, said: str) -> Iterator[Span]:
    """Yield what one rule finds; raises `TimeoutError`."""
    if rule.needs and rule.needs not in said:
        return
    for found in rule.pattern.finditer(said, timeout=RULE_TIMEOUT_S, concurrent=len(said) > CONCURRENT_CHARS):
        if found.end() > found.start() and (rule.accept is None or rule.accept(found.group())):
            yield Span(found.start(), found.end(), MARK.format(rule.name))


def _is_free(span: Span, taken: Sequence[Span]) -> bool:
    """Whether a place overlaps none of those that are taken, which are in order."""
    at = bisect_left(taken, span.end, key=_start)
    return at == 0 or taken[at - 1].end <= span.start


def _replaced(said: str, spans: Sequence[Span], ends: Sequence[int]) -> list[str]:
    """Return the parts of `said` that end at `ends`, each span's mark in the part where the span begins."""
    parts: list[str] = []
    at, next_ = 0, 0  # [0, at) is written · spans[next_:] are not
    for end in ends:
        out: list[str] = []
        while next_ < len(spans) and spans[next_].start < end:
            span = spans[next_]
            out += [said[at : span.start], span.mark]
            at, next_ = span.end, next_ + 1
        if at < end:
            out.append(said[at:end])
            at = end
        parts.append("".join(out))
    return parts
