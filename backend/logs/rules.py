"""Redaction rules as people write them: read, tried on texts that make bad ones slow, and made into a redactor."""

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict

import regex

from backend.common.errors import Invalid
from backend.runs.redaction import BUILT_IN, Redactor, Rule

MAX_OWN = 20
MAX_PATTERN_CHARS = 500
TRIAL_TIMEOUT_S = 0.1
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
TRIALS = (
    "a" * 20_000 + "!",
    "ab" * 10_000 + "!",
    "1" * 20_000 + "x",
    "1 " * 10_000 + "x",
    "a.b-" * 5_000 + "@",
    " " * 20_000 + "x",
    "word " * 4_000 + "\n",
)
"""Texts on which a pattern that repeats what repeats already never ends."""


class OwnRule(TypedDict):
    """A rule of the workspace's own."""

    name: str
    pattern: str


def own_rule_read(name: str, pattern: str, at: int = 0) -> Rule:
    """Return the rule; raises `Invalid` for a pattern that is none, finds everything or takes too long."""
    if not NAME.fullmatch(name) or name in BUILT_IN:
        raise _refused(at, "name", f"{name!r} must be 1 to 30 small letters, digits and hyphens, and no rule's already")
    if not pattern or len(pattern) > MAX_PATTERN_CHARS:
        raise _refused(at, "pattern", f"the pattern of {name!r} must have 1 to {MAX_PATTERN_CHARS} characters")
    try:
        compiled = regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise _refused(at, "pattern", f"{pattern!r} is no regular expression: {error}") from error
    try:
        if compiled.search("", timeout=TRIAL_TIMEOUT_S):
            raise _refused(at, "pattern", f"{pattern!r} also finds the empty text: say what there must be at least")
        for text in TRIALS:
            for _ in compiled.finditer(text, timeout=TRIAL_TIMEOUT_S):
                pass
    except TimeoutError as error:
        message = f"{pattern!r} takes too long on a text of 20,000 characters: repeat nothing that repeats itself"
        raise _refused(at, "pattern", message) from error
    return Rule(name, compiled)


def _refused(at: int, field: str, message: str) -> Invalid:
    return Invalid(message, fields={f"own.{at}.{field}": [message]})


def rules_check(built_in: Sequence[str], own: Sequence[OwnRule]) -> None:
    """Raise `Invalid` for the first rule that cannot be used."""
    if unknown := sorted(set(built_in) - set(BUILT_IN)):
        message = f"{', '.join(unknown)}: no such rule; there are {', '.join(BUILT_IN)}"
        raise Invalid(message, fields={"built_in": [message]})
    if len(own) > MAX_OWN:
        message = f"at most {MAX_OWN} own rules, not {len(own)}: join some with |"
        raise Invalid(message, fields={"own": [message]})
    names: set[str] = set()
    for at, rule in enumerate(own):
        own_rule_read(rule["name"], rule["pattern"], at)
        if rule["name"] in names:
            raise _refused(at, "name", f"several rules are named {rule['name']!r}: give each its own name")
        names.add(rule["name"])


def redactor_read(said: Mapping[str, object]) -> Redactor | None:
    """Return what applies the stored rules, which were checked; None where there are none."""
    chosen = said.get("built_in") or []
    own = said.get("own") or []
    assert isinstance(chosen, list) and isinstance(own, list)
    rules = [rule for name, rule in BUILT_IN.items() if name in chosen]
    rules += [Rule(item["name"], regex.compile(item["pattern"])) for item in own]
    return Redactor(rules) if rules else None
