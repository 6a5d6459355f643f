"""What a template may use up: every step and every value costs, and when nothing is left the template ends.

A thread cannot be stopped from outside, so a template stops itself. It cannot make a value that weighs more than
`MAX_WEIGHT`, every operation on values costs what they weigh, and every statement has its price.
"""

import time
from contextvars import ContextVar

from jinja2 import TemplateRuntimeError

MAX_FUEL = 4_000_000
STATEMENT, CALL = 10, 20
"""The prices of a statement and of a call, where that of looking at an element of a value is 1."""
MAX_WEIGHT = 200_000
MAX_OUTPUT_CHARS = 400_000
MAX_WRITTEN_CHARS = 4 * MAX_OUTPUT_CHARS
"""What is written into macros and captured blocks counts here too."""
MAX_SECONDS = 2.0
"""Processor time of the thread; a slow machine reaches it before the fuel is gone."""
_MAX_INTEGER_BITS = 4096
_CHARS_PER_UNIT = 64
_CLOCK_EVERY = 1024
_PLAIN = (str, list, tuple, dict, range)


class TemplateExhausted(TemplateRuntimeError):
    """A template did more, or made more, than it may."""


class Fuel:
    """What one rendering has left."""

    __slots__ = ("_deadline", "_left", "_next_look", "_written")

    def __init__(self) -> None:
        self._left = MAX_FUEL
        self._written = 0
        self._next_look = MAX_FUEL - _CLOCK_EVERY
        self._deadline = time.thread_time() + MAX_SECONDS

    def burn(self, units: int) -> None:
        """Use up `units`; raises `TemplateExhausted` when they are not there."""
        self._left -= units
        if self._left < 0:
            raise TemplateExhausted(f"it takes more than {MAX_FUEL} steps: loop less, or over less")
        if self._left < self._next_look:
            self._next_look = self._left - _CLOCK_EVERY
            if time.thread_time() > self._deadline:
                raise TemplateExhausted(f"it takes more than {MAX_SECONDS:g} s: loop less, or over less")

    def write(self, chars: int) -> None:
        """Count what is written; raises `TemplateExhausted`."""
        self._written += chars
        if self._written > MAX_WRITTEN_CHARS:
            raise TemplateExhausted(f"it writes more than {MAX_WRITTEN_CHARS} characters: loop less, or over less")


FUEL: ContextVar[Fuel] = ContextVar("fuel")


def burn(units: int) -> None:
    """Use up fuel of the rendering that is going on; while a template is compiled there is none to use."""
    fuel = FUEL.get(None)
    if fuel is not None:
        fuel.burn(units)


def charge(*values: object) -> None:
    """Pay for an operation on `values`."""
    burn(sum(map(weight, values)))


def paid(value: object) -> object:
    """Return a value that an operation made, once it is paid for."""
    burn(weight(value))
    return value


def check_chars(chars: int) -> None:
    """Refuse a text of this length before it is made; raises `TemplateExhausted`."""
    if chars > MAX_WEIGHT * _CHARS_PER_UNIT:
        raise TemplateExhausted(f"it makes a text of {chars} characters: make it shorter")


def weight(value: object) -> int:
    """Return what a value weighs with all that is in it, a shared part as often as it is there.

    Raises `TemplateExhausted` above `MAX_WEIGHT`. What only a loop can open (a generator) weighs nothing yet.
    """
    if not isinstance(value, _PLAIN):
        return _leaf(value)
    total = 0
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        match item:
            case str():
                total += 1 + len(item) // _CHARS_PER_UNIT
            case list() | tuple() | dict() | range():
                total += 1 + len(item)
                _check(total)
                if isinstance(item, dict):
                    pending.extend(item.values())
                if not isinstance(item, range):
                    pending.extend(item)
            case _:
                total += _leaf(item)
        _check(total)
    return total


def _leaf(value: object) -> int:
    if isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS:
        raise TemplateExhausted("it makes a number with more than a thousand digits")
    return 1


def _check(total: int) -> None:
    if total > MAX_WEIGHT:
        raise TemplateExhausted("it makes or reads a value that is too large: filter or cut it first")
