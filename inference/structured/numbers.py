"""Regular expressions of JSON's numbers: any of sensible length, or those between two limits."""

from fractions import Fraction
from math import ceil, floor, isfinite

from inference.structured.regex import Cat, Or, Regex, Times, chars, optional, text

_DIGIT = chars("09")
_MOST_DIGITS = 15  # a double holds as many exactly
_MOST_DECIMALS = 6

Limit = int | float | None


def any_number(*, whole: bool) -> Regex:
    integer = Cat((optional(text("-")), Or((text("0"), Cat((chars("19"), Times(_DIGIT, 0, _MOST_DIGITS - 1)))))))
    if whole:
        return integer
    fraction = Cat((text("."), Times(_DIGIT, 1, _MOST_DIGITS)))
    exponent = Cat((chars("e", "E"), optional(chars("+", "-")), Times(_DIGIT, 1, 2)))
    return Cat((integer, optional(fraction), optional(exponent)))


def integers_between(low: Limit, high: Limit, above: Limit, below: Limit) -> Regex | None:
    """Match the integers from `low` to `high`, above `above` and below `below`; None when there is none."""
    options = _between(_bounds(low, high, above, below, _MOST_DIGITS), decimals=0)
    return Or(tuple(options)) if options else None


def numbers_between(low: Limit, high: Limit, above: Limit, below: Limit) -> Regex | None:
    """Match the numbers in between that are written with few decimals; None when there is none."""
    bounds = _bounds(low, high, above, below, _MOST_DIGITS - _MOST_DECIMALS)
    options = [option for decimals in range(_MOST_DECIMALS + 1) for option in _between(bounds, decimals)]
    return Or(tuple(options)) if options else None


_Bounds = tuple[Fraction, Fraction, Fraction | None, Fraction | None]


def _bounds(low: Limit, high: Limit, above: Limit, below: Limit, digits: int) -> _Bounds:
    """Put limits where there are none, so that no number grows without end."""
    lowest, highest, over, under = (None if limit is None else _exact(limit) for limit in (low, high, above, below))
    span = Fraction(10**digits - 1)
    bottoms = [limit for limit in (lowest, over) if limit is not None]
    tops = [limit for limit in (highest, under) if limit is not None]
    bottom = lowest if lowest is not None else min([-span, *(top - span for top in tops)])
    top = highest if highest is not None else max([span, *(start + span for start in bottoms)])
    return bottom, top, over, under


def _exact(limit: float) -> Fraction:
    """Read a limit as it is written: 0.1 is a tenth."""
    if not isfinite(limit):
        raise ValueError(f"the limit {limit!r} is not finite")
    return Fraction(repr(limit))


def _between(bounds: _Bounds, decimals: int) -> list[Regex]:
    bottom, top, over, under = bounds
    scale = 10**decimals
    first, last = ceil(bottom * scale), floor(top * scale)
    if over is not None:
        first = max(first, floor(over * scale) + 1)
    if under is not None:
        last = min(last, ceil(under * scale) - 1)
    options: list[Regex] = []
    if last >= max(first, 0):
        options += _magnitudes(max(first, 0), last, decimals)
    if first < 0 and first <= last:
        options += [Cat((text("-"), part)) for part in _magnitudes(max(1, -last), -first, decimals)]
    return options


def _magnitudes(first: int, last: int, decimals: int) -> list[Regex]:
    """Match `first` to `last`, the decimal point `decimals` digits from the right: one option per number of digits."""
    options: list[Regex] = []
    shortest = decimals + 1
    size = max(shortest, len(str(first)))
    while first <= last:
        end = min(last, 10**size - 1)
        options.append(_same_shape(_pointed(first, size, decimals), _pointed(end, size, decimals)))
        first = end + 1
        size += 1
    return options


def _pointed(number: int, size: int, decimals: int) -> str:
    digits = str(number).zfill(size)
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def _same_shape(low: str, high: str) -> Regex:
    """Match the texts from `low` to `high`, of the same length and with the point at the same place."""
    at = next((i for i, (one, other) in enumerate(zip(low, high, strict=True)) if one != other), len(low))
    if at == len(low):
        return text(low)
    a, b = low[at], high[at]
    if not low[at + 1 :].strip("0.") and not high[at + 1 :].strip("9."):
        return Cat((text(low[:at]), chars(a + b), _anything(low[at + 1 :])))
    options: list[Regex] = [Cat((text(a), _from(low[at + 1 :]))), Cat((text(b), _up_to(high[at + 1 :])))]
    if int(b) - int(a) > 1:
        options.append(Cat((chars(f"{int(a) + 1}{int(b) - 1}"), _anything(low[at + 1 :]))))
    return Cat((text(low[:at]), Or(tuple(options))))


def _from(low: str) -> Regex:
    """Match what is at least `low`."""
    if not low.strip("0."):
        return _anything(low)
    options: list[Regex] = [text(low)]
    for at, digit in enumerate(low):
        if digit not in ".9":
            options.append(Cat((text(low[:at]), chars(f"{int(digit) + 1}9"), _anything(low[at + 1 :]))))
    return Or(tuple(options))


def _up_to(high: str) -> Regex:
    """Match what is at most `high`."""
    if not high.strip("9."):
        return _anything(high)
    options: list[Regex] = [text(high)]
    for at, digit in enumerate(high):
        if digit not in ".0":
            options.append(Cat((text(high[:at]), chars(f"0{int(digit) - 1}"), _anything(high[at + 1 :]))))
    return Or(tuple(options))


def _anything(shape: str) -> Regex:
    return Cat(tuple(text(".") if sign == "." else _DIGIT for sign in shape))
